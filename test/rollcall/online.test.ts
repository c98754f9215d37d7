import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { recordedObjects } from '../support/recorded.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-online-'));
const configText = join(folder, 'hosts.yml');
let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('backups');
  for (const name of ['full-rsa3072.json', 'full-many-volumes.json']) {
    for (const { key, bytes, modifiedAt } of recordedObjects(name)) {
      aws.put('backups', key, { bytes }, { modified: modifiedAt });
    }
  }
  writeFileSync(
    configText,
    'bucket: backups\nregion: eu-west-1\nhosts: { web-01: {}, web-16: {} }\n',
  );
});
afterEach(() => aws.faults.clear());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

async function check(args: readonly string[] = [], env: Record<string, string> = {}) {
  const on = ['--hosts', configText, '--at', '2026-11-23T12:00:00Z'];
  const ran = await runRollcall(aws, ['check', ...on, ...args], env);
  return { ...ran, stdout: ran.stdout.replace(/\s+/g, ' ') };
}

describe('rollcall check, online', () => {
  it('judges what was in the bucket, for one listing a host and one for unknown prefixes', async () => {
    aws.requests.clear();
    const { status, stdout } = await check();
    expect([status, stdout]).toEqual([0, expect.stringContaining('2 of 2 hosts ok')]);
    expect(aws.requests.counts().byOperation).toEqual({
      ListObjectsV2: 1,
      ListObjectVersions: 2,
    });
  });

  it('says of an address that is none what to correct, and not to run it again', async () => {
    const { status, stdout } = await check(['--endpoint-url', '127.0.0.1:9000']);
    expect([status, stdout]).toEqual([3, expect.stringContaining('correct --endpoint-url')]);
    expect(stdout).not.toContain('run it again');
  });

  it('reads the store of the endpoint in the config, whose stack no other command looks for', async () => {
    const file = join(folder, 'store.yml');
    const text = `bucket: backups\nregion: eu-west-1\nendpoint: ${aws.endpoint}\nhosts: { web-01: {}, web-16: {} }\n`;
    writeFileSync(file, text);
    const env = { AWS_ENDPOINT_URL: '' };
    const at = ['--at', '2026-11-23T12:00:00Z'];
    const ran = await runRollcall(aws, ['check', '--hosts', file, ...at], env);
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('2 of 2 hosts ok') });
    // What is asked for at the command line goes before the config.
    writeFileSync(file, text.replace(aws.endpoint, 'http://127.0.0.1:1'));
    const asked = ['--endpoint-url', aws.endpoint];
    const there = await runRollcall(aws, ['check', '--hosts', file, ...at, ...asked], env);
    expect(there.status).toBe(0);
    aws.requests.clear();
    for (const command of [['doctor'], ['status'], ['add-host', 'x']]) {
      const { status, stderr } = await runRollcall(aws, [...command, '--hosts', file]);
      expect([status, stderr]).toEqual([
        3,
        expect.stringMatching(/has an endpoint .*\n.*this store: rollcall check/),
      ]);
    }
    expect(aws.requests.counts().byOperation).toEqual({});
  });

  it('reads everything with --deep', async () => {
    const { status, stdout } = await check(['--deep', '--format', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).hosts[1].answer.volumes).toBe(62);
  });

  it.each([
    [
      'a missing bucket',
      { error: 'NoSuchBucket' },
      'there is no bucket backups: correct "bucket" or "target" in hosts.yml',
    ],
    [
      'a wrong region',
      { redirectTo: 'us-west-2' },
      'another region: set "region: us-west-2" in hosts.yml',
    ],
    [
      'a wrong secret',
      { error: 'SignatureDoesNotMatch' },
      'these credentials are not valid: renew them',
    ],
    ['a wrong key', { error: 'InvalidAccessKeyId' }, 'these credentials are not valid: renew them'],
    [
      'too few rights',
      { error: 'AccessDenied' },
      'allow s3:ListBucket on backups to these credentials, or choose others with AWS_PROFILE',
    ],
    ['a wrong clock', { error: 'RequestTimeTooSkewed' }, 'the clock of this machine is wrong'],
  ])('reports which and what to do for %s, and exits 3', async (_, fault, words) => {
    aws.faults.add({ service: 's3', fault });
    const { status, stdout } = await check();
    expect(status).toBe(3);
    expect(stdout).toContain(words);
    expect(stdout).toContain('0 of 2 hosts ok');
  });

  it('names the region with which the same command works', async () => {
    const elsewhere = join(folder, 'elsewhere.yml');
    const inRegion = (region: string) =>
      writeFileSync(
        elsewhere,
        `bucket: backups\nregion: ${region}\nhosts: { web-01: {}, web-16: {} }\n`,
      );
    const judge = () =>
      runRollcall(aws, ['check', '--hosts', elsewhere, '--at', '2026-11-23T12:00:00Z']);
    inRegion('us-west-2');
    const wrong = await judge();
    expect(wrong.status).toBe(3);
    const [, named = ''] =
      /backups is in another region: set "region: (\S+)" in hosts.yml/.exec(
        wrong.stdout.replace(/\s+/g, ' '),
      ) ?? [];
    inRegion(named);
    expect((await judge()).status).toBe(0);
  });

  it('reports when there are no credentials at all', async () => {
    const { status, stdout, stderr } = await check([], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    });
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('no AWS credentials: Could not load credentials');
    expect(stderr).toContain('set AWS_PROFILE');
  });

  it('warns when it may read every target, but not look for unknown prefixes', async () => {
    aws.faults.add({ service: 's3', nth: 3, fault: { error: 'AccessDenied' } });
    const { status, stdout } = await check();
    expect(status).toBe(1);
    expect(stdout).toContain('could not look for unknown hosts');
  });
});
