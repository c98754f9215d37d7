import { describe, expect, it } from 'vitest';
import { type Config, type Host, pagesOf } from '../../shared/config/config.ts';
import { openHostRecords } from '../../shared/monitor/host-records.ts';
import {
  judgeConfig,
  parseTask,
  QueueError,
  runWorker,
  type ShardTask,
} from '../../shared/monitor/judge-fleet.ts';
import type { Budget } from '../../shared/monitor/judge-hosts.ts';
import { parseRecords, recordPage } from '../../shared/monitor/record-page.ts';
import { RecordError, type RecordStore } from '../../shared/monitor/state.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { aConfig, aFull, aHost, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { type MemoryRecords, memoryRecords } from '../support/records-in-memory.ts';

const until = at('2026-11-23T08:15:00Z');
const now = until + 1000;
const FLEET = Array.from({ length: 200 }, (_, number) => aHost({ name: `host-${number}` }));
const CONFIG = aConfig(FLEET);
const OF = pagesOf(FLEET.length);
const today = aFull({ begun: '2026-11-23T03:15:00Z' });
const BAD = FLEET[7] as Host;
const bucket = inMemoryStore(
  FLEET.filter((host) => host !== BAD).flatMap(({ target }) => keyed(target.prefix, today)),
);
const noEnd: Budget = { left: () => 720_000, spent: new Promise(() => undefined) };
/** Time for so many looks at the pages. */
const looks = (count: number): Budget => {
  let left = count;
  return { ...noEnd, left: () => (left-- > 0 ? 720_000 : 0) };
};

type Play = {
  readonly records?: RecordStore;
  readonly work?: (task: ShardTask, doIt: (config?: Config) => Promise<unknown>) => unknown;
  readonly budget?: Budget;
  readonly hosts?: readonly Host[];
  readonly time?: number;
  readonly alsoSetsOf?: (host: Host) => readonly string[];
  readonly changesOf?: (host: Host) => readonly Change[];
};

/** One run with workers that do each task at once, unless the test says otherwise. */
async function judge(play: Play = {}, ledger: MemoryRecords = memoryRecords()) {
  const { records = ledger, hosts = FLEET, time = now, budget = noEnd } = play;
  const { work = (_: ShardTask, doIt: () => Promise<unknown>) => doIt(), ...notices } = play;
  const store = { store: bucket, records };
  const call = async (tasks: readonly ShardTask[]) => {
    for (const task of tasks) {
      await work(task, (config = CONFIG) => runWorker(store, config, task, time, noEnd));
    }
  };
  const workers = { hostsARun: 100, send: call, pause: async () => undefined };
  const { alsoSetsOf, changesOf } = notices;
  const judging = { until, now: time, budget, timezone: 'UTC', alsoSetsOf, changesOf };
  const { judged, lost } = await judgeConfig({ ...store, workers }, CONFIG, hosts, judging, true);
  const reports = judged.map(({ report }) => report);
  const verdicts = new Map<string, string[]>();
  for (const { verdict, host } of reports) {
    verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), host]);
  }
  const reasonOf = (host: string) =>
    reports.find((one) => one.host === host)?.findings[0]?.message.replace(/;.*/, '');
  return { reports, lost, ledger, verdicts, reasonOf };
}
const names = (hosts: readonly Host[]) => hosts.map(({ name }) => name);
const onPage = (ledger: MemoryRecords, index: number) => {
  const page = parseRecords(ledger.pages.get(recordPage({ index, of: OF })) ?? '');
  return FLEET.filter((host) => page?.hosts.has(placeOf(host)));
};

