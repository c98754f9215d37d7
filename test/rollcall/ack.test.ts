import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changePage } from '../../scripts/rollcall/operator-entries.ts';
import { OPERATOR_PAGE, parseOperatorPage } from '../../shared/monitor/operator-page.ts';
import { EMPTY_STATE, formatState, RecordConflictError } from '../../shared/monitor/state.ts';
import type { Problem } from '../../shared/rules/problem.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { runRollcall } from './run-rollcall.ts';

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-ack-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;

const run = (words: readonly string[]) =>
  runRollcall(aws, [...words, '--hosts', hosts, '--ledger', 'ledger']);
const put = (page: string, text: string) => aws.put('ledger', page, Buffer.from(text));
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
const muteFor = (host: string, days: number) =>
  run(['mute', host, '--until', inDays(days), '--because', 'disk swap']);
const listed = async () => (await run(['mute'])).stdout;

async function said(): Promise<string> {
  const { endpoint, region, credentials } = aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'ledger', Key: OPERATOR_PAGE }));
  s3.destroy();
  return (await Body?.transformToString()) ?? '';
}

function aProblem(host: string, kind: Problem['kind'], over?: Problem['over']): Problem {
  return {
    ...{ host, place: `s3://backups/${host}/`, kind, severity: 'critical', missed: 1, over },
    ...{ since: Date.now() - DAY, lastSeen: Date.now(), subjects: [inDays(-1)], says: 'bad' },
    ...{ details: [], files: [], changes: [], changeCount: 0, notified: new Map() },
  };
}

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('ledger', { versioning: true });
  writeFileSync(
    hosts,
    'bucket: backups\nregion: eu-west-1\nhosts: { web: {}, lab: {}, nas: {} }\n',
  );
});
beforeEach(() => {
  aws.remove('ledger', OPERATOR_PAGE);
  const ended = { at: Date.now(), says: 'a full came', isWell: true };
  const problems = [
    aProblem('web', 'missing'),
    aProblem('web', 'expiring'),
    aProblem('lab', 'missing', ended),
  ];
  put('state.json', formatState({ ...EMPTY_STATE, problems }));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall ack', () => {
  it('acknowledges one finding of a host, lists it, and ends it', async () => {
    const { status, stdout } = await run(['ack', 'web', 'MISSING']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('no more reminders of MISSING')]);
    expect((await run(['ack'])).stdout).toMatch(/^web: no reminders of MISSING, acknowledged /);
    expect((await run(['ack', 'web', 'missing', '--undo'])).stdout).toContain('any more');
    expect(await listed()).toBe('no host is muted, and nothing acknowledged\n');
    expect((await run(['ack', 'web', '--undo'])).stdout).toContain('was not acknowledged; see');
    expect((await run(['ack', 'wbe', '--undo'])).stdout).toContain('; did you mean web?; see');
  });

  it('acknowledges all that is open, once', async () => {
    expect((await run(['ack', 'web'])).stdout).toContain('MISSING, EXPIRING');
    await run(['ack', 'web']);
    expect(await listed()).toMatch(/^web: no reminders of its problems, acknowledged [^\n]*\n$/);
  });

  it('acknowledges what is open, though the clock here is behind the one that saw it', async () => {
    const since = Date.now() + 5 * 60_000;
    put(
      'state.json',
      formatState({ ...EMPTY_STATE, problems: [{ ...aProblem('web', 'missing'), since }] }),
    );
    await run(['ack', 'web']);
    expect(parseOperatorPage(await said())?.acks[0]?.at).toBe(since);
  });

  it('is not listed any more once the problem is over', async () => {
    await run(['ack', 'web', 'missing']);
    put('state.json', formatState(EMPTY_STATE));
    expect(await listed()).toBe('no host is muted, and nothing acknowledged\n');
  });

  it.each([
    [['ack', 'web', 'tampered'], '"tampered" is not open; what is: MISSING, EXPIRING'],
    [['ack', 'lab'], 'nothing is wrong with it'],
    [['ack', 'lba'], 'no host "lba"'],
    [['ack', 'web', 'missing', 'expiring'], 'one host'],
    [['ack', '--undo'], 'one host'],
  ])('refuses %j', async (words, why) => {
    const { status, stderr } = await run(words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(why)]);
    expect(await listed()).toContain('no host is muted');
  });

  it('acknowledges nothing where it is not known what is open', async () => {
    put('state.json', '{}');
    const { status, stderr } = await run(['ack', 'web']);
    expect([status, stderr]).toEqual([3, expect.stringContaining('what is open is not known')]);
  });
});

