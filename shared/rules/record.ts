// What is remembered of one host between runs, and what a look at it adds.

import * as v from 'valibot';
import type { Host } from '../config/config.ts';
import { isoDate, readValue } from '../config/json.ts';
import { type Collection, setIdOfSet } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Assessed, type Assessment, mayAnswer } from './assessment.ts';
import type { Change, OpenedBy } from './finding.ts';
import { type Fingerprint, placeOf } from './fingerprints.ts';
import type { KeepRules } from './lifecycle.ts';
import { type Copy, isPastFinish } from './tampering.ts';
import { addDays, type CalendarDate } from './window.ts';

/** One host, whatever its name is; it is found by where its backups lie. */
export type HostRecord = {
  /** As `placeOf` has it. */
  readonly place: string;
  /** When it was first seen in the config; `undefined`: before that was noted. */
  readonly knownSince?: Instant | undefined;
  /** The date of the newest window that owed nothing by the config of its day: it, and those before, count as no miss. */
  readonly excusedUntil?: CalendarDate | undefined;
  /** The days of the week on which a backup was owed, as of the last look; `undefined`: before that was noted. */
  readonly days?: readonly number[] | undefined;
  /** `undefined`: never, so that nothing of it is ordinary. */
  readonly listedAt: Instant | undefined;
  /** The sets that were not finished then. One that is left out is looked at again. */
  readonly unfinished: readonly string[];
  /** Newest first. */
  readonly fulls: readonly Fingerprint[];
  /** Oldest first, no two neighbours alike; the last is in force. */
  readonly keeps: readonly KeepRules[];
  /** Newest first: those that are kept of `changeCount`. */
  readonly changes: readonly Change[];
  readonly changeCount: number;
  /** Names of files whose sets are read each time, as an open problem is about them. */
  readonly watch: readonly string[];
  readonly judgedAt: Instant | undefined;
  /** How it was judged then: a report's entry, as JSON has it. */
  readonly report?: unknown;
};

/**
 * What a run has seen of a host. What it does not name stays as it was. `changeCount`: where there are more than it
 * names, how many there are now, with those of before.
 */
export type RecordNews = {
  readonly [Part in Exclude<keyof HostRecord, 'place'>]?: HostRecord[Part] | undefined;
} & {
  /** Keys of which the first change of a kind is kept for as long as they are named. */
  readonly keysKept?: readonly string[] | undefined;
};

/** The memory of one run. */
export type HostMemory = {
  /** As it was when it was first read in this run; `undefined`: nothing is remembered, or it cannot be read. */
  readonly recall: (host: Host) => Promise<HostRecord | undefined>;
  /** When it was first seen in the config; `undefined`: not known, as it cannot be read or something was lost. */
  readonly knownSince?: (host: Host) => Promise<Instant | undefined>;
  readonly learn: (host: Host, news: RecordNews) => void;
  /** Keeps what was learned. Answers what was wrong with the memory; it is never a reason not to check. */
  readonly close: () => Promise<string | undefined>;
};

/** A window that was late, or could not be read, is asked about again. */
export function isOpen(findings: readonly { readonly kind: string }[]): boolean {
  return findings.some(({ kind }) => kind === 'late' || kind === 'unreadable');
}

/** The newest window that was judged, whether it is open still and lacked its backup, and when the last good one began. */
export function lastJudged({ report }: Pick<HostRecord, 'report'>) {
  const read = readValue(lastReport, report);
  if (read === undefined) return undefined;
  const { window, findings, windowsMissed, lastGood } = read;
  const goodAt = lastGood ? Date.parse(lastGood.startedAt) : undefined;
  return { date: window.date, isOpen: isOpen(findings), isMissed: windowsMissed > 0, goodAt };
}

/** The date of the newest window that was judged for good. */
export function judgedOn(record: Pick<HostRecord, 'report'>): CalendarDate | undefined {
  const last = lastJudged(record);
  return last && addDays(last.date, last.isOpen ? -1 : 0);
}

const lastReport = v.object({
  window: v.object({ date: isoDate }),
  findings: v.array(v.object({ kind: v.string() })),
  windowsMissed: v.optional(v.number(), 0),
  lastGood: v.nullish(v.object({ startedAt: v.string() })),
});

/** What one look at a target has shown. */
export type Look = {
  readonly collection: Collection;
  readonly assessed: Assessed;
  /** Of the files of each full, by its time. */
  readonly hashes: ReadonlyMap<Instant, string>;
  readonly opened: ReadonlyMap<Instant, readonly OpenedBy[]>;
  readonly copies?: readonly Copy[];
  readonly keeps: readonly KeepRules[];
};

/**
 * What a look adds to the record. A full, and an incremental of a host with chains, is remembered once it is finished, and
 * nothing but its own bytes speaks against it: one that is encrypted to a foreign key stays known as that, and one that
 * was copied as what it is now.
 */
export function newsOfLook(
  host: Host,
  { collection, assessed, hashes, opened, copies = [], keeps }: Look,
  now: Instant,
): Pick<HostRecord, 'listedAt' | 'unfinished' | 'fulls' | 'keeps'> {
  const seen = new Set<Instant>();
  const copiedAt = new Map(
    copies.map(({ type, startedAt, lastAt }) => [`${type} ${startedAt}`, { copiedAt: lastAt }]),
  );
  const fulls = assessed.sets.flatMap((one): Fingerprint[] => {
    const { set, startedAt, completedAt, bytes } = one;
    const isFinished = completedAt !== undefined && isPastFinish(completedAt, now);
    const isSecond = seen.has(startedAt);
    seen.add(startedAt);
    if (!isFinished || isSecond || !mayAnswer(host, set) || !isToRemember(one)) return [];
    return [
      {
        ...{ place: placeOf(host), startedAt, sealedAt: now, firstWriteAt: set.firstWriteAt },
        ...{ bytes, files: (set.volumes?.count ?? 0) + 1 },
        ...{ hash: hashes.get(startedAt), opened: opened.get(startedAt) },
        ...(set.basedOn !== undefined && { basedOn: set.basedOn }),
        ...copiedAt.get(`${set.type} ${startedAt}`),
      },
    ];
  });
  const unfinished = collection.sets.filter(({ manifest }) => manifest === undefined);
  return { listedAt: now, keeps, fulls, unfinished: unfinished.map(setIdOfSet) };
}

// What is wrong with its own bytes, or with what it builds on, stays so whatever becomes of its files.
const REMEMBERED: ReadonlySet<string> = new Set([
  'wrong-recipient',
  'maybe-truncated',
  'chain-broken',
  'copied',
]);

function isToRemember({ faults }: Assessment): boolean {
  return faults.every(
    ({ spoils, finding }) => spoils !== 'restoring' || REMEMBERED.has(finding?.kind ?? ''),
  );
}
