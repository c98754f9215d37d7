// Every host that is asked for, read and judged at one instant.
import pMap from 'p-map';
import type { Host } from '../config/config.ts';
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { hasNoHostKey } from '../messages/author-text.ts';
import { type HostReport, type JudgedHost, reportHost } from '../messages/host-report.ts';
import { SKEW } from '../rules/assessment.ts';
import type { Change } from '../rules/finding.ts';
import { type HostEvidence, type Judgement, judge, type Unreadable } from '../rules/judge.ts';
import type { HostMemory, RecordNews } from '../rules/record.ts';
import type { CalendarDate } from '../rules/window.ts';
import { type HostRecords, openHostRecords } from './host-records.ts';
import type { Depth } from './list-sets.ts';
import { type ObjectStore, TargetUnreadableError } from './object-store.ts';
import { readHost } from './read-evidence.ts';
import { newChanges } from './record-page.ts';
import type { RecordStore } from './state.ts';

/** How the check looks; `onHost` is called after each host, for progress. */
export type CheckOptions = {
  readonly now: Instant;
  readonly depth: Depth;
  /** Names of files whose sets are read too, however old they are. */
  readonly alsoSetsOf?: readonly string[] | undefined;
  /** Who changed what, as events say. */
  readonly changes?: readonly Change[] | undefined;
  /** The date of the newest window of which everybody was notified that had to be; without it the record's stands. */
  readonly notifiedOn?: CalendarDate | undefined;
  /** Until when the schedule had run before; without it nobody knows. */
  readonly ranUntil?: Instant | undefined;
  /** All hosts of the config: the keys of which it has no host's are others'. */
  readonly allHosts?: readonly Host[] | undefined;
  /** What is remembered of finished fulls; without it only the bucket tells. */
  readonly memory?: HostMemory | undefined;
  /** What has not been read when it is spent is unreadable; without it there is time for all. */
  readonly budget?: Budget | undefined;
  readonly onHost?: (done: number, of: number) => void;
};

/** So many keep a processor busy: docs/performance.md. */
const HOSTS_AT_ONCE = 32;

/** What the time of a run did not suffice for is unknown, and looked at again by the next one. */
export const OUT_OF_TIME: Unreadable = {
  unreadable: 'the time of the run was used up before it had been read',
  hint: 'wait for the next run, which looks again; if it lasts, see whether S3 is slow',
};

/** One verdict for each host, in the order given. A target that cannot be read is a verdict, not an error. */
export function checkHosts(
  store: ObjectStore,
  hosts: readonly Host[],
  options: CheckOptions,
): Promise<Judgement[]> {
  return checkEach(store, hosts, options, (judgement) => judgement);
}

/** The same, where no more is kept of each judgement than is taken of it: all that was listed of a host hangs on it. */
export async function checkEach<Taken>(
  store: ObjectStore,
  hosts: readonly Host[],
  options: CheckOptions,
  take: (judgement: Judgement) => Taken,
): Promise<Taken[]> {
  let done = 0;
  return pMap(
    hosts,
    async (host) => {
      const { judgement } = await judgeHost(store, host, options);
      done += 1;
      options.onHost?.(done, hosts.length);
      return take(judgement);
    },
    { concurrency: HOSTS_AT_ONCE },
  );
}

/** The judgement, and the changes that it is about. */
async function judgeHost(store: ObjectStore, host: Host, options: CheckOptions) {
  const { collection, evidence } = await whileTimeLasts(
    options.budget,
    () => readTarget(store, host, options),
    () => ({ collection: OUT_OF_TIME, evidence: { changes: options.changes ?? [] } }),
  );
  const judgement = judge(host, collection, options.now, evidence);
  return { judgement, changes: evidence.changes };
}

type Reading = {
  readonly collection: Collection | Unreadable;
  readonly evidence: HostEvidence & Required<Pick<HostEvidence, 'changes'>>;
};

