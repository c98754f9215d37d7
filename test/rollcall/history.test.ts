import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { formatBoard } from '../../shared/messages/board.ts';
import { formatHistory, historyPage } from '../../shared/messages/history.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aBoard } from '../support/a-board.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-history-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;
const run = (args: string[], env: Record<string, string> = {}) =>
  runRollcall(aws, [...args, '--hosts', hosts, '--ledger', 'ledger'], env);
const CONFIG = 'bucket: acme-backups\nregion: eu-west-1\nhosts: { web: {} }\n';
const [host] = parseConfig(CONFIG, 'hosts.yml').hosts;
if (host === undefined) throw new Error('no host');
const place = placeOf(host);
const fleet = aBoard(2);
const board = { ...fleet, rows: fleet.rows.slice(1).map((row) => ({ ...row, place })) };
const page = historyPage({ index: 0, of: 1 });
const put = (key: string, text: string) => aws.put('ledger', key, Buffer.from(text));

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('ledger', { versioning: true });
  writeFileSync(hosts, CONFIG);
});
afterEach(() => {
  aws.faults.clear();
  for (const key of [page, 'history/3of4.json', 'board.json', 'status.html'])
    aws.remove('ledger', key);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall history', () => {
  it('shows a line a month, a character a night, of history and board together', async () => {
    put(page, formatHistory([{ place, host: 'web', nights: [['2026-09-30', 'bad', 0, 0]] }]));
    put('board.json', formatBoard(board));
    const { status, stdout } = await run(['history', 'web']);
    expect(status).toBe(0);
    expect(stdout).toContain(
      'web: 31 nights from 2026-09-30 to 2026-11-23: 27 good, 1 late or doubtful, 3 failed',
    );
    expect(stdout).toMatch(/^ {2}2026-09 {2}\u00b7{29}x$/m);
    expect(stdout).toMatch(/^ {2}2026-11 {2}[\u2588\u2592]{21}xx\u00b7{7}$/m);
    expect(stdout).toMatch(/^ {2}size {5}[\u2581-\u2588 ]{31} {2}up to /m);
  });

  it('finds what was kept while the config had other hosts', async () => {
    put(
      'history/3of4.json',
      formatHistory([{ place, host: 'web', nights: [['2026-09-30', 'ok', 0, 0]] }]),
    );
    expect((await run(['history', 'web'])).stdout).toContain('web: 1 night from 2026-09-30');
  });

  it('writes a page of the year, without a script', async () => {
    put('board.json', formatBoard(board));
    const file = join(folder, 'web.html');
    expect((await run(['history', 'web', '--html', file])).stdout).toContain(file);
    const html = readFileSync(file, 'utf8');
    expect(html).toContain('<h1>web: 28 of 30 nights good');
    expect(html).not.toContain('<script');
  });

  it('says what to do where nothing is known, or nothing may be read', async () => {
    expect(await run(['history', 'web'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('rollcall check'),
    });
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } });
    expect(await run(['history', 'web'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('allow s3:GetObject'),
    });
  });
});

describe('rollcall status --save and --open', () => {
  it('writes the page to a file, for its owner alone', async () => {
    put('status.html', '<!doctype html>page');
    const file = join(folder, 'wall.html');
    expect(await run(['status', '--save', file])).toMatchObject({ status: 0 });
    expect(readFileSync(file, 'utf8')).toBe('<!doctype html>page');
  });

  it('opens it, and names the file where there is no browser', async () => {
    put('status.html', '<!doctype html>page');
    const { status, stdout } = await run(['status', '--open'], { BROWSER: '/no/such/browser' });
    expect([status, stdout]).toEqual([0, expect.stringContaining('open that file in one')]);
    const file = /the page: (.*)/.exec(stdout)?.[1] ?? '';
    expect(existsSync(file)).toBe(true);
    rmSync(join(file, '..'), { recursive: true });
  });

  it.each([
    ['status', '--save'],
    ['history', 'web', '--html'],
  ])('says of %s %s where it cannot write', async (...words) => {
    put('status.html', '<!doctype html>page');
    put('board.json', formatBoard(board));
    const there = join(folder, 'none', 'x.html');
    expect(await run([...words, there])).toEqual({
      ...{ status: 3, stdout: '' },
      stderr: expect.stringMatching(
        /^rollcall: error: cannot write \S+: there is no such folder\nrollcall: hint: name another file: --/,
      ),
    });
  });

  it('makes no state where there is none: a mistyped one would tell that nobody is muted', async () => {
    const place = join(folder, 'stat');
    for (const words of [['status'], ['history', 'web'], ['ack'], ['mute'], ['unmute', 'web']]) {
      const args = [...words, '--hosts', hosts, '--state', place];
      const { status, stderr } = await runRollcall(aws, args);
      expect([status, stderr]).toEqual([3, expect.stringContaining('there is no such folder')]);
      expect(stderr).toContain('hint: name the place of rollcall run: --state PLACE');
    }
    expect(existsSync(place)).toBe(false);
  });

  it('says of a state that cannot be read what to do about a folder, and about a bucket', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'x'), '');
    const ask = async (words: string[], place: string) =>
      (await runRollcall(aws, [...words, '--hosts', hosts, '--state', place])).stderr;
    for (const words of [['status'], ['history', 'web'], ['ack']]) {
      expect(await ask(words, other)).toMatch(
        /holds other files .*\n.*hint: put it right, or name/,
      );
      expect(await ask(words, 's3://nope/x')).toMatch(/NoSuchBucket .*\n.*hint: allow .* or name/);
    }
  });

  it('says what to do where there is no page yet', async () => {
    expect(await run(['status', '--save', join(folder, 'x.html')])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('there is no page in the state bucket yet'),
    });
  });
});