describe('a config that one run cannot hold', () => {
  it('is judged as one run would', async () => {
    const { reports, verdicts, lost, ledger } = await judge();
    const alone = await judgeConfig(
      { store: bucket, records: memoryRecords() },
      CONFIG,
      FLEET,
      { until, now, budget: noEnd, timezone: 'UTC' },
      true,
    );
    expect(reports).toEqual(JSON.parse(JSON.stringify(alone.judged.map(({ report }) => report))));
    expect(lost).toBeUndefined();
    expect(verdicts.get('ok')).toHaveLength(199);
    expect([...ledger.pages.keys()].sort()).toEqual(
      [0, 1, 2, 3].map((index) => `hosts/${index}of4.json`),
    );
  });

  it('hands out only the pages with a host to be judged, and judges no other', async () => {
    const tasks: ShardTask[] = [];
    const hosts = FLEET.slice(0, 101);
    const { verdicts, ledger } = await judge({
      hosts,
      work: (task, doIt) => {
        tasks.push(task);
        return doIt();
      },
    });
    expect(verdicts.get('ok')).toHaveLength(100);
    expect(tasks.map(({ asked }) => asked.split('1').length - 1).reduce((a, b) => a + b)).toBe(101);
    expect([0, 1, 2, 3].flatMap((index) => onPage(ledger, index))).toHaveLength(101);
  });

  it('calls the hosts of a lost task unreadable, and every other host as it is', async () => {
    const first = await judge();
    const lost = onPage(first.ledger, 2);
    const { verdicts, reasonOf } = await judge({
      work: (task, doIt) => (task.index === 2 ? undefined : doIt()),
      budget: looks(20),
    });
    expect(verdicts.get('unreadable')).toEqual(names(lost));
    expect(verdicts.get('ok')).toEqual(
      names(FLEET.filter((host) => host !== BAD && !lost.includes(host))),
    );
    expect(reasonOf(lost[0]?.name ?? '')).toContain(
      'its part of the config was not judged in time',
    );
  });

  it('takes no report of an earlier run', async () => {
    const { ledger } = await judge();
    const late = { time: now + 900_000, work: () => undefined, budget: looks(20) };
    const { verdicts } = await judge(late, ledger);
    expect(verdicts.get('unreadable')).toHaveLength(200);
  });

  it('takes the report of a later run that came in between', async () => {
    const ledger = memoryRecords();
    const other = () => judge({ time: now + 500 }, ledger);
    const { verdicts } = await judge(
      { work: (task) => (task.index === 0 ? other() : undefined) },
      ledger,
    );
    expect(verdicts.get('ok')).toHaveLength(199);
  });

  it('takes no report that is not what a worker writes', async () => {
    const ledger = memoryRecords();
    const work = async (_: ShardTask, doIt: () => Promise<unknown>) => {
      await doIt();
      for (const [page, text] of ledger.pages) {
        await ledger.replace(page, text.replaceAll('"verdict":"ok"', '"verdict":"fine"'));
      }
    };
    const { verdicts, reasonOf } = await judge({ work }, ledger);
    expect(verdicts.get('unreadable')).toHaveLength(199);
    expect(reasonOf('host-0')).toContain('the report on its record is not what a worker writes');
  });

  it('is judged in one run when the queue takes no task, and says so', async () => {
    const work = () => {
      throw new QueueError('the queue of shards took no call (AccessDenied (403))');
    };
    const { verdicts, lost } = await judge({ work });
    expect(verdicts.get('ok')).toHaveLength(199);
    expect(lost).toBe(
      'the queue of shards took no call (AccessDenied (403)): one run judged what it could',
    );
  });

  it('says what a worker found wrong with a page', async () => {
    const { ledger } = await judge();
    await ledger.replace(recordPage({ index: 3, of: OF }), '<html>');
    const { verdicts, lost } = await judge({ time: now + 900_000 }, ledger);
    expect(verdicts.get('ok')).toHaveLength(199);
    expect(lost).toBe(
      'the records of hosts in hosts/3of4.json are not what a run wrote, and start again',
    );
    expect((await judge({ time: now + 1_800_000 }, ledger)).lost).toBeUndefined();
  });

  it('lets workers know by the records what open problems and events are about', async () => {
    const key = `${BAD.target.prefix}duplicity-full.20261120T031500Z.vol1.difftar.gpg`;
    const removed: Change = {
      ...{ what: 'removed', left: 'version', key, at: now - 60_000 },
      ...{ principal: 'AWS:AIDAEXAMPLE', address: '203.0.113.9' },
    };
    const file = key.slice(BAD.target.prefix.length);
    const { reports, ledger } = await judge({
      alsoSetsOf: (host) => (host === BAD ? [file] : []),
      changesOf: (host) => (host === BAD ? [removed] : []),
    });
    const record = await openHostRecords(ledger, FLEET.length, now).recall(BAD);
    expect(record).toMatchObject({ watch: [file], changes: [removed], changeCount: 1 });
    const own = reports.find(({ host }) => host === BAD.name);
    expect(own?.findings.map(({ kind }) => kind)).toContain('tampered');
  });
});

