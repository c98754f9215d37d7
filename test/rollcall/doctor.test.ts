import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../shared/doctor/audit.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-doctor-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;

const run = (...args: string[]) => runRollcall(aws, ['doctor', '--hosts', hosts, ...args]);
const audit = async () =>
  JSON.parse((await run('--format', 'json')).stdout) as {
    version: number;
    checks: Check[];
    summary: Record<string, number>;
  };
const find = (checks: readonly Check[], name: string) => checks.find(({ check }) => check === name);

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('acme-backups', { versioning: true });
  writeFileSync(
    hosts,
    'bucket: acme-backups\nregion: eu-west-1\nkeepDays: 30\nalerts: { from: b@example.net, mail: [o@example.net], sms: ["+31600000000"] }\nhosts: { web: {} }\n',
  );
});
beforeEach(() => aws.faults.clear());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall doctor', () => {
  it('reports the state of each check, and never takes what it could not read for ok', async () => {
    aws.setIdentity('b@example.net', 'Success');
    const { checks, version, summary } = await audit();
    expect(version).toBe(1);
    expect(Object.values(summary).reduce((sum, count) => sum + count)).toBe(checks.length);
    expect(find(checks, 'bucket')).toEqual({
      check: 'bucket',
      status: 'ok',
      says: 'acme-backups is in eu-west-1',
    });
    expect(find(checks, 'versioning')?.status).toBe('ok');
    expect(find(checks, 'mail')?.status).toBe('ok');
    expect(find(checks, 'host users')).toMatchObject({
      status: 'fail',
      fix: `npx rollcall add-host web --hosts ${hosts}`,
    });
    expect(find(checks, 'stack')).toMatchObject({
      status: 'fail',
      says: 'there is no stack rollcall-prod in eu-west-1: nobody watches. Another: --stack NAME',
    });
    // Without the stack nobody knows what these are called.
    for (const name of ['bucket policy', 'alerts topic', 'ops topic', 'alarms', 'last run']) {
      expect(find(checks, name)?.status).toBe('unknown');
    }
    for (const one of checks.filter(({ status }) => status !== 'ok'))
      expect(one).toHaveProperty('fix', expect.stringMatching(/./));
  });

  it('could look at everything that can be found without the stack', async () => {
    const { checks } = await audit();
    const unknown = checks.filter(({ status }) => status === 'unknown');
    for (const { check, says } of unknown)
      expect(says, check).toBe('without the stack nobody knows its name');
  });

  it('has each of its checks in the changelog, by the name that it prints', async () => {
    const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
    for (const { check } of (await audit()).checks) expect(changelog).toContain(`\`${check}\``);
  });

  it('ends with 2 for what fails, and shows what to do', async () => {
    const { status, stdout } = await run();
    expect(status).toBe(2);
    expect(stdout).toMatch(
      /^FAIL +host users +web is in the config and has no IAM user: it cannot write\n +do now: npx rollcall add-host web --hosts \S+$/m,
    );
    expect(stdout).toMatch(
      /\d+ of \d+ checks ok, \d+ failed, \d+ warnings?, \d+ could not be looked at\n$/,
    );
  });

  it('fails for a config that notifies nobody, unless it says so', async () => {
    const file = join(folder, 'nobody.yml');
    const recipients = async (alerts: string) => {
      writeFileSync(file, `bucket: acme-backups\nregion: eu-west-1\n${alerts}hosts: { web: {} }\n`);
      const { stdout, status } = await run('--hosts', file, '--format', 'json');
      return [find(JSON.parse(stdout).checks, 'recipients')?.status, status];
    };
    expect(await recipients('')).toEqual(['fail', 2]);
    expect((await recipients('alerts: none\n'))[0]).toBe('ok');
  });

  it('sees the sandboxes', async () => {
    aws.ses.sandbox = true;
    aws.sms.sandbox = true;
    const { checks } = await audit();
    expect(find(checks, 'mail')?.says).toContain('SES sandbox');
    expect(find(checks, 'sms')?.says).toContain('SMS sandbox');
    aws.ses.sandbox = false;
    aws.sms.sandbox = false;
  });

  it('sees an address whose mail SES drops', async () => {
    aws.setIdentity('example.net', 'Success');
    aws.ses.suppressed.add('o@example.net');
    const { checks } = await audit();
    expect(find(checks, 'mail')).toMatchObject({ status: 'fail', silent: ['o@example.net'] });
    aws.ses.suppressed.clear();
  });

  it('reports that it may not look', async () => {
    aws.faults.add({ operation: 'GetBucketVersioning', fault: { error: 'AccessDenied' } });
    const { checks } = await audit();
    expect(find(checks, 'versioning')).toEqual({
      check: 'versioning',
      status: 'unknown',
      says: 'could not read the versioning of acme-backups: AccessDenied (403)',
      fix: 'allow s3:GetBucketVersioning to these credentials, or choose others with AWS_PROFILE',
    });
  });

  it('ends with 3 when it can see nothing at all', async () => {
    aws.faults.add({ fault: { error: 'AccessDenied' } });
    const { status, stdout } = await run();
    expect([status, stdout]).toEqual([3, expect.stringContaining('0 of 20 checks ok, 0 failed')]);
  });

  it('prints the command that writes the id of a host, and finds nothing wrong after it', async () => {
    const before = readFileSync(hosts, 'utf8');
    aws.iam.groups.set('acme-backups-hosts', { path: '/backup-hosts/', policies: new Map() });
    const rollcall = (...words: string[]) => runRollcall(aws, [...words, '--hosts', hosts]);
    await rollcall('add-host', 'web', '--credentials-file', join(folder, 'web.aws'));
    const withId = readFileSync(hosts, 'utf8');
    writeFileSync(hosts, before);
    const check = find((await audit()).checks, 'host users');
    expect(check).toMatchObject({
      status: 'warn',
      says: expect.stringContaining('no userId for web'),
    });
    const [, , ...words] = (check !== undefined && 'fix' in check ? check.fix : '').split(' ');
    expect((await runRollcall(aws, words)).status).toBe(0);
    expect(readFileSync(hosts, 'utf8')).toContain(`userId: ${aws.iam.users.get('web')?.id}`);
    expect(withId).toContain(`userId: ${aws.iam.users.get('web')?.id}`);
    expect(find((await audit()).checks, 'host users')?.status).toBe('ok');
    writeFileSync(hosts, before);
  });

  it('refuses a format that it does not know', async () => {
    const { status, stderr } = await run('--format', 'nagios');
    expect([status, stderr]).toEqual([3, expect.stringContaining('write one of table, json')]);
  });
});
