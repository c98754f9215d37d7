// One tick of the schedule: whose window has closed, which day's digest is due, and who judges: this run, or workers, of
// whom each judges the hosts of one page of records, and leaves its reports there.

import pMap from 'p-map';
import * as v from 'valibot';
import { type Config, type Host, pagesOf, type Shard, shardIndexOf } from '../config/config.ts';
import { count, isoDate, readValue } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';
import {
  type HostReport,
  hostReport,
  type JudgedHost,
  reportHost,
} from '../messages/host-report.ts';
import { SKEW } from '../rules/assessment.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { judge } from '../rules/judge.ts';
import { isOpen } from '../rules/record.ts';
import { addDays, closedWindow, dateIn, windowOn } from '../rules/window.ts';
import { openHostRecords } from './host-records.ts';
import { type Budget, type Judged, type Judging, judgeHosts, noticesOf } from './judge-hosts.ts';
import type { ObjectStore } from './object-store.ts';
import { parseRecords, type RecordPage, recordPage } from './record-page.ts';
import { ifInReach, type MonitorState, RecordError, type RecordStore, shortHash } from './state.ts';

/** From after the last run until this one, in milliseconds since 1970. */
export type Tick = { readonly from: Instant; readonly until: Instant };

/**
 * The hosts with a window that closed and was not judged for good, however long ago, and those that could not be read.
 * Of a host that was not in the config yet only a window of this tick counts.
 */
export function dueHosts({ hosts }: Config, state: MonitorState, { from, until }: Tick): Host[] {
  const unreadable = new Set(
    state.problems.flatMap(({ kind, place, over }) =>
      kind === 'unreadable' && over === undefined ? place : [],
    ),
  );
  return hosts.filter((host) => {
    const judgedOn = state.judged.get(placeOf(host));
    const { date, dueAt } = closedWindow(host, until);
    const isNew = judgedOn === undefined ? dueAt > from : date > judgedOn;
    return isNew || unreadable.has(placeOf(host));
  });
}

/** The hosts whose grace ended in this tick. */
export function hostsOutOfGrace({ hosts }: Config, { from, until }: Tick): Host[] {
  return hosts.filter((host) => {
    const graceMs = host.window.graceMinutes * 60_000;
    return closedWindow(host, until - graceMs).dueAt > from - graceMs;
  });
}

/**
 * Until which window each host is judged after a run: one that could not be read, or is late, is asked about again by the
 * next run.
 */
export function judgedAfter(
  { hosts }: Config,
  state: MonitorState,
  judged: readonly JudgedHost[],
  until: Instant,
): MonitorState['judged'] {
  const reports = new Map(judged.map(({ host, report }) => [placeOf(host), report]));
  return new Map(
    hosts.flatMap((host): [string, string][] => {
      const place = placeOf(host);
      const known = state.judged.get(place);
      const report = reports.get(place);
      // It was not in the config before, and owes nothing yet.
      if (report === undefined) return known === undefined ? [] : [[place, known]];
      const { date } = closedWindow(host, until);
      if (isOpen(report.findings)) return [[place, known ?? addDays(date, -1)]];
      return [[place, date > (known ?? '') ? date : (known ?? date)]];
    }),
  );
}

/** The newest date of which a window has closed, by the config's own calendar; `''` for a config of no hosts. */
export function newestDay(config: Config, at: Instant): string {
  const today = dateIn(config.timezone, at);
  const days = [addDays(today, -1), today, addDays(today, 1)];
  return days.findLast((date) => firstClose(config, date) <= at) ?? '';
}

/**
 * The days, by the calendar of the config, whose digest is due. Once for each day, when its first window closes; one that
 * another config moves back is made up for at once. Of more than one, after an outage, one digest comes for them all; of
 * those the last seven count.
 */
export function daysOfDigest(config: Config, state: MonitorState, { from, until }: Tick): string[] {
  const last = state.digestOn ?? newestDay(config, from);
  const newest = newestDay(config, until);
  const days = newest === '' ? [] : [6, 5, 4, 3, 2, 1, 0].map((ago) => addDays(newest, -ago));
  return days
    .filter((date) => date > last)
    .map((date) => firstClose(config, date))
    .flatMap((closed) => (closed <= until ? dateIn(config.timezone, closed) : []));
}

