// Which full answers for which window, and how far the next one is.

import type { Host } from '../config/config.ts';
import { type BackupSet, completedAt, isComplete } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Window, windowAfter } from './window.ts';

/** How far the window that is open now has come. */
export type Progress = {
  readonly window: Window;
  readonly state: 'done' | 'uploading' | 'not yet';
};

/** Clocks that differ by less are taken for the same. */
export const SKEW = 5 * 60_000;

const ARRIVING = 60 * 60_000;

/** Both clocks agree: the set began in the window's day, and its manifest was written in it, by now. */
export function doesAnswer(set: BackupSet, window: Window, now: Instant): boolean {
  const doneAt = completedAt(set);
  return (
    doneAt !== undefined && doneAt <= now && isIn(window, set.startedAt) && isIn(window, doneAt)
  );
}

/** Within the window's day, which is longer than the window. */
export function isIn(window: Window, at: Instant): boolean {
  return at >= window.opensAt && at < window.endsAt;
}

/** Not complete, and a volume of it came within the last hour. */
export function isArriving(set: BackupSet, now: Instant): boolean {
  const lastAt = set.volumes?.lastAt;
  return lastAt !== undefined && now - lastAt <= ARRIVING && isComplete(set) === false;
}

/** The full that shows today who can open the backups: the newest with a manifest, and not from the future. */
export function newestFull(sets: readonly BackupSet[], now: Instant): BackupSet | undefined {
  return sets.findLast(
    (set) => set.type === 'full' && set.manifest !== undefined && set.startedAt <= now + SKEW,
  );
}

/** Nothing before the next window opens. */
export function progressOf(
  host: Host,
  window: Window,
  fulls: readonly BackupSet[],
  now: Instant,
): Progress | undefined {
  const next = windowAfter(host, window);
  if (now < next.opensAt) return undefined;
  const begun = fulls.filter((set) => isIn(next, set.startedAt));
  if (begun.some((set) => doesAnswer(set, next, now))) return { window: next, state: 'done' };
  const uploading = begun.some((set) => isArriving(set, now));
  return { window: next, state: uploading ? 'uploading' : 'not yet' };
}