/** What a host's target held at `now` and what else tells of it, or why that is not known. */
async function readTarget(
  store: ObjectStore,
  host: Host,
  { now, memory, alsoSetsOf = [], changes, allHosts, ...options }: CheckOptions,
): Promise<Reading> {
  let known: readonly Change[] = changes ?? [];
  try {
    const record = await memory?.recall(host);
    const nameOf = ({ key }: Change) => key.slice(host.target.prefix.length);
    const before = record?.changes ?? [];
    const all = [...before, ...newChanges(known, before)];
    // What was looked at and is about no open problem needs no listing of its own again.
    const isNew = ({ at }: Change) => at + SKEW > (record?.listedAt ?? 0);
    const names = new Set([
      ...[...alsoSetsOf, ...(record?.watch ?? [])],
      ...[...known, ...before.filter(isNew)].map(nameOf),
    ]);
    known = all.filter((change) => names.has(nameOf(change)));
    const isTrusted = ({ principal }: Change) => hasNoHostKey(principal, allHosts ?? [host]);
    const authors = { changes: known, isTrusted };
    const reach = { ...options, authors, now, alsoSetsOf: [...names] };
    const { collection, evidence } = await readHost(store, host, reach, memory);
    return { collection, evidence: { ...evidence, changes: known } };
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    const collection = { unreadable: error.message, hint: error.hint };
    return { collection, evidence: { changes: known } };
  }
}

/** As of when, and among which hosts: by their number the records are found. */
export type Judging = {
  readonly now: Instant;
  readonly budget?: Budget | undefined;
  readonly allHosts: readonly Host[];
  /** Where some of it was read before. */
  readonly memory?: HostRecords | undefined;
  /** Of the times in the reports. */
  readonly timezone: string;
  /** Names of files of a host that open problems are about; without it those on the host's record stand. */
  readonly alsoSetsOf?: ((host: Host) => readonly string[]) | undefined;
  /** The date of the newest window of a host that is done with; without it the one on the host's record stands. */
  readonly notifiedOn?: ((host: Host) => CalendarDate | undefined) | undefined;
  /** Until when the schedule had run before; without it nobody knows. */
  readonly ranUntil?: Instant | undefined;
  /** What is not on the host's record yet. */
  readonly changesOf?: ((host: Host) => readonly Change[]) | undefined;
};

/** All that were asked for, in their order. */
export type Judged = {
  readonly judged: readonly JudgedHost[];
  /** What is not remembered of earlier backups, or of these. */
  readonly lost?: string | undefined;
  /** False: not all of it is on their records. */
  readonly isKept?: boolean;
};

/** Leaves each report on the host's record. Never fails for a state bucket that cannot be read. */
export async function judgeHosts(
  { store, records }: { readonly store: ObjectStore; readonly records: RecordStore },
  hosts: readonly Host[],
  { now, budget, timezone, allHosts, ranUntil, ...judging }: Judging,
): Promise<Judged> {
  const memory = judging.memory ?? openHostRecords(records, allHosts.length, now);
  const reports = new Map<Host, HostReport>();
  const judge = async (host: Host) => {
    const notices = noticesOf(host, judging);
    const { changes, watch } = notices;
    const notifiedOn = judging.notifiedOn?.(host);
    const asked = { now, memory, budget, allHosts, changes, alsoSetsOf: watch, notifiedOn };
    const options = { ...asked, ranUntil, depth: 'recent' } as const;
    const { judgement, changes: known } = await judgeHost(store, host, options);
    const report = reportHost(judgement, timezone, known);
    memory.learn(host, { ...notices, judgedAt: now, report });
    reports.set(host, report);
  };
  await memory.forEachPage(hosts, async (own) => {
    await pMap(own, judge, { concurrency: HOSTS_AT_ONCE });
  });
  const lost = await memory.close();
  const judged = hosts.flatMap((host) => {
    const report = reports.get(host);
    return report === undefined ? [] : [{ host, report }];
  });
  return { judged, lost, isKept: memory.isKept() };
}

/** What a host's record is to say of open problems and of what events showed. */
export function noticesOf(
  host: Host,
  { alsoSetsOf, changesOf }: Pick<Judging, 'alsoSetsOf' | 'changesOf'>,
) {
  const watch = alsoSetsOf?.(host);
  const keysKept = watch?.map((name) => `${host.target.prefix}${name}`);
  return { watch, keysKept, changes: changesOf?.(host) } satisfies RecordNews;
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
