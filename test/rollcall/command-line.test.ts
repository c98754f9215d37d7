import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../scripts/rollcall/command-line.ts';
import { expected, fixturePath, readFixture } from '../support/recorded.ts';
import { runAlone, script, startAlone } from './run-rollcall.ts';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-'));

function writeConfig(name: string, hosts: readonly string[], more = ''): string {
  const file = join(folder, name);
  const lines = hosts.map((host) => `  ${host}: {}`).join('\n');
  writeFileSync(file, `bucket: backups\n${more}hosts:\n${lines}\n`);
  return file;
}

const run = (args: readonly string[], input = '', env = {}) =>
  runAlone(args, { ...process.env, ...env }, input);

const whole = fixturePath('listings/whole-bucket.json');
const hosts = [
  ...new Set(expected.filter((e) => e.listing === 'whole-bucket.json').map((e) => e.host)),
];
const configText = writeConfig('hosts.yml', hosts);
const AT = ['--at', '2026-11-23T12:00:00Z'];

const check = (hosts: string, listing: string, ...more: string[]) =>
  run(['check', '--hosts', hosts, '--listing', listing, ...AT, ...more]);

describe('rollcall check', () => {
  it('judges the whole recorded bucket, as JSON of version 1', async () => {
    const { stdout, status } = await check(configText, whole, '--format', 'json');
    expect(status).toBe(2);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      version: 1,
      checkedAt: '2026-11-23T12:00:00Z',
      bucket: 'backups',
      unknownHosts: [],
      summary: { hosts: hosts.length, ok: 20, critical: 14, warning: 0 },
    });
    const web25 = report.hosts.find(({ host }: { host: string }) => host === 'web-25');
    expect(web25).toMatchObject({
      target: 's3://backups/web-25/',
      verdict: 'incomplete',
      window: { opensAt: '2026-11-23T00:00:00Z', dueAt: '2026-11-23T08:15:00Z' },
      answer: null,
      lastGood: null,
      findings: [{ kind: 'incomplete', severity: 'critical', missingVolumes: [7] }],
      sets: [
        {
          type: 'full',
          startedAt: '2026-11-23T03:40:01Z',
          completedAt: null,
          complete: false,
          volumes: 15,
          missingVolumes: [7],
          hasManifest: true,
          hasSignatures: true,
          encrypted: true,
        },
      ],
    });
  });

  it('exits 0 when all is ok, and 1 for a prefix that is of no host in the config', async () => {
    const one = writeConfig('one.yml', ['web-01']);
    const listing = fixturePath('listings/full-rsa3072.json');
    const alone = await check(one, listing);
    expect([alone.status, alone.stdout]).toEqual([0, expect.stringContaining('1 of 1 host ok')]);
    const more = await check(one, whole, '--format', 'json');
    expect(more.status).toBe(1);
    const { unknownHosts, foreignObjects } = JSON.parse(more.stdout);
    // web-33 is a folder that the console made, and nothing else.
    expect(unknownHosts).toEqual(hosts.filter((host) => !/^web-(?:01|33)$/.test(host)).sort());
    expect(foreignObjects).toBeGreaterThanOrEqual(4);
  });

  it('warns of a config that notifies nobody, and judges as with one that does', async () => {
    const listing = fixturePath('listings/full-rsa3072.json');
    const ask = (name: string, alerts: string) =>
      check(writeConfig(name, ['web-01'], alerts), listing, '--format', 'json');
    const mute = await ask('mute.yml', '');
    const withMail = await ask('told.yml', 'alerts: { mail: [ops@example.net] }\n');
    const none = await ask('none.yml', 'alerts: none\n');
    expect(mute.stderr).toMatch(/^rollcall: warning: nobody is notified of a bad host/);
    expect([withMail.stderr, none.stderr]).toEqual(['', '']);
    expect([mute.stdout, mute.status]).toEqual([withMail.stdout, withMail.status]);
    expect(none.stdout).toBe(withMail.stdout);
  });

  it('prints times of the zone of the config, whatever that of a host, and names it', async () => {
    const file = join(folder, 'zones.yml');
    const config =
      'bucket: backups\ntimezone: Europe/Amsterdam\nhosts: { web-01: { timezone: Asia/Tokyo } }\n';
    writeFileSync(file, config);
    const listing = fixturePath('listings/full-rsa3072.json');
    const { stdout } = await check(file, listing);
    const utc = await check(writeConfig('one.yml', ['web-01']), listing);
    const [, hour = ''] = /Nov (\d\d):\d\d/.exec(utc.stdout) ?? [];
    expect(stdout).toContain('LAST GOOD FULL (times: Europe/Amsterdam)');
    expect(stdout).toMatch(new RegExp(`Nov ${String(Number(hour) + 1).padStart(2, '0')}:`));
    const json = await check(file, listing, '--format', 'json');
    expect(JSON.parse(json.stdout).timezone).toBe('Europe/Amsterdam');
  });

  it('never calls an empty bucket fine', async () => {
    const listing = join(folder, 'empty.json');
    writeFileSync(listing, '{"RequestCharged": null}');
    const { status, stdout } = await check(configText, listing);
    expect(status).toBe(2);
    expect(stdout).toContain(`0 of ${hosts.length} hosts ok`);
  });

  it('cannot check what the listing does not cover', async () => {
    const listing = fixturePath('listings/full-rsa3072.json');
    const two = writeConfig('two.yml', ['web-01', 'mail']);
    const { status, stdout } = await check(two, listing);
    expect(status).toBe(3);
    expect(stdout).toContain('unreadable');
  });

  it('reads a listing from standard input', async () => {
    const one = writeConfig('one.yml', ['web-01']);
    const input = readFixture('listings/full-rsa3072.json');
    expect((await run(['check', '--hosts', one, '--listing', '-', ...AT], input)).status).toBe(0);
  });

  it('judges a host once, however often it is named', async () => {
    const { stdout } = await check(configText, whole, '--host', 'web-01', '--host', 'web-01');
    expect(stdout).toContain('1 of 1 host ok');
  });

  it('says of a config in UTF-16 what it is, as a shell may have saved it', async () => {
    const file = join(folder, 'utf16.yml');
    writeFileSync(file, Buffer.from('\ufeffbucket: backups\nhosts: { web: {} }\n', 'utf16le'));
    const { status, stderr } = await check(file, whole);
    expect([status, stderr]).toEqual([
      3,
      `rollcall: error: ${file} is not a text in UTF-8\nrollcall: hint: save it again as UTF-8\n`,
    ]);
  });

  it('judges one host on request, and suggests a name for one that is not there', async () => {
    const good = await check(configText, whole, '--host', 'web-01');
    expect(good.status).toBe(0);
    const bad = await check(configText, whole, '--host', 'web-0');
    expect(bad.status).toBe(3);
    expect(bad.stderr).toMatch(
      /error: there is no host "web-0"[\s\S]*hint: did you mean web-0\d\?/,
    );
  });

  it('speaks as a monitoring plug-in', async () => {
    const { stdout } = await check(configText, whole, '--format', 'nagios');
    const [first = '', ...rest] = stdout.split('\n');
    expect(first).toMatch(
      /^ROLLCALL CRITICAL - 20 of 34 hosts ok: .* \| hosts=34 ok=20 critical=14/,
    );
    expect(rest.join('\n')).not.toContain('|');
    expect(rest.slice(-2)).toEqual(['times: UTC', '']);
  });

  it('reports every mistake of a wrong config with its line, and exits 3', async () => {
    const wrong = writeConfig('wrong.yml', ['web'], 'windw: {}\nkeepDays: x\n');
    const { status, stdout, stderr } = await run(['check', '--hosts', wrong, '--listing', whole]);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('wrong.yml:2: unknown key "windw", did you mean "window"?');
    expect(stderr).toContain('wrong.yml:3: keepDays is "x"');
    expect(stderr).toMatch(/rollcall: hint: /);
  });

  it.each([
    [
      ['check', '--hosts', 'nowhere.yml'],
      /cannot read nowhere.yml[\s\S]*hint: .*hosts.example.yml/,
    ],
    [
      ['check', '--hosts', configText, '--at', 'noon', '--listing', whole],
      /--at "noon" is not an instant/,
    ],
    [
      ['check', '--hosts', configText, '--at', '9999-12-31T23:59:59Z', '--listing', whole],
      /is not an instant/,
    ],
    [['check', '--hosts', configText, '--format', 'xml'], /--format "xml" is not known/],
    [
      ['check', '--fromat', 'json'],
      /Unknown option '--fromat'\nrollcall: hint: did you mean --format\? see: rollcall check --help\n$/,
    ],
    [['check', '--xyzxyz'], /--xyzxyz'\nrollcall: hint: see: rollcall check --help\n$/],
    [['check', 'web'], /argument 'web'\nrollcall: hint: a host is named with --host web; see: /],
    [['--hosts', 'a.yml', 'check'], /hint: the command comes before its options: rollcall check /],
    [
      ['pause', 'lab', '--until', '-1d'],
      /^rollcall: error: Option '--until' argument is ambiguous\nrollcall: hint: .* --until=-VALUE; see: .*\n$/,
    ],
    [['chekc'], /there is no command "chekc"[\s\S]*hint: did you mean check\?/],
    [['constructor'], /there is no command "constructor"\nrollcall: hint: see: rollcall --help/],
    [['help', 'stauts'], /there is no command "stauts"[\s\S]*hint: did you mean status\?/],
    [['check', '--json', '--format', 'nagios'], /--json and --format "nagios" differ/],
    [['explain', '--format', 'yaml', 'x'], /--format "yaml" is not known/],
  ])('exits 3 with an error and a hint for %j', async (args, problem) => {
    const { status, stderr } = await run(args);
    expect(status).toBe(3);
    expect(stderr).toMatch(problem);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it('reports what to do when nothing answers', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_MAX_ATTEMPTS: '1' };
    const one = writeConfig('one.yml', ['web-01']);
    const args = ['check', '--hosts', one, '--endpoint-url', 'http://127.0.0.1:9', ...AT];
    const { status, stdout } = await run(args, '', env);
    expect(status).toBe(3);
    expect(stdout).toMatch(/unreadable[\s\S]*check the network and\s+--endpoint-url/);
  });

  it('has colour on no pipe, and none of a name from the bucket unescaped', async () => {
    const listing = join(folder, 'hostile.json');
    const evil = 'web-01/\u001b[31mred\u202etxt\n<b>\u0007';
    const document = JSON.parse(readFixture('listings/full-rsa3072.json'));
    document.Contents.push({ Key: evil, Size: 1, LastModified: '2026-11-23T03:00:00Z' });
    document.Prefix = '';
    document.Contents.push({
      Key: `${evil}/x`.slice(4),
      Size: 1,
      LastModified: '2026-11-23T03:00:00Z',
    });
    writeFileSync(listing, JSON.stringify(document));
    const one = writeConfig('one.yml', ['web-01']);
    for (const format of ['table', 'json', 'nagios', 'openmetrics']) {
      const args = ['check', '--hosts', one, '--listing', listing, ...AT, '--format', format];
      expect((await run(args)).stdout, format).toMatch(/^[\n -~]*$/);
    }
  });
});

