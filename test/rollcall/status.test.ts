import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reportToJson } from '../../shared/messages/report.ts';
import { judge } from '../../shared/rules/judge.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aDigest, aFull, aHost, collected } from '../support/builders.ts';
import { runRollcall } from './run-rollcall.ts';

const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-status-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;

const run = (...args: string[]) =>
  runRollcall(aws, ['status', '--hosts', hosts, '--ledger', 'ledger', ...args]);
/** A report of so many hours ago, with one host that was fine then. */
const reportOf = (hoursAgo: number, zone = 'UTC') => {
  const checkedAt = Date.now() - hoursAgo * HOUR;
  const begun = new Date(checkedAt - HOUR).toISOString();
  const host = aHost({ name: 'web', window: { opens: '00:00', due: '23:59', graceMinutes: 0 } });
  const judgement = judge(host, collected(...aFull({ begun })), checkedAt);
  const fine = { ...judgement, verdict: 'ok' as const, findings: [] };
  const { report } = aDigest(checkedAt, [fine], { report: { bucket: 'backups' }, timezone: zone });
  return JSON.stringify(reportToJson(report, zone));
};
const keep = (date: string, text: string) =>
  aws.put('ledger', `reports/${date}.json`, Buffer.from(text));

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('ledger', { versioning: true });
  writeFileSync(hosts, 'bucket: backups\nregion: eu-west-1\nhosts: { web: {} }\n');
});
afterEach(() => {
  aws.faults.clear();
  for (const day of ['2026/11/20', '2026/11/23']) aws.remove('ledger', `reports/${day}.json`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall status', () => {
  it('prints the last report, with its age first', async () => {
    keep('2026/11/20', reportOf(70));
    keep('2026/11/23', reportOf(3));
    const { status, stdout } = await run();
    expect(stdout).toMatch(/^checked .* UTC, 3 h ago; bucket backups\n\nHOST.*\(times: UTC\)\n/);
    expect(stdout).toContain('1 of 1 host ok');
    expect(status).toBe(0);
    expect(aws.requests.counts().byOperation).toMatchObject({ ListObjectsV2: 1, GetObject: 1 });
  });

  it('prints times of one zone, that of the report, and names it', async () => {
    keep('2026/11/23', reportOf(3, 'Asia/Tokyo'));
    const { stdout } = await run();
    const begun = new Date(Date.now() - 4 * HOUR + 9 * HOUR).toISOString().slice(11, 15);
    expect(stdout).toMatch(/^checked .* Asia\/Tokyo, 3 h ago/);
    expect(stdout).toContain('(times: Asia/Tokyo)');
    expect(stdout).toMatch(new RegExp(`web +ok +.* ${begun}`));
  });

  it('reports that the last report is too old, and ends with 3', async () => {
    keep('2026/11/20', reportOf(27));
    const table = await run();
    expect(table.status).toBe(3);
    expect(table.stdout).toMatch(/^WARNING: this report is 27 h old; one is due every day/);
    const json = await run('--format', 'json');
    expect([json.status, json.stderr]).toEqual([3, expect.stringContaining('WARNING')]);
    expect(JSON.parse(json.stdout).version).toBe(1);
    // Anyone who asks for a day of the past knows that it is past.
    expect((await run('--date', '2026-11-20')).status).toBe(0);
  });

  it('does not trust a report from the future', async () => {
    keep('2026/11/23', reportOf(-48));
    expect(await run()).toMatchObject({ status: 3, stdout: expect.stringContaining('the future') });
  });

  it('ends as check does', async () => {
    const text = JSON.parse(reportOf(1));
    const finding = { kind: 'missing', severity: 'critical', message: 'gone' };
    text.hosts[0] = { ...text.hosts[0], verdict: 'missing', findings: [finding] };
    keep('2026/11/23', JSON.stringify(text));
    const { status, stdout } = await run();
    expect([status, stdout]).toEqual([2, expect.stringContaining('missing: gone')]);
  });

  it('shows nothing raw of what an unknown host wrote there', async () => {
    const text = JSON.parse(reportOf(1));
    text.hosts[0].host = 'web\u001b[2J\n\u202e';
    text.hosts[0].findings = [{ kind: 'foreign', severity: 'info', message: '\u0007<b>' }];
    text.unknownHosts = ['\u001b]0;x'];
    keep('2026/11/23', JSON.stringify(text));
    for (const format of ['table', 'json']) {
      expect((await run('--format', format)).stdout).toMatch(/^[\n -~]*$/);
    }
  });

  it.each([
    ['is no report', () => keep('2026/11/23', '{"version":1}'), 'is not a report of version 1'],
    ['is not there', () => undefined, 'there is no report in the state bucket yet'],
    [
      'may not be read',
      () => aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } }),
      'AccessDenied (403)',
    ],
  ])('reports what to do when it %s', async (_, spoil, words) => {
    spoil();
    const { status, stderr, stdout } = await run();
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain(words);
    expect(stderr).toContain('rollcall: hint: ');
  });

  it('refuses a day that is none', async () => {
    expect((await run('--date', 'yesterday')).stderr).toContain('write it like 2026-11-23');
  });
});
