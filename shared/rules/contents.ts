// What else is found in a target, whether or not its window was answered.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { isIn } from './answer.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type Finding, showNames, timesOf } from './finding.ts';
import { type Window, windowBefore } from './window.ts';

const DAY = 86_400_000;
// The longest that one session is believed to take; the restore kit says the same (LONGEST_RUN).
const LONGEST_RUN = 36 * 3_600_000;

export function judgePoison({ poison }: Collection): Finding[] {
  const names = poison.flatMap((one) => one.names);
  return names.length === 0
    ? []
    : [{ kind: 'poisoned', severity: 'critical', ...showNames(names) }];
}

/** Critical when one was written since the window before was judged; an older one is information for as long as it lasts. */
export function judgeIncrementals(
  host: Host,
  sets: readonly BackupSet[],
  window: Window,
): Finding[] {
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

export function judgeEncryption({ unencrypted }: Collection): Finding[] {
  return unencrypted.length === 0
    ? []
    : [{ kind: 'unencrypted', severity: 'critical', ...showNames(unencrypted) }];
}

/**
 * A name and S3's clock disagree: a full of a later day is begun after now; or its manifest came since the window opened,
 * over 36 hours after the time in its name. A name of the window's own day that is ahead is `damaged`.
 */
export function judgeClocks(fulls: readonly Assessment[], window: Window, now: Instant): Finding[] {
  return fulls.flatMap(({ startedAt, set: { manifest } }): Finding[] => {
    const writtenAt = Math.min(manifest?.writtenAt ?? now, now);
    const aheadMs = startedAt - writtenAt;
    const isAhead = startedAt > now + SKEW && startedAt >= window.endsAt;
    const isNew = manifest !== undefined && writtenAt >= window.opensAt;
    return isAhead || (isNew && aheadMs < -LONGEST_RUN)
      ? [{ kind: 'clock-skew', severity: 'info', startedAt, aheadMs }]
      : [];
  });
}

export function judgeCount(fulls: readonly Assessment[], window: Window): Finding[] {
  const begun = fulls.filter((set) => isIn(window, set.startedAt));
  return begun.length < 2
    ? []
    : [{ kind: 'duplicate-full', severity: 'info', fulls: begun.map(timesOf) }];
}

export function judgeForeign({ foreign }: Collection): Finding[] {
  return foreign.length === 0 ? [] : [{ kind: 'foreign', severity: 'info', ...showNames(foreign) }];
}
