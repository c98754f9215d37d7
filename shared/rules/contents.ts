// What else is found in a target, whether or not its window was answered.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import { DAY, HOUR, type Instant } from '../duplicity/time.ts';
import { coldAmong } from '../duplicity/versions.ts';
import { homeOf, isHome } from './answer.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type Finding, type Severity, showNames, timesOf } from './finding.ts';
import { type Window, windowBefore } from './window.ts';

// The longest that one session is believed to take; the restore kit says the same (LONGEST_RUN).
const LONGEST_RUN = 36 * HOUR;

/** What is found of single files, whatever set they are of. */
export function judgeFiles({ poison, unencrypted, parity }: Collection): Finding[] {
  type Kind = 'poisoned' | 'unencrypted' | 'parity';
  const found = (kind: Kind, severity: Severity, names: readonly string[]): Finding[] =>
    names.length === 0 ? [] : [{ kind, severity, ...showNames(names) }];
  const poisoned = poison.flatMap(({ names }) => names);
  return [
    ...found('poisoned', 'critical', poisoned),
    ...found('unencrypted', 'critical', unencrypted),
    ...found('parity', 'info', parity),
  ];
}

/** Critical when one was written since the window before was judged; an older one is information for as long as it lasts. */
export function judgeIncrementals(
  host: Host,
  sets: readonly BackupSet[],
  window: Window,
): Finding[] {
  if (host.chain !== undefined) return [];
  const incrementals = sets.filter((set) => set.type === 'inc');
  const [first] = incrementals;
  if (first === undefined) return [];
  // The volumes of one that was killed are not listed, and may have come until now.
  const lastSignOf = (set: BackupSet) =>
    set.volumes === undefined && set.manifest === undefined
      ? set.startedAt + DAY
      : Math.max(set.startedAt, set.lastWriteAt);
  const judgedAt = windowBefore(host, window).dueAt;
  const isNew = incrementals.some((set) => lastSignOf(set) >= judgedAt);
  return [
    {
      kind: 'incremental',
      severity: isNew ? 'critical' : 'info',
      name: first.sample,
      startedAt: first.startedAt,
      count: incrementals.length,
    },
  ];
}

/**
 * A name and S3's clock disagree: it is of a later day, and ahead of now; or its manifest came since the window opened,
 * over 36 hours after it, and after its grace. A name of the window's own day that is ahead is `damaged`.
 */
export function judgeClocks(
  host: Host,
  backups: readonly Assessment[],
  window: Window,
  now: Instant,
): Finding[] {
  return backups.flatMap((one): Finding[] => {
    const { startedAt, set } = one;
    const { manifest } = set;
    const writtenAt = Math.min(manifest?.writtenAt ?? now, now);
    const aheadMs = startedAt - writtenAt;
    const isAhead = startedAt > now + SKEW && startedAt >= window.endsAt;
    const isNew = manifest !== undefined && writtenAt >= window.opensAt;
    const isInTime = writtenAt <= (homeOf(host, one)?.hardDueAt ?? 0);
    return isAhead || (isNew && aheadMs < -LONGEST_RUN && !isInTime)
      ? [{ kind: 'clock-skew', severity: 'info', startedAt, aheadMs }]
      : [];
  });
}

export function judgeCount(host: Host, sets: readonly Assessment[], window: Window): Finding[] {
  const begun = sets.filter((one) => one.set.type === 'full' && isHome(host, window, one));
  return begun.length < 2
    ? []
    : [{ kind: 'duplicate-full', severity: 'info', fulls: begun.map(timesOf) }];
}

// The first file of a run comes soon; sets that somebody copied here have times that tell nothing of their runs.
const FIRST_FILE = 6 * HOUR;
const SHOWN = 3;

/**
 * Two sets that arrived at the same time, by S3's clock alone: from the first file of each to its manifest, or to the newest
 * file of one that has none. Of those that came since the window opened.
 */
export function judgeOverlap(sets: readonly Assessment[], window: Window): Finding[] {
  const runs = sets
    .map((one) => {
      const { manifest, arrivedAt: from, lastWriteAt } = one.set;
      return { one, from, until: manifest?.writtenAt ?? lastWriteAt };
    })
    .filter(
      ({ one, from, until }) =>
        from <= until && until >= window.opensAt && from <= one.startedAt + FIRST_FILE,
    )
    .sort((a, b) => a.from - b.from || b.until - a.until);
  const both = new Set<Assessment>();
  let last = runs[0];
  for (const next of runs.slice(1)) {
    if (last !== undefined && next.from < last.until) both.add(last.one).add(next.one);
    if (last === undefined || next.until > last.until) last = next;
  }
  const found = [...both].sort((a, b) => a.startedAt - b.startedAt);
  const shown = found.slice(0, SHOWN).map(timesOf);
  return found.length === 0
    ? []
    : [{ kind: 'overlapping', severity: 'info', sets: shown, count: found.length }];
}

/** A set is read again when its own bytes were; until then it is a warning. */
export function judgeCopies(sets: readonly Assessment[]): Finding[] {
  const copied = sets.flatMap(({ faults }) =>
    faults.flatMap(({ finding }) => (finding?.kind === 'copied' ? finding.sets : [])),
  );
  return (['warning', 'info'] as const).flatMap((severity): Finding[] => {
    const own = copied.filter(({ isRead }) => isRead === (severity === 'info'));
    return own.length === 0 ? [] : [{ kind: 'copied', severity, sets: own }];
  });
}

/** Of the last good copy, and of all that it builds on. */
export function judgeCold(
  sets: readonly Assessment[],
  lastGood: Assessment | undefined,
): Finding[] {
  if (lastGood === undefined) return [];
  const { startedAt } = lastGood;
  const storageClasses = chainOf(sets, lastGood).flatMap(({ set }) => set.storageClasses);
  const cold = coldAmong(storageClasses);
  const files = storageClasses.filter((one) => cold.includes(one)).length;
  return files === 0
    ? []
    : [{ kind: 'cold', severity: 'info', startedAt, files, storageClasses: cold }];
}

/** The set, and those that it builds on: each is older than the next. */
export function chainOf(sets: readonly Assessment[], last: Assessment): Assessment[] {
  const chain = [last];
  for (let { basedOn } = last.set; basedOn !== undefined; ) {
    const base = sets.find(({ startedAt }) => startedAt === basedOn);
    if (base === undefined || base.startedAt >= (chain.at(-1)?.startedAt ?? 0)) break;
    chain.push(base);
    basedOn = base.set.basedOn;
  }
  return chain;
}
