import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { environmentOf, runRollcall, script, startAlone } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-hosts-'));
const hosts = join(folder, 'hosts.yml');
const secrets = join(folder, 'web.aws');
const config = `bucket: acme-backups   # ours
region: eu-west-1
hosts:
  mail: {}   # the oldest
  nas: { target: s3://other/nas/ }
`;
let aws: LocalAws;

const run = (...args: string[]) => runRollcall(aws, [...args, '--hosts', hosts]);
const configNow = () => readFileSync(hosts, 'utf8');
const keysOf = (name: string) => [...(aws.iam.users.get(name)?.keys.values() ?? [])];
const calls = () => Object.keys(aws.requests.counts().byOperation);
const changes = () =>
  calls().filter((name) => /^(Create|Delete|Add|Remove|Put|Attach|Detach|Update)/.test(name));

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('acme-backups', { versioning: true });
});
beforeEach(() => {
  writeFileSync(hosts, config);
  rmSync(secrets, { force: true });
  aws.iam.users.clear();
  aws.iam.groups.set('acme-backups-hosts', { path: '/backup-hosts/', policies: new Map() });
  aws.faults.clear();
  aws.requests.clear();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

/** What `ps` would have shown, from time to time. */
function watchProcesses() {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // It has ended.
      }
    }
  }, 10);
  return {
    end: () => {
      clearInterval(timer);
      return [...seen].join('\n');
    },
  };
}

