// Is a full as big as this host's fulls are?
import { type BackupSet, isComplete } from '../duplicity/backup-set.ts';
import { median } from '../duplicity/volumes.ts';
import type { SizeBounds } from '../roster/roster.ts';
import type { Finding } from './finding.ts';

const BASELINE = 3;
const TRUNCATED_SHARE = 0.95;

/**
 * `shrunk` or `grew` against the median of at least three earlier complete fulls, or under the roll's
 * own minimum. Which fulls are earlier is told by their names.
 */
export function judgeSize(
  full: BackupSet,
  all: readonly BackupSet[],
  bounds: SizeBounds,
): Finding[] {
  const { bytes } = full;
  const earlier = all.filter(
    (set) => set.type === 'full' && isComplete(set) && set.startedAt < full.startedAt,
  );
  const usualBytes =
    earlier.length < BASELINE ? undefined : median(earlier.map((set) => set.bytes));
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