describe('runWorker', () => {
  /** The first task that a run hands out. */
  async function firstTask(): Promise<ShardTask> {
    const tasks: ShardTask[] = [];
    await judge({ work: (task) => tasks.push(task), budget: looks(20) });
    return tasks[0] as ShardTask;
  }
  const run = (
    message: unknown,
    { records = memoryRecords() as RecordStore, config = CONFIG, clock = now } = {},
  ) => runWorker({ store: bucket, records }, config, message, clock, noEnd);

  it('changes nothing when a task comes twice', async () => {
    const task = await firstTask();
    const records = memoryRecords();
    expect(await run(task, { records })).toMatchObject({ answer: 'given' });
    const before = new Map(records.pages);
    expect(await run(task, { records, clock: now + 60_000 })).toMatchObject({ answer: 'given' });
    expect(records.pages).toEqual(before);
  });

  it('does not begin what nobody waits for', async () => {
    const task = await firstTask();
    expect(await run(task, { clock: task.deadline })).toEqual({ hosts: 0, answer: 'late' });
  });

  it('refuses a task for another config, from the future, or that is none', async () => {
    const task = await firstTask();
    await expect(run(task, { config: { ...CONFIG, keepDays: 7 } })).rejects.toThrow(
      'the task is for another config; the next run hands out tasks for this one',
    );
    const none = 'this is no task for a shard; see who writes to the queue';
    await expect(run(task, { clock: now - 600_000 })).rejects.toThrow(none);
    await expect(run({ ...task, of: 3 })).rejects.toThrow(none);
  });

  it.each(['read', 'write'] as const)(
    'fails when it cannot %s the page, so that its task comes again',
    async (act) => {
      const task = await firstTask();
      const refuse = async () => {
        throw new RecordError('s3://ledger/hosts/0of4.json: AccessDenied (403)');
      };
      await expect(run(task, { records: { ...memoryRecords(), [act]: refuse } })).rejects.toThrow(
        'AccessDenied (403)',
      );
    },
  );
});

describe('parseTask', () => {
  const task: ShardTask = {
    ...{ version: 1, until, now, deadline: now + 720_000 },
    ...{ roll: 'abcdefghijklmnopqrstuv', index: 3, of: 8, asked: '101' },
  };
  const { asked: _, ...less } = task;

  it('takes a task as it was sent', () => {
    for (const one of [task, { ...task, notifiedOn: '2026-11-22' }])
      expect(parseTask(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });

  it.each([
    ['a member less', less],
    ['a member more', { ...task, more: 1 }],
    ['nobody asked', { ...task, asked: '' }],
    ['somebody asked twice', { ...task, asked: '12' }],
    ['a page behind the last', { ...task, index: 8 }],
    ['a cut that is none', { ...task, of: 7 }],
    ['another version', { ...task, version: 2 }],
    ['half a millisecond', { ...task, now: 1.5 }],
    ['an instant as text', { ...task, until: '2026' }],
    ['a date that is none', { ...task, notifiedOn: '2026-11-31x' }],
    ['a list around it', [task]],
    ['no object', 'x'],
  ])('takes none with %s', (_, wrong) => {
    expect(parseTask(wrong)).toBeUndefined();
  });
});