describe('rollcall add-host', () => {
  const add = (...more: string[]) => run('add-host', 'web', '--credentials-file', secrets, ...more);

  it('puts the host in the config and into the group, and writes its key where it was told to', async () => {
    const { status, stdout, stderr } = await add();
    expect([status, stderr]).toEqual([0, '']);
    expect(configNow()).toBe(
      config.replace(
        'nas/ }\n',
        `nas/ }\n  web: { since: ${/since: ([\d-]+)/.exec(configNow())?.[1]}, userId: ${aws.iam.users.get('web')?.id} }\n`,
      ),
    );
    expect(aws.iam.users.get('web')).toMatchObject({
      path: '/backup-hosts/',
      groups: new Set(['acme-backups-hosts']),
    });
    const [key] = keysOf('web');
    expect(readFileSync(secrets, 'utf8')).toBe(
      `[default]\naws_access_key_id = ${key?.id}\naws_secret_access_key = ${key?.secret}\n`,
    );
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    expect(stdout).toContain(
      `cat ${secrets} web-key/web.pub.asc | ssh web sudo rollcall-backup-setup --id web --bucket acme-backups --region eu-west-1`,
    );
    expect(stdout).toContain('npx serverless deploy');
  });

  it('owes its first backup in the next window that opens', async () => {
    await add();
    const web = parseConfig(configNow(), 'hosts.yml').hosts.at(-1);
    const days = (Date.parse(`${web?.since}T00:00Z`) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(0);
    expect(days).toBeLessThanOrEqual(1);
  });

  it.each([
    [['we b'], '"we b" cannot be a host\'s name: use letters'],
    [['MAIL'], 'MAIL and mail (line 4) are one name for IAM'],
    [['web', '--target', 'other/web'], 'hosts.web.target is "other/web", but must be s3://'],
    [['web', '--since', '2026-02-30'], 'hosts.web.since is "2026-02-30", but must be a date'],
  ])('says of %j what is wrong with it, and no line that is in no file', async (words, why) => {
    const { status, stderr } = await run('add-host', ...words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(`error: ${why}`)]);
    expect(stderr).toMatch(/hint: name it otherwise; \S+ is as it was\n$/);
    expect([configNow(), changes()]).toEqual([config, []]);
  });

  it('finishes what it has begun at Ctrl-C: no empty file of a key, and no key that nobody has', async () => {
    aws.faults.add({ operation: 'CreateAccessKey', fault: { latencyMs: 700 } });
    const words = ['add-host', 'web', '--credentials-file', secrets, '--hosts', hosts];
    const child = spawn(process.execPath, [script, ...words], { env: environmentOf(aws) });
    const ended = once(child, 'close');
    await expect.poll(() => calls(), { timeout: 10_000 }).toContain('CreateAccessKey');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(readFileSync(secrets, 'utf8')).toContain(keysOf('web')[0]?.secret);
    expect(keysOf('web')).toHaveLength(1);
  });

  it('shows the secret in no other place', async () => {
    const seen = watchProcesses();
    const words = ['add-host', 'web', '--credentials-file', secrets, '--hosts', hosts];
    const started = [...words, '--endpoint-url', aws.endpoint];
    const { stdout, stderr } = await runRollcall(aws, started, {}, startAlone);
    const processes = seen.end();
    const secret = keysOf('web')[0]?.secret ?? '';
    expect(secret).not.toBe('');
    expect(stdout + stderr).not.toContain(secret);
    expect(processes).toContain('add-host');
    expect(processes).not.toContain(secret);
    const holding = readdirSync(folder).filter((name) =>
      readFileSync(join(folder, name), 'utf8').includes(secret),
    );
    expect(holding).toEqual(['web.aws']);
    expect(JSON.stringify(aws.requests)).not.toContain(secret);
  });

  it('changes nothing when git would track the file of the key', async () => {
    const tree = join(folder, 'tree');
    spawnSync('git', ['init', '-q', tree]);
    const file = join(tree, 'key-of-web');
    const { status, stderr } = await run('add-host', 'web', '--credentials-file', file);
    expect([status, stderr]).toEqual([3, expect.stringContaining(`git would track ${file}`)]);
    expect([configNow(), changes()]).toEqual([config, []]);
    rmSync(tree, { recursive: true });
  });

  it('makes no key when it would have to show it to something that is no terminal', async () => {
    const { status, stderr } = await run('add-host', 'web');
    expect([status, stderr]).toEqual([3, expect.stringContaining('--credentials-file FILE')]);
    expect([configNow(), changes()]).toEqual([config, []]);
  });

  it('does nothing a second time, and says what is there', async () => {
    await add();
    const before = configNow();
    const [key] = keysOf('web');
    aws.requests.clear();
    const { status, stdout } = await run('add-host', 'web');
    expect([status, configNow(), changes()]).toEqual([0, before, []]);
    expect(stdout).toContain(key?.id);
    expect(stdout).toContain('--rotate');
  });

  it('makes a second key with --rotate, keeps the first, and says how to end it', async () => {
    await add();
    const [old] = keysOf('web');
    rmSync(secrets);
    const { stdout } = await add('--rotate');
    expect(keysOf('web')).toHaveLength(2);
    expect(stdout).toContain(
      `aws iam delete-access-key --user-name web --access-key-id ${old?.id}`,
    );
    rmSync(secrets);
    const third = await add('--rotate');
    expect([third.status, third.stderr]).toEqual([
      3,
      expect.stringContaining('IAM allows no third'),
    ]);
    expect(keysOf('web')).toHaveLength(2);
  });

  it('changes nothing with --dry-run, and says what it would do', async () => {
    const { status, stdout } = await run('add-host', 'web', '--dry-run');
    expect([status, configNow(), changes()]).toEqual([0, config, []]);
    expect(stdout).toContain('+   web: { since: ');
    expect(stdout).toContain('make the IAM user /backup-hosts/web');
  });

  it('does what is left after half of it', async () => {
    aws.faults.add({
      service: 'iam',
      operation: 'CreateAccessKey',
      fault: { error: 'AccessDenied' },
    });
    const first = await add();
    expect([first.status, first.stderr]).toEqual([
      3,
      expect.stringContaining('allow iam:CreateAccessKey'),
    ]);
    expect(readdirSync(folder)).toEqual(['hosts.yml']);
    aws.faults.clear();
    expect((await add()).status).toBe(0);
    expect(keysOf('web')).toHaveLength(1);
  });

  it.each([
    ['the stack is not deployed', () => void aws.iam.groups.clear(), 'npx serverless deploy'],
    ['the file is there already', () => writeFileSync(secrets, 'precious'), 'is there already'],
    [
      'somebody else has the name',
      () =>
        void aws.iam.users.set('web', {
          id: 'AIDAIOSFODNN7EXAMPLE2',
          name: 'web',
          path: '/',
          groups: new Set(),
          keys: new Map(),
          inline: new Map(),
          attached: new Set(),
          mfa: new Set(),
        }),
      'it is no host',
    ],
  ])('changes nothing when %s', async (_, prepare, words) => {
    prepare();
    const { status, stderr } = await add();
    expect([status, stderr]).toEqual([3, expect.stringContaining(words)]);
    expect(stderr).toContain('rollcall: hint: ');
    expect([configNow(), changes()]).toEqual([config, []]);
  });

  it.each([
    [['db', '--no-iam'], 'as asked by --no-iam'],
    [['de/web'], 'a slash in its name'],
    [['db', '--target', 's3://third/db/'], 'another bucket, third'],
    [['db', '--target', 's3://acme-backups/office/db/'], 'not to its own name'],
  ])('makes no user for %j, and says why', async (words, why) => {
    const { status, stdout } = await run('add-host', ...words);
    expect([status, calls()]).toEqual([0, []]);
    expect(stdout).toContain(why);
    // It is run there: what address the host has, its name may not say.
    expect(stdout).toContain(
      `Run this on ${words[0]}, as root:\n\n  rollcall-backup-setup --id ${words[0]} `,
    );
    expect(stdout).not.toContain('ssh');
    expect(parseConfig(configNow(), 'hosts.yml').hosts).toHaveLength(3);
  });

  const idNow = () =>
    parseConfig(configNow(), 'hosts.yml').hosts.find(({ name }) => name === 'web')?.userId;

  it('writes the id of a host that was added without one, and the new id of a user that was made again', async () => {
    await add();
    const full = configNow();
    writeFileSync(hosts, full.replace(/, userId: \w+/, ''));
    aws.requests.clear();
    const dry = await run('add-host', 'web', '--dry-run');
    expect([dry.stdout, idNow()]).toEqual([expect.stringContaining('userId: AIDA'), undefined]);
    const { status, stdout } = await run('add-host', 'web');
    expect([status, configNow(), changes()]).toEqual([0, full, []]);
    expect(stdout).toContain('npx serverless deploy');

    const old = idNow();
    aws.iam.users.clear();
    rmSync(secrets);
    await add();
    expect(idNow()).toBe(aws.iam.users.get('web')?.id);
    expect(idNow()).not.toBe(old);
    rmSync(secrets);
    const before = configNow();
    await add('--rotate');
    expect(configNow()).toBe(before);
  });

  it('prints what to write where the line of a host cannot be edited, and does all else', async () => {
    const alias = 'bucket: acme-backups\nhosts:\n  mail: &all {}\n  web: *all\n';
    writeFileSync(hosts, alias);
    const { status, stdout } = await add();
    expect([status, configNow(), keysOf('web').length]).toEqual([0, alias, 1]);
    expect(stdout).toContain(`write at web:  userId: ${aws.iam.users.get('web')?.id}`);
  });

  it('refuses a host of another stack in the account, and names both buckets and ways out', async () => {
    aws.iam.groups.set('other-bucket-hosts', { path: '/backup-hosts/', policies: new Map() });
    await add();
    const web = aws.iam.users.get('web');
    web?.groups.clear();
    web?.groups.add('other-bucket-hosts');
    writeFileSync(hosts, config);
    aws.requests.clear();
    rmSync(secrets);
    const { status, stderr } = await add();
    expect([status, configNow(), changes()]).toEqual([3, config, []]);
    expect(stderr).toContain('would write to both buckets, other-bucket and acme-backups');
    expect(stderr).toContain('rollcall add-host web-2');
    expect(stderr).toContain(
      'aws iam remove-user-from-group --user-name web --group-name other-bucket-hosts',
    );
    expect((await run('add-host', 'web-2', '--credentials-file', secrets)).status).toBe(0);
  });

  it.each([
    ['Web', 'IAM has a user web already, and does not tell capitals from small letters'],
    ['db', 'an account has at most 5000 IAM users'],
  ])('changes nothing when IAM refuses the user %s', async (name, words) => {
    await add();
    const web = aws.iam.users.get('web');
    for (let user = aws.iam.users.size; web !== undefined && user < 5000; user += 1) {
      aws.iam.users.set(`user-${user}`, { ...web, name: `user-${user}` });
    }
    // On another config of the same account: on one, the names would be refused before IAM is asked.
    writeFileSync(hosts, config);
    rmSync(secrets);
    aws.requests.clear();
    const { status, stderr } = await run('add-host', name, '--credentials-file', secrets);
    expect([status, stderr]).toEqual([3, expect.stringContaining(words)]);
    expect([configNow(), changes(), readdirSync(folder)]).toEqual([
      config,
      ['CreateUser'],
      ['hosts.yml'],
    ]);
  });

  it('explains that a user can be in ten groups when IAM refuses one more', async () => {
    await add();
    const groups = aws.iam.users.get('web')?.groups;
    groups?.clear();
    for (let group = 0; group < 10; group += 1) groups?.add(`group-${group}`);
    const { status, stderr } = await run('add-host', 'web');
    expect([status, stderr]).toEqual([3, expect.stringContaining('a user be in 10 groups')]);
  });

  it('keeps the mode of the config, and a link to it a link', async () => {
    chmodSync(hosts, 0o664);
    const link = join(folder, 'link.yml');
    symlinkSync(hosts, link);
    await runRollcall(aws, ['add-host', 'db', '--no-iam', '--hosts', link]);
    expect([statSync(hosts).mode & 0o777, configNow().includes('db:')]).toEqual([0o664, true]);
    rmSync(link);
  });

  it.each([
    [['add-host'], 'no host was named'],
    [['add-host', 'a', 'b'], 'one host at a time'],
    [['add-host', 'w b', '--no-iam'], 'cannot be a host'],
    [['add-host', 'web', '--since', 'soon', '--no-iam'], 'must be a date'],
    [['add-host', 'web', '--fingerprint', 'abc'], 'is no fingerprint'],
    [['add-host', 'web', '--public-key', 'none.asc'], 'cannot read the public key'],
    [['add-host', 'mail', '--since', '2020-01-01'], 'in the config already'],
  ])('refuses %j', async (words, why) => {
    const { status, stderr } = await run(...words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(why)]);
    expect([configNow(), changes()]).toEqual([config, []]);
  });
});

