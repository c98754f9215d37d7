// Every host that is asked for, read and judged at one instant.
import pMap from 'p-map';
import type { Host } from '../config/config.ts';
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { type HostEvidence, type Judgement, judge, type Unreadable } from '../rules/judge.ts';
import { closedWindow } from '../rules/window.ts';
import { type Depth, listSets } from './list-sets.ts';
import { type ObjectStore, TargetUnreadableError } from './object-store.ts';
import { readEvidence } from './read-evidence.ts';
import { type SetMemory, startRemembering } from './set-records.ts';
import type { RecordStore } from './state.ts';

/** How the check looks; `onHost` is called after each host, for progress. */
export type CheckOptions = {
  readonly now: Instant;
  readonly depth: Depth;
  /** Names of files whose sets are read too, however old they are. */
  readonly alsoSetsOf?: readonly string[];
  /** What is remembered of finished fulls; without it only the bucket is read. */
  readonly memory?: SetMemory | undefined;
  /** What has not been read when it is spent is unreadable; without it there is time for all. */
  readonly budget?: Budget | undefined;
  readonly onHost?: (done: number, of: number) => void;
};

/** So many keep a processor busy: docs/performance.md. */
export const HOSTS_AT_ONCE = 32;

/** What the time of a run did not suffice for is unknown, and looked at again by the next one. */
export const OUT_OF_TIME: Unreadable = {
  unreadable: 'the time of the run was used up before it had been read',
  hint: 'wait for the next run, which looks again; if it lasts, see whether S3 is slow',
};

/** What is known of a target for which the time did not suffice. */
export const NOT_IN_TIME: Reading = { collection: OUT_OF_TIME, evidence: {} };

/** One verdict for each host, in the order given. A target that cannot be read is a verdict, not an error. */
export async function checkHosts(
  store: ObjectStore,
  hosts: readonly Host[],
  options: CheckOptions,
): Promise<Judgement[]> {
  let done = 0;
  return pMap(
    hosts,
    async (host) => {
      const { collection, evidence } = await whileTimeLasts(
        options.budget,
        () => readTarget(store, host, options),
        () => NOT_IN_TIME,
      );
      done += 1;
      options.onHost?.(done, hosts.length);
      return judge(host, collection, options.now, evidence);
    },
    { concurrency: HOSTS_AT_ONCE },
  );
}

type Reading = { readonly collection: Collection | Unreadable; readonly evidence: HostEvidence };

/** What a host's target held at `now` and the other evidence, or why that is not known. */
export async function readTarget(
  store: ObjectStore,
  host: Host,
  { now, memory, ...options }: CheckOptions,
): Promise<Reading> {
  try {
    const since = closedWindow(host, now).opensAt;
    const [newest] = (await memory?.recall(host)) ?? [];
    const reach = { ...options, since, now, usualFiles: newest?.files };
    const collection = await listSets(store.list, host, reach);
    return { collection, evidence: await readEvidence(store, host, collection, now, memory) };
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return { collection: { unreadable: error.message, hint: error.hint }, evidence: {} };
  }
}

/** For which tick, as of when, until when, and into how many shards the config is cut. */
export type Judging = {
  readonly until: Instant;
  readonly now: Instant;
  readonly budget: Budget | undefined;
  readonly shards: number;
};

/** One verdict for each host that was asked for, in their order. */
export type Judged = {
  readonly judgements: readonly Judgement[];
  /** What is not remembered of earlier backups, or of these. */
  readonly lost?: string | undefined;
};

/** Never fails for a state bucket that cannot be read. */
export async function judgeHosts(
  { store, records }: { readonly store: ObjectStore; readonly records: RecordStore },
  hosts: readonly Host[],
  { until, now, budget, shards }: Judging,
): Promise<Judged> {
  const memory = startRemembering(records, until, hosts, shards);
  const judgements = await checkHosts(store, hosts, { now, depth: 'recent', memory, budget });
  return { judgements, lost: await memory.close() };
}

/** The time of one run. */
export type Budget = {
  /** Milliseconds; none or fewer = it is spent. */
  readonly left: () => number;
  /** Resolves when it is spent. */
  readonly spent: Promise<void>;
};

/** What the work answers, or the other when the time is spent first; work that is under way is then left alone. */
export async function whileTimeLasts<Value>(
  budget: Budget | undefined,
  work: () => Promise<Value>,
  otherwise: () => Value,
): Promise<Value> {
  if (budget === undefined) return work();
  return budget.left() <= 0 ? otherwise() : Promise.race([work(), budget.spent.then(otherwise)]);
}