/** Where a host rests that day, the digest comes all the same, and at no other hour. */
function firstClose({ hosts }: Config, date: string): Instant {
  return hosts.reduce(
    (first, { timezone, window }) =>
      Math.min(first, windowOn({ timezone, window }, date)?.dueAt ?? first),
    Number.POSITIVE_INFINITY,
  );
}

/** Who judges what a run cannot hold. */
export type Workers = {
  /** From so many hosts on. */
  readonly hostsARun: number;
  /** Hands out tasks. Throws `QueueError` when the queue did not take each of them. */
  readonly send: (tasks: readonly ShardTask[]) => Promise<void>;
  readonly pause: (ms: number) => Promise<void>;
};

/** The queue of shards did not take a task. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

/**
 * What a worker is asked, version 1. After `deadline` nobody waits for its reports. `roll` is a hash of the config: a
 * worker that has another one must not judge. `asked` has a `1` for each host of the page, in the order of the config,
 * that is to be judged, and a `0` for each other. `notifiedOn` is the oldest of their dates: who hands out leaves out what
 * it knows better.
 */
const shardTask = v.pipe(
  v.strictObject({
    ...{ version: v.literal(1), until: count, now: count, deadline: count },
    ...{ roll: v.string(), index: count, of: count },
    asked: v.pipe(v.string(), v.regex(/^[01]+$/)),
    notifiedOn: v.exactOptional(isoDate),
  }),
  v.check(({ index, of }) => index < of && Number.isInteger(Math.log2(of))),
  v.readonly(),
);
export type ShardTask = v.InferOutput<typeof shardTask>;

/** `undefined` for anything that is no task, or has a member more. */
export function parseTask(value: unknown): ShardTask | undefined {
  return readValue(shardTask, value);
}

/** A hash of all that the config says: with another one the same task would mean something else. */
function hashConfig(config: Config): Promise<string> {
  return shortHash(JSON.stringify(config));
}

/** How a run judges; `until` is the instant that was planned for it. */
type RunTimes = Omit<Judging, 'allHosts'> & { readonly until: Instant };

const POLL_MS = 1000;
const PAGES_AT_ONCE = 8;

/**
 * Hands out every page with a host to be judged, and reads the reports off it until the time of this run is spent. A host
 * without a report of this run or a later one is unreadable: never ok, and never missing. Throws `QueueError`.
 */
async function judgeByWorkers(
  { records, workers }: { readonly records: RecordStore; readonly workers: Workers },
  config: Config,
  hosts: readonly Host[],
  { until, now, budget, timezone, ...judging }: RunTimes & { readonly budget: Budget },
): Promise<Judged> {
  const of = pagesOf(config.hosts.length);
  const run = { version: 1, until, now, deadline: now + Math.floor(budget.left()), of } as const;
  const roll = await hashConfig(config);
  const isAsked = new Set(hosts);
  const byPage = Map.groupBy(config.hosts, (host) => shardIndexOf(placeOf(host), of));
  const tasks = [...byPage].flatMap(([index, own]): ShardTask[] => {
    const asked = own.map((host) => (isAsked.has(host) ? '1' : '0')).join('');
    const [notifiedOn] = own
      .flatMap((host) => (isAsked.has(host) ? (judging.notifiedOn?.(host) ?? []) : []))
      .sort();
    const since = notifiedOn === undefined ? {} : { notifiedOn };
    return asked.includes('1') ? [{ ...run, roll, index, asked, ...since }] : [];
  });
  // Workers know of open problems and of events what the records say.
  const memory = openHostRecords(records, config.hosts.length, now);
  for (const host of hosts) {
    const notices = noticesOf(host, judging);
    if (notices.watch?.length || notices.changes?.length) memory.learn(host, notices);
  }
  let lost = await memory.close();
  await workers.send(tasks);

  const unreadable = (host: Host, why: string) =>
    reportHost(judge(host, { unreadable: why, hint: HINT }, now), timezone);
  const reports = new Map<Host, HostReport>();
  await pMap(
    tasks,
    async (task) => {
      const open = new Set(byPage.get(task.index)?.filter((host) => isAsked.has(host)));
      for (;;) {
        const page = await readPage(records, task);
        for (const host of open) {
          const { judgedAt = 0, report } = page?.hosts.get(placeOf(host)) ?? {};
          if (judgedAt < now) continue;
          open.delete(host);
          reports.set(host, readValue(hostReport, report) ?? unreadable(host, UNSOUND));
        }
        if (page?.warning !== undefined && page.warning.at >= now) lost ??= page.warning.says;
        if (open.size === 0 || budget.left() <= 0) return;
        await workers.pause(Math.min(POLL_MS, budget.left()));
      }
    },
    { concurrency: PAGES_AT_ONCE },
  );
  const reportOf = (host: Host) => reports.get(host) ?? unreadable(host, UNANSWERED);
  return { judged: hosts.map((host) => ({ host, report: reportOf(host) })), lost };
}

