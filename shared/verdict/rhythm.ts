// When a host's backups usually begin and end: a hint to whoever asks why one did not come.
import { isComplete } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Verdict } from './judge.ts';
import { wallClock } from './zone.ts';

/** Of the last fulls that were done within a day: only the time of day of each of the three instants counts. */
export type Rhythm = {
  readonly fulls: number;
  /** The earliest and the latest begin, by the host's clock. */
  readonly beganFrom: Instant;
  readonly beganUntil: Instant;
  /** The latest end, by S3's clock. */
  readonly doneBy: Instant;
};

const DAY = 86_400_000;
const FEWEST = 3;
const MOST = 7;

/** Counted from the time of day at which the window opens, so that midnight may lie among them. */
export function rhythmOf({ sets, host, window }: Verdict): Rhythm | undefined {
  const { timezone } = host;
  const opensAt = wallClock(window.opensAt, timezone);
  const runs = sets
    .filter((set) => set.type === 'full' && isComplete(set) !== false)
    .flatMap(({ startedAt, manifest }) => {
      const doneAt = manifest?.writtenAt ?? Number.POSITIVE_INFINITY;
      if (doneAt < startedAt || doneAt - startedAt >= DAY) return [];
      const began = (((wallClock(startedAt, timezone) - opensAt) % DAY) + DAY) % DAY;
      return [{ startedAt, began, doneAt, ended: began + doneAt - startedAt }];
    })
    .slice(-MOST);
  const byBegin = runs.toSorted((a, b) => a.began - b.began);
  const [first] = byBegin;
  const last = byBegin.at(-1);
  const slowest = runs.toSorted((a, b) => a.ended - b.ended).at(-1);
  if (!first || !last || !slowest || runs.length < FEWEST) return undefined;
  return {
    fulls: runs.length,
    beganFrom: first.startedAt,
    beganUntil: last.startedAt,
    doneBy: slowest.doneAt,
  };
}

/** True when nothing at all that duplicity writes came since the window opened. */
export function isQuiet({ sets, window, findings }: Verdict): boolean {
  const spelledWrong = findings.some(({ kind }) => kind === 'poisoned');
  return (
    !spelledWrong &&
    sets.every(
      ({ startedAt, lastWriteAt }) => startedAt < window.opensAt && lastWriteAt < window.opensAt,
    )
  );
}