describe('rollcall mute', () => {
  it('mutes a host at once, changes that, and ends it', async () => {
    expect((await muteFor('lab', 9)).status).toBe(0);
    expect((await muteFor('lab', 9)).stdout).toContain('already');
    await muteFor('lab', 90);
    expect(await listed()).toBe(`lab is muted until ${inDays(90)}: "disk swap"\n`);
    expect((await run(['unmute', 'lab'])).stdout).toContain('is not muted any more');
    expect((await run(['unmute', 'lab'])).stdout).toContain('is not muted\n');
    expect((await run(['unmute', 'lba'])).stdout).toContain('is not muted; did you mean lab?\n');
    expect(await listed()).toContain('no host is muted');
  });

  it.each([
    [['mute', 'lab', '--because', 'x'], '--until is not given'],
    [['mute', 'lab', '--until', inDays(5)], '--because is not given'],
    [['mute', 'lab', '--until', inDays(0), '--because', 'x'], 'is over'],
    [['mute', 'lab', '--until', inDays(91), '--because', 'x'], 'a mute lasts 90 days at most'],
    [['mute', 'lba', '--until', inDays(5), '--because', 'x'], 'no host "lba"'],
    [['mute', '--until', inDays(5)], 'no host was named'],
    [['unmute'], 'no host was named'],
  ])('refuses %j', async (words, why) => {
    const { status, stderr } = await run(words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(why)]);
  });

  it('writes over no damaged page', async () => {
    put(OPERATOR_PAGE, '{"version":2}');
    const { status, stderr } = await muteFor('lab', 9);
    expect([status, stderr]).toEqual([3, expect.stringContaining('is damaged')]);
    expect((await run(['mute'])).status).toBe(3);
  });

  it('drops what was over a month ago, and keeps what is over since', async () => {
    const mutes = [-40, -3].map((days) => ({
      ...{ host: `h${-days}`, at: Date.now() - 60 * DAY, because: 'x', until: inDays(days) },
    }));
    const acks = [-60, -20].map((days) => ({ host: `h${-days}`, at: Date.now() + days * DAY }));
    put(OPERATOR_PAGE, JSON.stringify({ version: 1, acks, mutes }));
    await muteFor('lab', 9);
    const page = parseOperatorPage(await said());
    expect(page?.mutes.map(({ host }) => host)).toEqual(['h3', 'lab']);
    expect(page?.acks.map(({ host }) => host)).toEqual(['h20']);
  });

  it('loses nothing of what another operator writes meanwhile', async () => {
    let kept: { text: string; tag: string } | undefined;
    const other = { host: 'nas', at: 1, because: 'x', until: '2999-01-01' };
    let isOther = true;
    const records = {
      read: async () => ({ text: kept?.text, tag: kept?.tag }),
      write: async (_: string, text: string, tag: string | undefined) => {
        if (isOther) {
          isOther = false;
          kept = { text: JSON.stringify({ version: 1, acks: [], mutes: [other] }), tag: 'b' };
        }
        if (tag !== kept?.tag) throw new RecordConflictError('written by another');
        kept = { text, tag: 'c' };
        return 'c';
      },
      replace: async () => undefined,
      list: async () => [],
    };
    const mine = { host: 'lab', at: 2, because: 'x', until: '2999-01-01' };
    await changePage(records, ({ acks, mutes }) => ({ acks, mutes: [...mutes, mine] }), 3);
    expect(parseOperatorPage(kept?.text ?? '')?.mutes).toEqual([other, mine]);
  });
});