describe('rollcall remove-host', () => {
  beforeEach(async () => {
    await run('add-host', 'web', '--credentials-file', secrets);
    aws.requests.clear();
  });

  it('takes the keys first, then the user, then the line, and says where the archive is', async () => {
    for (const { name, bytes, modifiedAt: modified } of aFull({ begun: '2026-11-23T03:00:00Z' }))
      aws.put('acme-backups', `web/${name}`, { bytes }, { modified });
    const { status, stdout } = await run('remove-host', 'web', '--yes');
    expect([status, configNow()]).toEqual([0, config]);
    expect(aws.iam.users.has('web')).toBe(false);
    expect(changes()).toEqual(['DeleteAccessKey', 'RemoveUserFromGroup', 'DeleteUser']);
    expect(stdout).toContain('its archive stays in s3://acme-backups/web/');
    expect(stdout).toMatch(
      /lifecycle hides it from Mon 30 Nov on, and it can be brought back until Tue 8 Dec/,
    );
  });

  it('reports that nothing removes the archive where the last good backup is kept', async () => {
    writeFileSync(hosts, `keepLastGood: true\n${configNow()}`);
    for (const { name, bytes, modifiedAt: modified } of aFull({ begun: '2026-11-23T03:00:00Z' }))
      aws.put('acme-backups', `web/${name}`, { bytes }, { modified });
    const { stdout } = await run('remove-host', 'web', '--yes');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'MiB), until somebody removes it: docs/runbook.md#janitor',
    );
  });

  it('takes what an operator attached, so that nothing is left', async () => {
    aws.iam.users.get('web')?.inline.set('read', '{}');
    aws.iam.users.get('web')?.attached.add('arn:aws:iam::aws:policy/ReadOnlyAccess');
    await run('remove-host', 'web', '--yes');
    expect(aws.iam.users.has('web')).toBe(false);
  });

  it.each(['DeleteAccessKey', 'RemoveUserFromGroup', 'DeleteUser'])(
    'can be run again when %s failed',
    async (operation) => {
      aws.faults.add({ service: 'iam', operation, fault: { error: 'AccessDenied' } });
      const first = await run('remove-host', 'web', '--yes');
      expect([first.status, first.stderr]).toEqual([
        3,
        expect.stringContaining(`allow iam:${operation}`),
      ]);
      expect(configNow()).toContain('web:');
      aws.faults.clear();
      expect((await run('remove-host', 'web', '--yes')).status).toBe(0);
      expect([aws.iam.users.has('web'), configNow()]).toEqual([false, config]);
      const third = await run('remove-host', 'web', '--yes');
      expect([third.status, third.stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
    },
  );

  it('changes nothing with --dry-run, nor when nobody can be asked', async () => {
    const before = configNow();
    const dry = await run('remove-host', 'web', '--dry-run');
    expect([dry.status, dry.stdout]).toEqual([
      0,
      expect.stringContaining('would delete the IAM user web'),
    ]);
    const asked = await run('remove-host', 'web');
    expect([asked.status, asked.stderr]).toEqual([3, expect.stringContaining('--yes')]);
    expect([configNow(), changes()]).toEqual([before, []]);
  });

  it('leaves the keys of a host that another stack has too', async () => {
    aws.iam.users.get('web')?.groups.add('other-hosts');
    const { stdout } = await run('remove-host', 'web', '--yes');
    expect(stdout).toContain('for the other stack');
    expect(keysOf('web')).toHaveLength(1);
    expect([...(aws.iam.users.get('web')?.groups ?? [])]).toEqual(['other-hosts']);
  });

  it('asks whether a name was mistyped', async () => {
    expect((await run('remove-host', 'wep', '--yes')).stdout).toContain('did you mean web?');
  });

  it('keeps the last host', async () => {
    writeFileSync(hosts, 'bucket: acme-backups\nhosts: { web: {} }\n');
    const { status, stderr } = await run('remove-host', 'web', '--yes');
    expect([status, stderr]).toEqual([3, expect.stringContaining('last host in the config')]);
    expect(changes()).toEqual([]);
  });
});

describe('rollcall pause and resume', () => {
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  it('pauses a host with an end and a reason, and ends it', async () => {
    const { status, stdout } = await run(
      'pause',
      'mail',
      '--until',
      until,
      '--because',
      'new "disk"',
    );
    expect([status, stdout]).toEqual([0, expect.stringContaining('npx serverless deploy')]);
    expect(configNow()).toBe(
      config.replace(
        'mail: {} ',
        `mail: { paused: { until: ${until}, because: "new \\"disk\\"" } } `,
      ),
    );
    expect(
      (await run('pause', 'mail', '--until', until, '--because', 'new "disk"')).stdout,
    ).toContain('says so already');
    await run('resume', 'mail');
    expect(configNow()).toBe(config);
    expect((await run('resume', 'mail')).stdout).toContain('is not paused');
  });

  it.each([
    [['pause', 'mail', '--because', 'x'], '--until is not given'],
    [['pause', 'mail', '--until', until], '--because is not given'],
    [['pause', 'mail', '--until', '2020-01-01', '--because', 'x'], 'is over'],
    [['pause', 'mail', '--until', '2999-01-01', '--because', 'x'], 'lasts 90 days at most'],
    [['pause', 'mail', '--until', '2026-02-30', '--because', 'x'], 'not a day'],
    [['pause', 'mail', '--until', '91d', '--because', 'x'], 'lasts 90 days at most'],
    [['pause', 'mail', '--until', '0d', '--because', 'x'], 'is over'],
    [['pause', 'mali', '--until', until, '--because', 'x'], 'no host "mali"'],
    [['resume', 'mali'], 'no host "mali"'],
  ])('refuses %j', async (words, why) => {
    const { status, stderr } = await run(...words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(why)]);
    expect(configNow()).toBe(config);
  });

  it('names a day that it takes, where none is given', async () => {
    const { stderr } = await run('pause', 'mail', '--because', 'x');
    const [, day = ''] = /--until (\S+)$/m.exec(stderr) ?? [];
    const { status } = await run('pause', 'mail', '--until', day, '--because', 'x', '--dry-run');
    expect(status).toBe(0);
  });

  it('leads into no circle where a day is too far away', async () => {
    const { stderr } = await run('pause', 'mail', '--until', '91d', '--because', 'x');
    const [, day = ''] = /hint: give (\S+) or an earlier day;/.exec(stderr) ?? [];
    expect(stderr).not.toContain('rollcall pause');
    expect((await run('pause', 'mail', '--until', day, '--because', 'x')).status).toBe(0);
  });

  it('changes no config of which it does not understand every byte, be it in a comment', async () => {
    const latin = Buffer.concat([Buffer.from(config), Buffer.from('# caf\u00e9\n', 'latin1')]);
    writeFileSync(hosts, latin);
    const { status, stderr } = await run('pause', 'mail', '--until', until, '--because', 'x');
    expect([status, stderr]).toEqual([3, expect.stringContaining('is not a text in UTF-8')]);
    expect(readFileSync(hosts)).toEqual(latin);
  });

  it('refuses while another one changes the config, and goes over what a killed one left', async () => {
    const draft = join(folder, '.new.hosts.yml');
    const pause = () => run('pause', 'mail', '--until', until, '--because', 'x');
    writeFileSync(draft, 'cut');
    const { status, stderr } = await pause();
    expect([status, stderr]).toEqual([3, expect.stringContaining('was changed meanwhile')]);
    expect([configNow(), readFileSync(draft, 'utf8')]).toEqual([config, 'cut']);
    utimesSync(draft, 0, 0);
    expect((await pause()).status).toBe(0);
    expect(configNow()).toContain('paused');
    expect(existsSync(draft)).toBe(false);
  });

  it('says why it cannot write, and that the config is as it was', async () => {
    const draft = join(folder, '.new.hosts.yml');
    mkdirSync(draft);
    utimesSync(draft, 0, 0);
    const { status, stderr } = await run('pause', 'mail', '--until', until, '--because', 'x');
    rmSync(draft, { recursive: true });
    expect([status, stderr]).toEqual([
      3,
      `rollcall: error: cannot write ${hosts}: ERR_FS_EISDIR\nrollcall: hint: it is as it was; put that right, and run it again\n`,
    ]);
    expect(configNow()).toBe(config);
  });

  it('takes a number of days for the day', async () => {
    await run('pause', 'mail', '--until', '30d', '--because', 'x');
    expect(configNow()).toContain(`until: ${until}`);
  });

  it('changes nothing with --dry-run', async () => {
    await run('pause', 'mail', '--until', until, '--because', 'x', '--dry-run');
    expect(configNow()).toBe(config);
  });
});
