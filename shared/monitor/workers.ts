// A config that one run cannot hold: cut into shards, judged by workers over a queue, and put together again by this
// run.

import { type Config, type Host, type Shard, shardIndexOf, shardsOf } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { SKEW } from '../rules/answer.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { type Judgement, judge } from '../rules/judge.ts';
import { type Budget, type Judged, type Judging, judgeHosts } from './judge-hosts.ts';
import type { ObjectStore } from './object-store.ts';
import { RecordConflictError, RecordError, type RecordStore, shortHash } from './state.ts';
import {
  answerPage,
  answersTo,
  type CallingRun,
  formatAnswer,
  parseAnswer,
  parseTask,
  type ShardTask,
} from './worker-answer.ts';

/** Who judges the hosts that one run cannot hold. */
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

const POLL_MS = 1000;

/** The hosts of a shard, in the order of the config. */
export function hostsOf({ hosts }: Config, { index, of }: Shard): Host[] {
  return hosts.filter((host) => shardIndexOf(placeOf(host), of) === index);
}

/** A hash of the whole config: with another one the same task would mean something else. */
export function hashConfig(config: Config): Promise<string> {
  return shortHash(JSON.stringify(config));
}

/**
 * Hands out a task for every shard with a host to be judged, and waits for the answers until the time of this run is
 * spent. The hosts of a shard without a valid answer are unreadable: never ok, and never missing. Throws `QueueError`.
 */
export async function judgeInShards(
  { records, workers }: { readonly records: RecordStore; readonly workers: Workers },
  config: Config,
  hosts: readonly Host[],
  { until, now, budget, shards: of }: Judging & { readonly budget: Budget },
): Promise<Judged> {
  const isAsked = new Set(hosts);
  const run = { version: 1, until, now, deadline: now + Math.floor(budget.left()) } as const;
  const configHash = await hashConfig(config);
  const byIndex = Map.groupBy(config.hosts, (host) => shardIndexOf(placeOf(host), of));
  const open = new Map<string, Open>();
  for (const [index, all] of byIndex) {
    const called = all.filter((host) => isAsked.has(host));
    if (called.length === 0) continue;
    const asked = all.map((host) => (isAsked.has(host) ? '1' : '0')).join('');
    const task = { ...run, roll: configHash, index, of, asked };
    const page = answerPage(task);
    open.set(page, { page, task, hosts: called });
  }
  await workers.send([...open.values()].map(({ task }) => task));

  const judgements = new Map<Host, Judgement>();
  let lost: string | undefined;
  for (;;) {
    for (const { page, task, hosts: called, text } of await readAnswers(records, run, open)) {
      open.delete(page);
      const answer = parseAnswer(text, task, called);
      for (const [at, host] of called.entries()) {
        judgements.set(host, answer?.judgements[at] ?? judge(host, UNSOUND, now));
      }
      lost ??= answer?.lost;
    }
    if (open.size === 0 || budget.left() <= 0) break;
    await workers.pause(Math.min(POLL_MS, budget.left()));
  }
  return {
    judgements: hosts.map((host) => judgements.get(host) ?? judge(host, UNANSWERED, now)),
    lost,
  };
}

// The same words for all: when many shards are lost, the mail names the cause once.
const HINT =
  'wait for the next run, which looks again; why: npx serverless logs --function checkShard';
const UNANSWERED = { unreadable: 'its part of the config was not judged in time', hint: HINT };
const UNSOUND = {
  unreadable: 'what was answered for its part of the config is not what a worker writes',
  hint: HINT,
};

type Open = { readonly page: string; readonly task: ShardTask; readonly hosts: readonly Host[] };

/** Those that are there and still waited for. A state bucket out of reach may be in reach again a second later. */
async function readAnswers(
  records: RecordStore,
  run: CallingRun,
  open: ReadonlyMap<string, Open>,
): Promise<(Open & { readonly text: string })[]> {
  try {
    const there = (await records.list(answersTo(run))).flatMap((page) => open.get(page) ?? []);
    return await Promise.all(
      there.map(async (one) => ({ ...one, text: (await records.read(one.page)).text ?? '' })),
    );
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return [];
  }
}

/** A task that must not be answered: it cannot be read, is from the future, or is for another config. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
}

/** `late`: nobody waits for it any more; `twice`: it was answered already, and that answer stands. */
export type WorkerOutcome = { readonly hosts: number; readonly answer: 'given' | 'late' | 'twice' };

/**
 * Judges as of the instant of the run that asked. Written once: a task that comes twice changes nothing. Throws
 * `TaskError`, or `RecordError` when the answer could not be left: the queue then gives the task out again.
 */
export async function runWorker(
  dependencies: { readonly store: ObjectStore; readonly records: RecordStore },
  config: Config,
  message: unknown,
  clock: Instant,
  budget: Budget,
): Promise<WorkerOutcome> {
  const task = parseTask(message);
  if (task === undefined || task.now - clock > SKEW) {
    throw new TaskError('this is no task for a shard; see who writes to the queue');
  }
  if (task.deadline <= clock) return { hosts: 0, answer: 'late' };
  const all = hostsOf(config, task);
  if (task.roll !== (await hashConfig(config)) || task.asked.length !== all.length) {
    throw new TaskError(
      'the task is for another config; the next run hands out tasks for this one',
    );
  }
  const { until, now, of: shards } = task;
  const hosts = all.filter((_, at) => task.asked[at] === '1');
  const judged = await judgeHosts(dependencies, hosts, { until, now, shards, budget });
  try {
    await dependencies.records.write(answerPage(task), formatAnswer(task, judged), undefined);
    return { hosts: hosts.length, answer: 'given' };
  } catch (error) {
    if (!(error instanceof RecordConflictError)) throw error;
    return { hosts: hosts.length, answer: 'twice' };
  }
}

/** Without a queue that takes tasks, or a state bucket to read answers from, it judges what it can in its own time. */
export async function judgeAllHosts(
  dependencies: {
    readonly store: ObjectStore;
    readonly records: RecordStore;
    readonly workers?: Workers | undefined;
  },
  config: Config,
  hosts: readonly Host[],
  { hasRecords, ...times }: Omit<Judging, 'shards'> & { readonly hasRecords: boolean },
): Promise<Judged> {
  const { workers } = dependencies;
  const { budget } = times;
  const shards = workers === undefined ? 1 : shardsOf(config.hosts.length, workers.hostsARun);
  const judging = { ...times, shards };
  const isTooMuch = workers !== undefined && hosts.length > workers.hostsARun;
  if (!isTooMuch || budget === undefined || !hasRecords)
    return judgeHosts(dependencies, hosts, judging);
  try {
    return await judgeInShards({ ...dependencies, workers }, config, hosts, { ...judging, budget });
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    const judged = await judgeHosts(dependencies, hosts, judging);
    return { ...judged, lost: `${error.message}: one run judged what it could` };
  }
}