// The same words for all: when many pages are lost, the mail says so once.
const HINT =
  'wait for the next run, which looks again; why: npx serverless logs --function checkShard';
const UNANSWERED = 'its part of the config was not judged in time';
const UNSOUND = 'the report on its record is not what a worker writes';

/** A state bucket out of reach may be in reach again a second later. */
function readPage(records: RecordStore, shard: Shard): Promise<RecordPage | undefined> {
  return ifInReach(async () => parseRecords((await records.read(recordPage(shard))).text ?? ''));
}

/** A task that must not be done: it cannot be read, is from the future, or is for another config. */
class TaskError extends Error {
  override readonly name = 'TaskError';
}

/** `late`: nobody waits for it any more. */
export type Answered = { readonly hosts: number; readonly answer: 'given' | 'late' };

/**
 * Judges as of the instant of the run that handed it out: one that comes twice changes nothing. Throws `TaskError`, or
 * `RecordError` when the reports could not be left: the queue then hands the task out again.
 */
export async function runWorker(
  dependencies: { readonly store: ObjectStore; readonly records: RecordStore },
  config: Config,
  message: unknown,
  clock: Instant,
  budget: Budget,
): Promise<Answered> {
  const task = parseTask(message);
  if (task === undefined || task.now - clock > SKEW) {
    throw new TaskError('this is no task for a shard; see who writes to the queue');
  }
  if (task.deadline <= clock) return { hosts: 0, answer: 'late' };
  const all = config.hosts.filter((host) => shardIndexOf(placeOf(host), task.of) === task.index);
  if (task.roll !== (await hashConfig(config)) || task.asked.length !== all.length) {
    throw new TaskError(
      'the task is for another config; the next run hands out tasks for this one',
    );
  }
  const { now } = task;
  const hosts = all.filter((_, at) => task.asked[at] === '1');
  const judging = {
    ...{ now, budget, timezone: config.timezone, allHosts: config.hosts },
    notifiedOn: () => task.notifiedOn,
  };
  const { lost, isKept } = await judgeHosts(dependencies, hosts, judging);
  if (!isKept) throw new RecordError(`${lost}`);
  return { hosts: hosts.length, answer: 'given' };
}

/** Without a queue that takes tasks, or a state bucket to read reports from, it judges what it can in its own time. */
export async function judgeConfig(
  dependencies: {
    readonly store: ObjectStore;
    readonly records: RecordStore;
    readonly workers?: Workers | undefined;
  },
  config: Config,
  hosts: readonly Host[],
  times: RunTimes,
  hasRecords: boolean,
): Promise<Judged> {
  const { workers } = dependencies;
  const { budget } = times;
  const judging = { ...times, allHosts: config.hosts };
  const isTooMuch = workers !== undefined && hosts.length > workers.hostsARun;
  if (!isTooMuch || budget === undefined || !hasRecords)
    return judgeHosts(dependencies, hosts, judging);
  try {
    return await judgeByWorkers({ ...dependencies, workers }, config, hosts, { ...times, budget });
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    const judged = await judgeHosts(dependencies, hosts, judging);
    return { ...judged, lost: `${error.message}: one run judged what it could` };
  }
}
