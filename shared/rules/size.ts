// Is a full as big as this host's fulls are?

import type { SizeBounds } from '../config/config.ts';
import { type BackupSet, isComplete } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { median } from '../duplicity/volumes.ts';
import type { Finding } from './finding.ts';

/** A full of the past, as far as its size goes. */
export type SizedFull = Pick<BackupSet, 'startedAt' | 'bytes'>;

const BASELINE = 3;
const COMPARED = 30;
const TRUNCATED_SHARE = 0.95;

/**
 * `shrunk` or `grew` against the median of at least three and at most thirty earlier complete fulls, those in the
 * bucket and those that are `remembered`, or under the config's own minimum. Which fulls are earlier is known by their
 * names.
 */
export function judgeSize(
  full: BackupSet,
  all: readonly BackupSet[],
  bounds: SizeBounds,
  remembered: readonly SizedFull[] = [],
): Finding[] {
  const { bytes } = full;
  const inBucket = all.filter((set) => set.type === 'full' && isComplete(set));
  const usualBytes = usualOf([...remembered, ...inBucket], full.startedAt);
  const warn = (
    kind: 'shrunk' | 'grew',
    boundBytes: number,
    usual: number | undefined,
  ): Finding[] => [{ kind, severity: 'warning', bytes, usualBytes: usual, boundBytes }];
  if (bytes < bounds.minBytes) return warn('shrunk', bounds.minBytes, undefined);
  if (usualBytes === undefined) return [];
  if (bytes < usualBytes * bounds.shrink)
    return warn('shrunk', usualBytes * bounds.shrink, usualBytes);
  if (bytes > usualBytes * bounds.grow) return warn('grew', usualBytes * bounds.grow, usualBytes);
  return [];
}

function usualOf(fulls: readonly SizedFull[], before: Instant): number | undefined {
  const sizes = new Map(fulls.map(({ startedAt, bytes }) => [startedAt, bytes]));
  const earlier = [...sizes].filter(([startedAt]) => startedAt < before);
  const newest = earlier.sort(([a], [b]) => b - a).slice(0, COMPARED);
  return newest.length < BASELINE ? undefined : median(newest.map(([, bytes]) => bytes));
}

/**
 * A lost tail of volumes leaves no gap. duplicity cuts volumes to one size, so the last is the
 * remainder: in 79 recorded sets at most 0.44 of the median; as big as the others, it may not be the last.
 */
export function judgeTail(full: BackupSet): Finding[] {
  const { volumes } = full;
  if (volumes?.lastShare === undefined || volumes.lastShare < TRUNCATED_SHARE) return [];
  return [
    {
      kind: 'maybe-truncated',
      severity: 'warning',
      startedAt: full.startedAt,
      by: 'size',
      volumes: volumes.count,
    },
  ];
}
