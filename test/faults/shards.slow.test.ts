// A config that is judged in shards: workers that die, answer late, twice or wrongly, and calls that are lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardTask } from '../../shared/monitor/judge-fleet.ts';
import { addNews, formatRecords, recordPage } from '../../shared/monitor/record-page.ts';
import type { QueuedMessage } from '../local-aws/sqs/queues.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET } from '../support/deployed.ts';

const NAMES = Array.from({ length: 66 }, (_, number) => `host-${number}`);
const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts: { ${NAMES.map((name) => `${name}: {}`).join(', ')} }
`;
// Long enough for the reports that come, short enough to wait for one that never does.
const WAITS_IN_VAIN = 8000;
const TICK = '2026-11-23T08:15:00Z';
const NEXT = '2026-11-23T08:30:00Z';
const today = aFull({ begun: '2026-11-23T03:15:00Z' });

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG, { hostsARun: 32 });
  for (const name of NAMES) deployed.put(`${name}/`, today);
  deployed.timeoutMs = 60_000;
});
afterEach(() => deployed.close());

const mails = () => deployed.aws.outbox.mails.map(({ subject, text }) => `${subject}\n${text}`);
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const taskIn = ({ body }: QueuedMessage) => JSON.parse(body) as ShardTask;
const pages = () =>
  deployed.aws.requests.records.flatMap(({ operation, key, status }) =>
    operation === 'PutObject' && status === 200 && key?.startsWith('hosts/') ? [key] : [],
  );

describe('a config in shards', () => {
  it('is reported as one that fits into one run', async () => {
    deployed.aws.requests.clear();
    const outcome = await deployed.tick(TICK);
    expect(outcome).toMatchObject({ hosts: 66, ok: 66, told: 'digest' });
    expect(subjects()).toEqual(['[backup] 66 of 66 hosts OK - Mon 23 Nov (#2026-327)']);
    expect(new Set(pages()).size).toBe(pages().length);
    expect(pages().length).toBe(2);
  });

  it('reports a lost shard as unreadable and every other host as it is, and looks again', async () => {
    deployed.timeoutMs = WAITS_IN_VAIN;
    let lost = true;
    deployed.onCall = (message, work) => (lost && taskIn(message).index === 1 ? undefined : work());
    const outcome = (await deployed.tick(TICK)) as { ok: number; critical: number };
    expect(outcome.ok + outcome.critical).toBe(66);
    expect(outcome.critical).toBeGreaterThan(0);
    expect(mails()[0]).toContain('UNREADABLE');
    expect(mails()[0]?.replace(/\s+/g, ' ')).toContain(
      'its part of the config was not judged in time',
    );
    lost = false;
    deployed.aws.outbox.clear();
    await deployed.tick(NEXT);
    const printed = mails().join('');
    expect(printed === '' || !printed.includes('UNREADABLE')).toBe(true);
  });

  it('reports all hosts as unreadable when no task is answered, and names the cause once', async () => {
    deployed.timeoutMs = WAITS_IN_VAIN;
    deployed.onCall = () => undefined;
    expect(await deployed.tick(TICK)).toMatchObject({ hosts: 66, ok: 0, critical: 66 });
    expect(subjects()).toEqual(['[backup] 66 of 66 hosts FAILED: 66 UNREADABLE']);
    const mail = mails()[0]?.replace(/\s+/g, ' ');
    expect(mail).toContain('66 hosts: could not check, for one reason');
    expect(mail?.match(/its part of the config was not judged in time/g)).toHaveLength(1);
  });

  it('is reported once when each task comes twice', async () => {
    deployed.onCall = (_, work) => Promise.all([work(), work()]);
    expect(await deployed.tick(TICK)).toMatchObject({ ok: 66, told: 'digest' });
    expect(subjects()).toHaveLength(1);
    expect(new Set(pages()).size).toBe(pages().length);
  });

  it('judges the hosts of a worker that was killed, when its task is given out again', async () => {
    const never = new Promise<void>(() => undefined);
    const answering = { bucket: STATE_BUCKET, prefix: 'hosts/', operation: 'PutObject' };
    deployed.aws.faults.add({ ...answering, fault: { hold: 'undone', until: never } });
    deployed.onCall = async (_, work) => {
      work().catch(() => undefined);
      await sleep(300);
      deployed.aws.faults.clear();
      return work();
    };
    expect(await deployed.tick(TICK)).toMatchObject({ ok: 66, critical: 0 });
  });

  it('ignores an answer that comes too late', async () => {
    deployed.timeoutMs = WAITS_IN_VAIN;
    const late: (() => Promise<unknown>)[] = [];
    deployed.onCall = (_, work) => late.push(work);
    await deployed.tick(TICK);
    const notified = subjects();
    const [still, ...others] = late;
    expect(await still?.()).toMatchObject({ answer: 'given' });
    deployed.onCall = (_, work) => work();
    await deployed.tick(NEXT);
    expect(subjects().slice(0, 1)).toEqual(notified);
    expect(subjects().slice(1)).toEqual([expect.stringContaining('66 hosts OK AGAIN')]);
    // A quarter of an hour later nobody waits for it: it is not even begun.
    for (const work of others) expect(await work()).toEqual({ hosts: 0, answer: 'late' });
  });

  it('ignores an answer that another config was judged by', async () => {
    deployed.timeoutMs = WAITS_IN_VAIN;
    const refused: unknown[] = [];
    deployed.onCall = async (_, work) => {
      deployed.change(CONFIG.replace('hosts:', 'recipients: [0123456789ABCDEF]\nhosts:'));
      refused.push(await work().catch((error) => error.message));
    };
    expect(await deployed.tick(TICK)).toMatchObject({ ok: 0, critical: 66 });
    expect(new Set(refused)).toEqual(
      new Set(['the task is for another config; the next run hands out tasks for this one']),
    );
    expect(pages()).toEqual([]);
  });

  it('ignores a report that no worker writes', async () => {
    let asked = '';
    deployed.onCall = (message, work) => {
      const { index, of, now, asked: own } = taskIn(message);
      if (index !== 1) return work();
      asked = own;
      const forged = NAMES.map((name) => {
        const place = `backups/${name}/`;
        const report = { host: name, verdict: 'fine', findings: [] };
        return [place, addNews(place, {}, { judgedAt: now, report })] as const;
      });
      const text = formatRecords({ hosts: new Map(forged) });
      return deployed.aws.put(STATE_BUCKET, recordPage({ index, of }), text);
    };
    const outcome = await deployed.tick(TICK);
    const critical = asked.split('1').length - 1;
    expect(outcome).toMatchObject({ ok: 66 - critical, critical });
    expect(mails()[0]?.replace(/\s+/g, ' ')).toContain('is not what a worker writes');
  });

  it('judges in one run when the queue takes no task, and reports that', async () => {
    deployed.aws.faults.add({ service: 'sqs', fault: { error: 'AccessDenied', status: 403 } });
    expect(await deployed.tick(TICK)).toMatchObject({
      ok: 66,
      lost: 'the queue of shards took no call (AccessDenied (403)): one run judged what it could',
    });
    expect(mails()[0]).toContain('WARNING: the queue of shards took no call');
  });

  it('judges in one run when the state bucket cannot be read', async () => {
    deployed.timeoutMs = 900_000;
    deployed.aws.faults.add({ bucket: STATE_BUCKET, fault: { error: 'AccessDenied' } });
    let calls = 0;
    deployed.onCall = () => {
      calls += 1;
    };
    expect(await deployed.tick(TICK)).toMatchObject({ ok: 66, noMemory: expect.any(String) });
    expect(calls).toBe(0);
  });

  it('notifies once when two runs of one tick go at the same time', async () => {
    await Promise.all([deployed.tick(TICK), deployed.tick(TICK, '2026-11-23T08:15:01Z')]);
    expect(subjects()).toEqual(['[backup] 66 of 66 hosts OK - Mon 23 Nov (#2026-327)']);
  });

  it('sends its message in time when S3 never answers for a host', async () => {
    deployed.timeoutMs = WAITS_IN_VAIN;
    deployed.aws.faults.add({ prefix: 'host-3/', fault: { hang: true } });
    const outcome = (await deployed.tick(TICK)) as { ok: number; critical: number };
    expect(outcome.critical).toBeGreaterThan(0);
    expect(outcome.ok + outcome.critical).toBe(66);
    expect(mails()[0]).toContain('UNREADABLE');
  });
});
