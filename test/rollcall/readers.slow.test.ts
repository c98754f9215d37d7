// `rollcall add-reader` and `remove-reader`, against the users of a local IAM.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { rollcallLine, runAtTerminal } from './at-terminal.ts';
import { environmentOf, runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-readers-'));
const hosts = join(folder, 'hosts.yml');
const secrets = join(folder, 'desk.aws');
const config = `bucket: acme-backups
region: eu-west-1
hosts: { web: {}, db: {}, nas: { target: s3://acme-offsite/office/nas/ } }
`;
let aws: LocalAws;

const run = (...args: string[]) => runRollcall(aws, [...args, '--hosts', hosts]);
const add = (...more: string[]) =>
  run('add-reader', 'desk', '--host', 'web', '--credentials-file', secrets, ...more);
const desk = () => aws.iam.users.get('desk');
const keys = () => [...(desk()?.keys.values() ?? [])];
const policy = () => JSON.parse(desk()?.inline.get('read-backups') ?? '{}');
const changes = () =>
  Object.keys(aws.requests.counts().byOperation).filter((name) =>
    /^(Create|Delete|Add|Remove|Put|Attach|Detach|Update|Deactivate)/.test(name),
  );

beforeAll(async () => {
  aws = await startLocalAws();
});
beforeEach(() => {
  writeFileSync(hosts, config);
  rmSync(secrets, { force: true });
  aws.iam.users.clear();
  aws.faults.clear();
  aws.requests.clear();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall add-reader', () => {
  it('makes a user of no group, with one policy, and writes its key where it was told to', async () => {
    const { status, stdout, stderr } = await add('--host', 'nas');
    expect([status, stderr]).toEqual([0, '']);
    expect(desk()).toMatchObject({ path: '/backup-readers/', groups: new Set() });
    expect([...(desk()?.inline.keys() ?? [])]).toEqual(['read-backups']);
    expect(JSON.stringify(policy())).toContain('arn:aws:s3:::acme-backups/web/*');
    expect(JSON.stringify(policy())).toContain('arn:aws:s3:::acme-offsite/office/nas/*');
    expect(JSON.stringify(policy())).not.toMatch(/Put|Delete|db/);
    const [key] = keys();
    expect(readFileSync(secrets, 'utf8')).toBe(
      `[default]\naws_access_key_id = ${key?.id}\naws_secret_access_key = ${key?.secret}\n`,
    );
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    const at = `--endpoint-url ${aws.endpoint}`;
    expect(stdout).toContain(
      `restore-add-host web --bucket acme-backups --region eu-west-1 ${at} --key web.key --credentials ${secrets}`,
    );
    expect(stdout).toContain(
      'restore-add-host nas --bucket acme-offsite --region eu-west-1 --prefix office/nas',
    );
    expect(stdout + stderr).not.toContain(key?.secret);
    expect(readFileSync(hosts, 'utf8')).toBe(config);
  });

  it('does nothing a second time, and changes the policy when the hosts change', async () => {
    await add();
    aws.requests.clear();
    rmSync(secrets);
    const again = await add();
    expect([again.status, changes()]).toEqual([0, []]);
    expect(again.stdout).toContain('whose secret nobody can show again');
    const other = await run('add-reader', 'desk', '--host', 'db');
    expect([other.status, changes()]).toEqual([0, ['PutUserPolicy']]);
    expect(other.stdout).toContain('change what it may do');
    expect(JSON.stringify(policy())).not.toContain('web');
    expect(keys()).toHaveLength(1);
  });

  it('makes a second key with --rotate, and refuses a third', async () => {
    await add();
    rmSync(secrets);
    const { status, stdout } = await add('--rotate');
    expect([status, keys().length]).toEqual([0, 2]);
    expect(stdout).toContain(`--access-key-id ${keys()[0]?.id}`);
    rmSync(secrets);
    const third = await add('--rotate');
    expect([third.status, keys().length]).toEqual([3, 2]);
    expect(third.stderr).toContain('IAM allows no third');
  });

  it('changes nothing with --dry-run', async () => {
    const { status, stdout } = await add('--dry-run', '--expires', '2099-12-31', '--require-mfa');
    expect([status, changes()]).toEqual([0, []]);
    expect(stdout).toContain('make the IAM user /backup-readers/desk');
    expect(stdout).toContain(
      'read s3://acme-backups/web/ until the end of 2099-12-31 (UTC) with a second factor, and nothing else',
    );
    expect(() => statSync(secrets)).toThrow();
  });

  it('makes a key for receipts alone, which reads nothing', async () => {
    const made = await add('--only-drills', '--ledger', 'the-ledger');
    expect(made.stdout).toContain('leave receipts of drills of web, and nothing else');
    expect(made.stdout).toContain('restore-drill: --ledger-credentials');
    expect(made.stdout).not.toContain('restore-add-host');
  });

  it('holds to its terms: a last day, a second factor, receipts of drills', async () => {
    await add('--expires', '2099-12-31', '--require-mfa', '--drills', '--ledger', 'the-ledger');
    for (const statement of policy().Statement) {
      expect(statement.Condition).toMatchObject({
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
        DateLessThan: { 'aws:CurrentTime': '2100-01-01T00:00:00Z' },
      });
    }
    expect(policy().Statement.at(-1)).toMatchObject({
      Action: 's3:PutObject',
      Resource: ['arn:aws:s3:::the-ledger/drills/web/*'],
    });
  });

  it('says where the backups of other hosts lie below a target that it may read', async () => {
    const inside = 'mysql: { target: s3://acme-backups/web/mysql/ }';
    writeFileSync(
      hosts,
      `bucket: acme-backups\nregion: eu-west-1\nhosts: { web: {}, ${inside} }\n`,
    );
    expect((await add('--dry-run')).stdout).toContain(
      'in s3://acme-backups/web/ other hosts write too: their backups it may read as well',
    );
  });

  it('writes the ARNs of the partition that the region is in', async () => {
    writeFileSync(hosts, config.replace('eu-west-1', 'cn-north-1'));
    await add();
    expect(JSON.stringify(policy())).toContain('arn:aws-cn:s3:::acme-backups');
  });

  it('leaves no key behind that it could not hand over, and no file without a key', async () => {
    writeFileSync(secrets, 'precious');
    const there = await add();
    expect([there.status, changes()]).toEqual([3, []]);
    expect(readFileSync(secrets, 'utf8')).toBe('precious');
    rmSync(secrets);
    for (const operation of ['CreateUser', 'PutUserPolicy', 'CreateAccessKey']) {
      const standing = aws.faults.add({
        service: 'iam',
        operation,
        fault: { error: 'AccessDenied' },
      });
      const { status, stderr } = await add();
      standing.remove();
      expect([status, keys().length]).toEqual([3, 0]);
      expect(stderr).toContain(`allow iam:${operation}`);
      expect(() => statSync(secrets)).toThrow();
    }
    expect((await add()).status).toBe(0);
  });

  it.each([
    [['add-reader', 'desk'], 'whose backups may it read?'],
    [['add-reader', '--host', 'web'], 'no host was named'],
    [['add-reader', 'desk', '--host', 'wbe'], 'did you mean web?'],
    [['add-reader', 'Web', '--host', 'web'], 'is a host in the config'],
    [['add-reader', 'a b', '--host', 'web'], 'cannot be the name of an IAM user'],
    [['add-reader', 'desk', '--host', 'web', '--expires', '2026-02-30'], 'is not a day'],
    [['add-reader', 'desk', '--host', 'web', '--expires', '2020-01-01'], 'is past'],
    [['add-reader', 'desk', '--host', 'web', '--expires', '30'], 'is not a day'],
    [['add-reader', 'desk', '--host', 'web'], 'a secret must not go into a pipe'],
  ])('refuses %j with a hint', async (args, words) => {
    const { status, stderr } = await run(...args);
    expect([status, changes()]).toEqual([3, []]);
    expect(stderr).toContain(words);
    expect(stderr).toContain('rollcall: hint: ');
  });

  it('refuses a user that is no reader, and one that may do more', async () => {
    const some = {
      keys: new Map(),
      inline: new Map(),
      attached: new Set<string>(),
      mfa: new Set<string>(),
    };
    const set = (path: string, groups: string[]) =>
      aws.iam.users.set('desk', {
        ...some,
        id: 'AIDADESK',
        name: 'desk',
        path,
        groups: new Set(groups),
      });
    set('/', []);
    expect((await add()).stderr).toContain('it is no reader: its path is /');
    set('/backup-readers/', ['acme-backups-hosts']);
    expect((await add()).stderr).toContain('has more than a reader needs: acme-backups-hosts');
    expect(changes()).toEqual([]);
  });

  it('refuses a prefix that a policy takes for more than one place', async () => {
    writeFileSync(hosts, config.replace('office/nas', 'office/*'));
    const { status, stderr } = await run('add-reader', 'desk', '--host', 'nas');
    expect([status, changes()]).toEqual([3, []]);
    expect(stderr).toContain('s3://acme-offsite/office/*/ has a * ? or $ in it');
  });

  it('refuses more hosts than a policy of IAM holds', async () => {
    const many = Array.from({ length: 40 }, (_, index) => `host-number-${index}`);
    writeFileSync(
      hosts,
      `bucket: acme-backups\nregion: eu-west-1\nhosts: { ${many.map((one) => `${one}: {}`).join(', ')} }\n`,
    );
    const { status, stderr } = await run(
      'add-reader',
      'desk',
      ...many.flatMap((one) => ['--host', one]),
    );
    expect([status, changes()]).toEqual([3, []]);
    expect(stderr).toContain('make several readers');
  });
});

describe('rollcall remove-reader', () => {
  it('takes its keys first, then its second factor and the rest', async () => {
    await add();
    desk()?.mfa.add('arn:aws:iam::123456789012:mfa/desk');
    aws.requests.clear();
    const { status, stdout } = await run('remove-reader', 'desk', '--yes');
    expect(status).toBe(0);
    expect(stdout).toContain('desk is removed');
    expect(desk()).toBeUndefined();
    expect(changes()).toEqual([
      'DeleteAccessKey',
      'DeleteUserPolicy',
      'DeactivateMFADevice',
      'DeleteUser',
    ]);
    const again = await run('remove-reader', 'desk', '--yes');
    expect([again.status, again.stdout]).toEqual([0, 'there is no IAM user desk: nothing to do\n']);
  });

  it('changes nothing with --dry-run, where nobody can be asked, and for what is no reader', async () => {
    await add();
    aws.requests.clear();
    const dry = await run('remove-reader', 'desk', '--dry-run');
    expect([dry.status, dry.stdout]).toEqual([0, expect.stringContaining('would delete its key')]);
    expect((await run('remove-reader', 'desk')).stderr).toContain('nobody can be asked here');
    const [one] = [...aws.iam.users.values()];
    if (one !== undefined)
      aws.iam.users.set('web', { ...one, name: 'web', path: '/backup-hosts/' });
    expect((await run('remove-reader', 'web', '--yes')).stderr).toContain('is no reader');
    expect(changes()).toEqual([]);
  });

  it.each([
    ['its name', 'desk\n', 0, 'desk is removed'],
    ['another name', 'dsk\n', 3, 'nothing was removed'],
    ['Ctrl-D', '\u0004', 3, 'nothing was removed'],
    ['Ctrl-C', '\u0003', 130, 'Type desk to go on: '],
  ])('asks at a terminal, and is answered by %s', async (_, keys, expected, words) => {
    await add();
    const { screen, status } = await runAtTerminal(
      rollcallLine(['remove-reader', 'desk', '--hosts', hosts]),
      (seen) => (seen.endsWith('Type desk to go on: ') ? keys : undefined),
      environmentOf(aws),
    );
    expect([status, screen]).toEqual([expected, expect.stringContaining(words)]);
    expect(screen).not.toContain('    at ');
    expect(desk() === undefined).toBe(expected === 0);
  });
});