describe('rollcall explain', () => {
  it('reads keys from the arguments, or as JSON strings from standard input', async () => {
    const key = 'eu/web/duplicity-inc.20261122T031502Z.to.20261123T031502Z.vol12.difftar.gpg';
    const file = {
      type: 'inc',
      manifest: false,
      volume: 12,
      time: null,
      start: '2026-11-22T03:15:02Z',
      end: '2026-11-23T03:15:02Z',
      encrypted: true,
      compressed: false,
      partial: false,
      prefix: 'eu/web/',
    };
    const args = await run(['explain', '--format', 'json', key, 'README.txt']);
    expect(args.stdout).toBe(`${JSON.stringify(file)}\nnull\n`);
    const input = await run(
      ['explain', '--format', 'json'],
      `${JSON.stringify(key)}\n"README.txt"\n`,
    );
    expect(input.stdout).toBe(args.stdout);
  });

  it('takes a file prefix with slashes, whatever folder is in front of it', async () => {
    const key = 'eu/web/archive/duplicity-full.20261123T031502Z.vol1.difftar.gpg';
    const asJson = ['explain', '--format', 'json', '--file-prefix'];
    const read = JSON.parse((await run([...asJson, 'archive/', key])).stdout);
    expect(read).toMatchObject({ type: 'full', volume: 1, prefix: 'eu/web/archive/' });
    const without = JSON.parse((await run([...asJson, '', key])).stdout);
    expect(without).toMatchObject({ type: 'full', volume: 1, prefix: 'eu/web/archive/' });
    expect((await run([...asJson, 'other/', key])).stdout).toBe('null\n');
  });

  it('explains what counts, what does not, and what is poisoned', async () => {
    const { stdout } = await run([
      'explain',
      'web/duplicity-full.20261123T031502Z.vol01.difftar.gpg',
      'web/duplicity-full.20261123T031502Z.vol0.difftar.gpg',
      'web/evil\u001b[2J',
    ]);
    expect(stdout).toMatch(/not counted; duplicity reads it as volume 1 of the full of 2026/);
    expect(stdout).toMatch(/poison/);
    expect(stdout).toContain('"web/evil\\u{1b}[2J": foreign');
  });

  it('prints no date where no calendar has one', async () => {
    const { status, stdout } = await run(['explain', 'df.zzzzzzzzzzzz.m.g', 'df.2gosa7pa2gv.m.g']);
    expect(status).toBe(0);
    expect(stdout.match(/a time beyond any calendar/g)).toHaveLength(2);
  });

  it('names the line that is not a JSON string, after those before it', async () => {
    const { status, stdout, stderr } = await run(['explain'], '"a"\nb\n');
    expect(status).toBe(3);
    expect(stdout).toContain('"a": foreign');
    expect(stderr).toContain('line 2 of standard input is not a JSON string');
  });
});

