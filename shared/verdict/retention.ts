// The countdown: when lifecycle takes away the last good copy, and until when it can be brought back.
import { type BackupSet, type Collection, isComplete } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { SKEW } from './answer.ts';
import type { Finding } from './finding.ts';
import { hiddenBy, type Keep, removedBy } from './lifecycle.ts';
import { overwrittenFulls } from './tamper.ts';

/** How long the last good copy lasts. */
export type Countdown = {
  readonly set: BackupSet;
  /** When lifecycle hides the first of its files, or did. */
  readonly hiddenAt: Instant;
  /** Until when it can be brought back; the same as `hiddenAt` where no versions are kept; `undefined`: not known. */
  readonly goneAt: Instant | undefined;
  readonly by: Keep['by'];
};

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CRITICAL = 4 * DAY;
const URGENT = 48 * HOUR;

/** The fulls that restore: complete, not overwritten, and not from the future. Oldest first. */
export function goodFulls({ sets, histories }: Collection, now: Instant): BackupSet[] {
  const overwritten = overwrittenFulls(histories);
  return sets.filter(
    (set) =>
      set.type === 'full' &&
      isComplete(set) === true &&
      set.startedAt <= now + SKEW &&
      !overwritten.has(set.startedAt),
  );
}

/**
 * The good full that lasts longest: a set dies with the first of its files. With none left to see, the newest hidden one.
 * `undefined` where no rule hides anything, and where the roll's days have passed and nothing was hidden: then
 * the bucket keeps more than the roll says.
 */
export function countDown(read: Collection, keep: Keep, now: Instant): Countdown | undefined {
  const { blind, hiddenFulls, histories } = read;
  const goneAt = (hiddenAt: Instant) =>
    blind === 'not kept' ? hiddenAt : blind === undefined ? removedBy(keep, hiddenAt) : undefined;
  const good = goodFulls(read, now);
  if (good.length > 0) {
    const lasting = good
      .flatMap((set): Countdown[] => {
        const hiddenAt = hiddenBy(keep, set.firstWriteAt);
        return hiddenAt === undefined
          ? []
          : [{ set, hiddenAt, goneAt: goneAt(hiddenAt), by: keep.by }];
      })
      .sort((a, b) => a.hiddenAt - b.hiddenAt)
      .at(-1);
    const isDisproved = keep.by === 'roll' && lasting !== undefined && lasting.hiddenAt + DAY < now;
    return isDisproved ? undefined : lasting;
  }
  const overwritten = overwrittenFulls(histories);
  const hidden = hiddenFulls.findLast(
    ({ set }) => set.startedAt <= now + SKEW && !overwritten.has(set.startedAt),
  );
  return hidden && { ...hidden, goneAt: removedBy(keep, hidden.hiddenAt), by: keep.by };
}

/**
 * `expiring` where the last good copy is hidden within four days and no newer one has been begun since the window opened.
 * `stampedAt` is what S3 itself answered about its first volume, where it was asked.
 */
export function judgeRetention(
  countdown: Countdown | undefined,
  opensAt: Instant,
  now: Instant,
  stampedAt: Instant | undefined,
): Finding[] {
  if (countdown === undefined || !isCritical(countdown, opensAt, now)) return [];
  const { set, hiddenAt, goneAt, by } = countdown;
  const urgent = hiddenAt - now < URGENT;
  const evidence = { startedAt: set.startedAt, hiddenAt, goneAt, by, urgent, stampedAt };
  return [{ kind: 'expiring', severity: 'critical', ...evidence }];
}

/** So close that it alarms: hidden within four days, or already. */
export function isCritical({ set, hiddenAt }: Countdown, opensAt: Instant, now: Instant): boolean {
  return set.startedAt < opensAt && hiddenAt - now < CRITICAL;
}
