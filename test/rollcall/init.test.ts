import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutBucketLifecycleConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from '../../shared/aws/client.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull, anIncremental } from '../support/builders.ts';
import { expected, fixturePath, readFixture } from '../support/recorded.ts';
import { rollcallLine, runAtTerminal } from './at-terminal.ts';
import { environmentOf, runAlone, runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-init-'));
const out = join(folder, 'hosts.yml');
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const MORNING = '2026-11-23T09:00:00Z';
const field = (name: string) => fixturePath(`field/${name}.json`);
const init = (args: readonly string[], input = '') =>
  runAlone(['init', ...args, '--out', out], { PATH: process.env.PATH }, input);
const offline = (name: string, ...more: string[]) =>
  init(['s3://acme-backups', '--listing', field(name), '--at', MORNING, ...more]);
const hostsIn = (text: string) => parseConfig(text, 'hosts.yml').hosts;
/** The lines of the hosts, and what is said of all at the end. */
const inShort = (stdout: string) => ({
  lines: /\nhosts:\n((?: +.*\n)*)/.exec(stdout)?.[1]?.split('\n').slice(0, -1),
  table: stdout.trimEnd().split('\n').at(-1),
});

describe('rollcall init, from a saved listing', () => {
  it.each([
    [
      'evening-backup-default-window',
      MORNING,
      ['window: { opens: "20:00" }   # from 5 fulls, 20:30 to 22:10'],
    ],
    [
      'weekly-full-daily-inc',
      '2026-11-22T09:00:00Z',
      [
        'chain: { fullEvery: 7d }   # a guess: 6 incrementals, and no second full was seen; write how often you make one',
      ],
    ],
    [
      'weekly-fulls-only',
      '2026-11-25T09:00:00Z',
      ['days: [sun]   # from 3 fulls: none on mon, tue, wed, thu, fri, sat'],
    ],
    [
      'remove-older-than-by-host',
      MORNING,
      ['prunes: { keep: 3 }   # 3 old sets were removed right after a newer backup; 5 fulls left'],
    ],
    ['slow-line-big-volumes', MORNING, []],
    ['over-1000-objects', MORNING, []],
  ])('proposes what %s shows, by which its host is ok', async (name, at, settings) => {
    const listing = ['--listing', field(name)];
    const { status, stdout } = await init(['s3://acme-backups', ...listing, '--at', at]);
    expect(status).toBe(0);
    const { lines, table } = inShort(stdout);
    expect(lines?.slice(1)).toEqual(settings.map((line) => `    ${line}`));
    if (name === 'slow-line-big-volumes') return;
    expect(table).toBe('# 1 of 1 host ok, 0 critical, 0 with warnings');
  });

  it('proposes a grace for an upload of days', async () => {
    const { stdout } = await offline('long-upload-finished');
    expect(stdout).toContain('    window: { grace: 72h }   # the longest took 73 h\n');
  });

  it('takes how long sets are kept from their delete markers, or guesses it by the oldest', async () => {
    const markers = await offline('lifecycle-marker-not-at-midnight');
    expect(markers.stdout).toContain(
      'keepDays: 6   # as the delete markers show, lifecycle hides after 6 days\n',
    );
    const age = await init([
      ...['s3://acme-backups', '--listing', field('weekly-fulls-only')],
      ...['--at', '2026-11-25T09:00:00Z'],
    ]);
    expect(age.stdout).toContain('keepDays: 17   # a guess: the oldest set is 17 days old\n');
  });

  it('prints a config, with all else as comments', async () => {
    const { stdout } = await offline('evening-backup-default-window');
    expect(hostsIn(stdout)).toMatchObject([{ name: 'web', window: { opens: '20:00' } }]);
    expect(stdout).toContain('\n# So it is judged now:\n# HOST  VERDICT');
  });

  it('names each recorded host by its prefix, and finds each file prefix', async () => {
    const listing = fixturePath('listings/whole-bucket.json');
    const at = ['--at', '2026-11-23T12:00:00Z'];
    const { stdout } = await init(['s3://backups', '--listing', listing, ...at]);
    const recorded = expected.filter(({ listing: of }) => of === 'whole-bucket.json');
    const names = new Set(recorded.map(({ host }) => host));
    // One never wrote, one has only foreign objects; and something lies outside of all.
    for (const none of ['web-33', 'web-34']) expect(names.delete(none)).toBe(true);
    const [root, ...found] = hostsIn(stdout);
    expect(root?.target.prefix).toBe('');
    expect(new Set(found.map(({ name }) => name))).toEqual(names);
    expect(found.every(({ name, target }) => target.prefix === `${name}/`)).toBe(true);
    const one = await init([
      ...['s3://backups/web-14', '--listing', fixturePath('listings/full-one-file-prefix.json')],
      ...at,
    ]);
    const [prefix] = hostsIn(one.stdout).map(({ filePrefix }) => filePrefix);
    expect(prefix).toEqual({ archive: 'web14-', manifest: 'web14-', signature: 'web14-' });
    const map = await init([
      ...['s3://backups/web-13', '--listing', fixturePath('listings/full-file-prefix.json')],
      ...at,
    ]);
    expect(map.stdout).toContain('filePrefix: { archive: a_, manifest: m_, signature: s_ }');
    expect(map.stdout).toContain('# 1 of 1 host ok');
  });

  it.each([
    ['nested-targets', ['web {}', 'web/mysql {}']],
    ['root-target-and-another', ['acme-backups target: s3://acme-backups/', 'db {}']],
    [
      'two-archives-one-target',
      [
        'web-etc target: s3://acme-backups/web/, filePrefix: etc-',
        'web-home target: s3://acme-backups/web/, filePrefix: home-',
      ],
    ],
    [
      'file-prefixes-with-slash',
      ['web filePrefix: { archive: archive/, manifest: manifest/, signature: signature/ }'],
    ],
    ['jsonstat-own-prefix', ['web {}']],
    ['par2', ['web {}']],
  ])('proposes the hosts of %s', async (name, hosts) => {
    const { lines = [] } = inShort((await offline(name)).stdout);
    const blocks = lines
      .map((line) => line.replace(/ +#.*/, ''))
      .join('\n')
      .split(/\n(?= {2}\S)/);
    const words = blocks.map((block) => block.trim().replace(/:\n +|: (?=\{\})/, ' '));
    expect(words.map((one) => one.replace(/\n +/g, ', '))).toEqual(hosts);
  });

  it('reads times on the clock of --timezone', async () => {
    const { stdout } = await offline('evening-backup-default-window', '--timezone', 'Asia/Tokyo');
    expect(stdout).toContain('timezone: Asia/Tokyo\n');
    // 20:30 UTC is 05:30 in Tokyo, and 22:10 is 07:10.
    expect(inShort(stdout)).toMatchObject({ lines: ['  web: {}   # 5 fulls, 05:30 to 07:10'] });
  });

  it('proposes nothing where there is no backup, and says what to do', async () => {
    writeFileSync(join(folder, 'empty.json'), '{}');
    const { status, stderr } = await init([
      ...['s3://acme-backups', '--listing', join(folder, 'empty.json')],
    ]);
    expect(status).toBe(3);
    expect(stderr).toContain("no backups of duplicity's are in s3://acme-backups");
    expect(stderr).toContain(
      'hint: for a bucket that is still empty: cp hosts.example.yml hosts.yml',
    );
  });

  it('reads a listing from standard input, and one of a part of the bucket', async () => {
    const text = readFixture('field/evening-backup-default-window.json');
    const all = ['s3://acme-backups', '--at', MORNING, '--listing', '-'];
    expect((await init(all, text)).stdout).toContain('# 1 of 1 host ok');
    const part = JSON.stringify({ ...JSON.parse(text), Prefix: 'web/' });
    const refused = await init(all, part);
    expect([refused.status, refused.stderr]).toEqual([
      3,
      expect.stringContaining('no --listing covers s3://acme-backups/'),
    ]);
    expect((await init(['s3://acme-backups/web', ...all.slice(1)], part)).stdout).toContain(
      '# 1 of 1 host ok',
    );
  });
});

describe('rollcall init, when it writes', () => {
  const evening = (...more: string[]) => offline('evening-backup-default-window', ...more);

  it('writes nothing without a terminal and without --yes', async () => {
    const { status, stderr } = await evening();
    expect([status, readdirSync(folder)]).toEqual([0, []]);
    expect(stderr).toContain(`nobody can be asked here. Say so with --yes, to write ${out}\n`);
  });

  it('writes a config that can be deployed, with --yes and somebody to notify', async () => {
    const { status, stderr } = await evening('--yes', '--mail', 'ops@example.net');
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual(['hosts.yml']);
    const text = readFileSync(out, 'utf8');
    const config = parseConfig(text, 'hosts.yml', undefined, 'deploy');
    expect(config).toMatchObject({
      ...{ bucket: 'acme-backups', existing: true },
      alerts: { mail: ['ops@example.net'] },
    });
    expect(stderr).toContain(`${out} is written`);
  });

  it('leaves alerts out where nobody is named, and says so', async () => {
    const { stderr } = await evening('--yes');
    expect(stderr).toContain('nobody is notified yet');
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('# alerts: { mail: [you@example.net] }');
    expect(() => parseConfig(text, 'hosts.yml', undefined, 'deploy')).toThrow(/nobody is notified/);
  });

  it('never changes a file that is there', async () => {
    writeFileSync(out, 'mine');
    const asked = await evening();
    expect([asked.status, asked.stderr]).toEqual([0, expect.stringContaining('--out FILE')]);
    expect(asked.stdout).toContain('opens: "20:00"');
    expect((await evening('--yes')).status).toBe(3);
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('writes nothing with --dry-run', async () => {
    const { status, stderr } = await evening('--dry-run', '--yes');
    expect([status, readdirSync(folder)]).toEqual([0, []]);
    expect(stderr).toContain('nothing is written (--dry-run)');
  });

  it('says which folder it cannot write to', async () => {
    const there = join(folder, 'none', 'hosts.yml');
    const args = ['--listing', field('evening-backup-default-window'), '--at', MORNING, '--yes'];
    const ran = await runAlone(['init', 's3://acme-backups', ...args, '--out', there], {});
    expect([ran.status, ran.stderr]).toEqual([
      3,
      expect.stringContaining(`${there}: there is no such folder`),
    ]);
  });

  it.each([
    [['acme-backups'], 'did you mean: rollcall init s3://acme-backups'],
    [[], 'no bucket was named'],
    [['s3://a', 's3://b'], 'is not one bucket'],
    [['s3://NO'], 'must have 3 to 63 characters'],
    [['s3://acme', '--mail', 'ops'], '--mail "ops" is not an e-mail address'],
    [['s3://acme', '--timezone', 'Mars'], '--timezone "Mars" is not an IANA time zone'],
    [['s3://acme', '--recipients', '--listing', 'x'], 'holds names, and no first bytes'],
  ])('refuses %j', async (args, says) => {
    const { status, stdout, stderr } = await init(args);
    expect([status, stdout, stderr]).toEqual([3, '', expect.stringContaining(says)]);
  });
});

describe('rollcall init, at a terminal', () => {
  const line = rollcallLine([
    ...['init', 's3://acme-backups', '--listing', field('evening-backup-default-window')],
    ...['--at', MORNING, '--out', out],
  ]);
  const answering = (mail: string, yes: string) => {
    const answers = [mail, yes];
    return (screen: string) =>
      /(?:for now|no\)) ?: $|no\) $/.test(screen) ? answers.shift() : undefined;
  };

  it('asks who is notified, and whether to write', async () => {
    const ran = await runAtTerminal(line, answering('ops@example.net\n', 'yes\n'), process.env);
    expect(ran.status).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('alerts: { mail: [ops@example.net] }');
  });

  it.each([
    ['no', 'no\n', 0],
    ['nothing', '\n', 0],
    ['Ctrl-C', '\u0003', 130],
  ])('writes nothing after %s', async (_, typed, status) => {
    const ran = await runAtTerminal(line, answering('\n', typed), process.env);
    expect([ran.status, readdirSync(folder)]).toEqual([status, []]);
    expect(ran.screen).toContain('Write it to');
  });
});

describe('rollcall init, online', () => {
  const KEY = 'B95D68253E90E86D';
  const head = readFileSync(
    fixturePath('heads/full-curve25519__duplicity-full.20261123T031802Z.vol1.difftar.gpg.head'),
  );
  let aws: LocalAws;
  let s3: S3Client;
  beforeAll(async () => {
    aws = await startLocalAws();
    const { endpoint, region } = aws;
    const connection = { endpoint, region, credentials: async () => aws.credentials };
    s3 = new S3Client({ ...clientConfig(connection), forcePathStyle: true });
    aws.createBucket('acme-backups', { versioning: true });
    for (const host of ['web', 'eu/db']) {
      for (const day of ['21', '22', '23']) {
        for (const object of aFull({ begun: `2026-11-${day}T03:15:00Z` })) {
          aws.put(
            'acme-backups',
            `${host}/${object.name}`,
            { head, bytes: object.bytes },
            { modified: object.modifiedAt },
          );
        }
      }
    }
    for (const object of anIncremental('2026-11-23T03:15:00Z', '2026-11-23T05:15:00Z')) {
      aws.put(
        'acme-backups',
        `eu/db/${object.name}`,
        { head, bytes: 1000 },
        { modified: object.modifiedAt },
      );
    }
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: 'acme-backups',
        LifecycleConfiguration: {
          Rules: [
            { ID: 'old', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } },
          ],
        },
      }),
    );
  });
  afterEach(() => {
    aws.faults.clear();
    aws.requests.clear();
  });
  afterAll(async () => {
    s3.destroy();
    await aws.close();
  });
  const online = (...more: string[]) =>
    runRollcall(aws, ['init', 's3://acme-backups', '--at', MORNING, '--out', out, ...more]);

  it('reads region, lifecycle and the keys of the newest fulls, and lists the bucket once', async () => {
    const { status, stdout } = await online();
    expect(status).toBe(0);
    expect(stdout).toContain(`region: ${aws.region}\n`);
    expect(stdout).toContain("keepDays: 30   # the bucket's lifecycle hides after 30 days\n");
    expect(stdout).toContain(
      `recipients: [${KEY}]   # read from the newest full: is it your key?\n`,
    );
    expect(hostsIn(stdout).map(({ name }) => name)).toEqual(['eu/db', 'web']);
    const { ListObjectVersions = 0, ListObjectsV2 = 0 } = aws.requests.counts().byOperation;
    expect(ListObjectVersions + ListObjectsV2).toBe(1);
  });

  it('works without versions, where they may not be listed', async () => {
    aws.faults.add({ operation: 'ListObjectVersions', fault: { error: 'AccessDenied' } });
    const { status, stdout } = await online();
    expect(status).toBe(0);
    expect(hostsIn(stdout)).toHaveLength(2);
  });

  it('leaves recipients out where nothing may be read, and fails with --recipients', async () => {
    aws.faults.add({ operation: 'GetObject', fault: { error: 'AccessDenied' } });
    const { status, stdout } = await online();
    expect(status).toBe(0);
    expect(stdout).toMatch(/# recipients: .* # not known: the contents .* AccessDenied/);
    expect(hostsIn(stdout).map(({ recipients }) => recipients)).toEqual([[], []]);
    const strict = await online('--recipients', '--yes');
    expect([strict.status, existsSync(out)]).toEqual([3, false]);
    expect(strict.stderr).toContain('allow s3:GetObject');
  });

  it('says that there is no such bucket, and what may not be read', async () => {
    const none = await runRollcall(aws, ['init', 's3://nobody', '--out', out]);
    expect([none.status, none.stderr]).toEqual([
      3,
      expect.stringContaining('there is no bucket nobody'),
    ]);
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied' } });
    const denied = await online();
    expect([denied.status, denied.stdout]).toEqual([3, '']);
    expect(denied.stderr).toContain('allow s3:ListBucket');
  });

  it('looks at one prefix alone when asked', async () => {
    const args = ['init', 's3://acme-backups/eu/', '--at', MORNING, '--out', out];
    const { stdout } = await runRollcall(aws, args);
    expect(hostsIn(stdout).map(({ name }) => name)).toEqual(['eu/db']);
  });

  it('leaves nothing when it is stopped while it lists', async () => {
    aws.faults.add({ operation: 'ListObjectVersions', fault: { hang: true } });
    const script = new URL('../../scripts/rollcall.ts', import.meta.url).pathname;
    const args = [script, 'init', 's3://acme-backups', '--yes', '--out', out];
    const child = spawn(process.execPath, args, { env: environmentOf(aws), stdio: 'ignore' });
    while (!aws.requests.counts().byOperation.ListObjectVersions) {
      await new Promise((done) => setTimeout(done, 20));
    }
    child.kill('SIGINT');
    const [, signal] = await once(child, 'exit');
    expect([signal, readdirSync(folder)]).toEqual(['SIGINT', []]);
  });
});