describe('rollcall', () => {
  it.each(Object.keys(COMMANDS))(
    'shows examples first with %s -h, as with help %s',
    async (name) => {
      const [long, short, help] = [
        await run([name, '--help']),
        await run([name, '-h']),
        await run(['help', name]),
      ];
      expect([long.status, long.stderr]).toEqual([0, '']);
      expect(long.stdout).toMatch(new RegExp(`^rollcall ${name} - [^\n]*\n\nExamples\\b`));
      expect([short, help]).toEqual([long, long]);
    },
  );

  it('has every command in its help, and says where the pages and kits are', async () => {
    const long = await run(['--help']);
    expect([await run(['-h']), await run(['help'])]).toEqual([long, long]);
    expect(long).toMatchObject({ status: 0, stderr: '' });
    expect(long.stdout).toMatch(/^rollcall[^\n]*\n\nExamples\n/);
    for (const [name, { summary }] of Object.entries(COMMANDS))
      expect(long.stdout).toContain(`\n  ${name.padEnd(17)}${summary}\n`);
    const [, folder = ''] = /are in (.*)\n$/.exec(long.stdout) ?? [];
    expect(existsSync(join(folder, 'docs/runbook.md'))).toBe(true);
    expect((await run([])).status).toBe(3);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    expect(await run(['--version'])).toEqual({
      stdout: `rollcall ${version}\n`,
      stderr: '',
      status: 0,
    });
  });

  it.each([
    ['check', '--hosts', configText, '--listing', whole, ...AT],
    ['explain', 'web/duplicity-full.20261123T031502Z.vol1.difftar.gpg'],
  ])('prints with %s --json what it prints with --format json', async (...args) => {
    const long = await run([...args, '--format', 'json']);
    expect(() => JSON.parse(long.stdout)).not.toThrow();
    expect(await run([...args, '--json'])).toEqual(long);
  });
});

