// Is a full as big as this host's fulls are, and is its last volume the last?

import type { SizeBounds } from '../config/config.ts';
import type { BackupSet } from '../duplicity/backup-set.ts';
import { median } from '../duplicity/volumes.ts';
import type { Finding } from './finding.ts';

/** A good full of before, as far as its size goes; `volumeBytes` is what most of its volumes have. */
export type SizedFull = Pick<BackupSet, 'startedAt' | 'bytes'> & {
  readonly volumes: number | undefined;
  readonly volumeBytes?: number | undefined;
};

const BASELINE = 3;
// As full as the emptiest of 3,358 full volumes of real sets.
const TRUNCATED_SHARE = 0.94;
const GREW_LEAST = 10 * 1024 * 1024;

/**
 * `shrunk` or `grew` against the median of three or more earlier fulls, or under the config's own minimum. A host of a few
 * kilobytes may double in a night: `grew` needs 10 MiB more than usual, too.
 */
export function judgeSize(
  { bytes }: BackupSet,
  earlier: readonly SizedFull[],
  bounds: SizeBounds,
): Finding[] {
  const warn = (kind: 'shrunk' | 'grew', boundBytes: number, usualBytes?: number): Finding[] => [
    { kind, severity: 'warning', bytes, usualBytes, boundBytes },
  ];
  if (bytes < bounds.minBytes) return warn('shrunk', bounds.minBytes);
  if (earlier.length < BASELINE) return [];
  const usual = median(earlier.map((full) => full.bytes));
  if (bytes < usual * bounds.shrink) return warn('shrunk', usual * bounds.shrink, usual);
  const most = Math.max(usual * bounds.grow, usual + GREW_LEAST);
  return bytes > most ? warn('grew', most, usual) : [];
}

/**
 * A lost tail of volumes leaves no gap. duplicity cuts volumes to one size, and the last is the remainder: as big as the
 * others, it may not be the last. That is so in 5 % of healthy fulls, and then information; it is a warning where one of
 * the three fulls before had more volumes, or was bigger by about one.
 */
export function judgeTail(
  { startedAt, bytes, volumes }: BackupSet,
  earlier: readonly SizedFull[],
): Finding[] {
  if (volumes === undefined) return [];
  const usual =
    volumes.usualBytes ??
    earlier.findLast(({ volumeBytes }) => volumeBytes !== undefined)?.volumeBytes;
  if (usual === undefined || volumes.lastBytes < usual * TRUNCATED_SHARE) return [];
  // Alone, and far bigger than a volume was before: how big one may be is not known any more.
  if (volumes.usualBytes === undefined && volumes.lastBytes > usual * 1.5) return [];
  // Of volumes of another size, as after another --volsize, their number tells nothing.
  const isAlike = (full: SizedFull) => full.bytes * 2 > (full.volumes ?? 0) * usual;
  const [before] = earlier
    .slice(-BASELINE)
    .filter(isAlike)
    .sort((a, b) => (b.volumes ?? 0) - (a.volumes ?? 0) || b.bytes - a.bytes);
  const bytesFewer = before && before.bytes - bytes;
  const isOneFewer =
    bytesFewer !== undefined && bytesFewer >= usual / 2 && bytesFewer <= usual * 1.5;
  const isLost = (before?.volumes ?? 0) > volumes.count || isOneFewer;
  const evidence = {
    startedAt,
    volumes: volumes.count,
    volumesBefore: before?.volumes,
    bytesFewer,
  };
  const severity = isLost ? 'warning' : 'info';
  return [{ kind: 'maybe-truncated', severity, by: 'size', ...evidence }];
}