describe('the program itself', () => {
  it('ends with the status of its command, and prints what the command printed', async () => {
    const args = ['check', '--hosts', configText, '--listing', whole, ...AT];
    const [started, here] = await Promise.all([
      startAlone(args, { PATH: process.env.PATH }),
      runAlone(args, { PATH: process.env.PATH }),
    ]);
    expect(started).toEqual(here);
    expect(started.status).toBe(2);
  });

  it('is content with a reader that has seen enough', async () => {
    const child = spawn(process.execPath, [script, 'explain'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdout.once('data', () => child.stdout.destroy());
    child.stdin.on('error', () => {});
    for (let line = 0; line < 50_000; line += 1) child.stdin.write('"web/foreign.txt"\n');
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  const shell = (words: string) => {
    const line = `rollcall() { '${process.execPath}' '${script}' "$@"; }; ${words}`;
    const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', line], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, stdout, stderr };
  };

  it('reads no further keys for a reader that has seen enough', () => {
    expect(shell(`yes '"x"' | (rollcall explain; echo "$?" > ended) | head -1`).stdout).toMatch(
      /^"x": foreign[^\n]*\n$/,
    );
    expect(readFileSync(join(folder, 'ended'), 'utf8')).toBe('0\n');
  });

  it('writes what it was told to write, though nobody reads on', () => {
    const field = fixturePath('field/evening-backup-default-window.json');
    const { status } = shell(
      `rollcall init s3://acme-backups --listing '${field}' --yes --out new.yml | true`,
    );
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'new.yml'), 'utf8')).toContain('bucket: acme-backups');
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('could not check where the verdict could not be printed', () => {
    const words = `rollcall check --hosts '${configText}' --listing '${whole}' > /dev/full`;
    expect(shell(words)).toEqual({
      ...{ status: 3, stdout: '' },
      stderr: expect.stringMatching(/cannot write to standard output: ENOSPC\n.*hint: .*\n$/),
    });
  });
});
