// Which sets nobody will miss: those that two newer good fulls have replaced, for as long as the roll keeps a backup.
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import type { Blindness } from '../duplicity/listing.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { isIn, SKEW } from './answer.ts';
import { keepOf } from './lifecycle.ts';
import { goodFulls } from './retention.ts';
import { judgeTampering } from './tamper.ts';
import { windowOf } from './window.ts';

/** What may go, oldest first; with `held` nothing may, because. */
export type Superseded = {
  readonly sets: readonly BackupSet[];
  readonly held: 'tampered' | 'poisoned' | Blindness | undefined;
};

/** The good fulls of one window's day that have stood long enough to take the place of what is older, newest first. */
type Successors = { readonly endsAt: Instant; readonly fulls: readonly BackupSet[] };

const SUCCESSORS = 2;
const DAY = 86_400_000;

/**
 * A set is superseded by two good fulls of different days that were wholly written after it and have stood for `keepDays`
 * since, by S3's clock. They are what somebody with a host's key can forge, so each has to be beyond doubt: of one day by both
 * clocks, encrypted, with signatures, not overwritten, and not so small that it would be `shrunk` beside the set that it
 * replaces. An upload in parts is dated when it is begun, and nobody sees it until it is finished: volumes come so, the
 * manifest, which is small and comes last, may not. A target that was tampered with or is poisoned, and one whose versions
 * are not known, is held as it is. `read` is the whole target. Pure; the order of the listing makes no difference.
 */
export function findSuperseded(host: Host, read: Collection, now: Instant): Superseded {
  const held = holds(host, read, now);
  if (held !== undefined) return { sets: [], held };
  const good = new Set(goodFulls(read, now));
  const days = successorsOf(host, [...good].reverse(), now);
  const sets = read.sets.filter((set) => {
    const least = good.has(set) ? set.bytes * host.size.shrink : 0;
    let count = 0;
    // A day is passed over at a glance, and left at its first that fits: whoever fills a target with sets gains no time.
    return days.some(({ endsAt, fulls }) => {
      const has =
        set.lastWriteAt < endsAt &&
        fulls.some((one) => one.bytes >= least && isAfter(one, set, now));
      count += has ? 1 : 0;
      return count >= SUCCESSORS;
    });
  });
  return { sets: sets.sort((a, b) => a.lastWriteAt - b.lastWriteAt), held: undefined };
}

function holds(host: Host, read: Collection, now: Instant): Superseded['held'] {
  if (read.blind !== undefined) return read.blind;
  if (read.poison.length > 0) return 'poisoned';
  // The roll's own days tell which markers are lifecycle's; the rules need not be read for it.
  const keep = keepOf(host, { unread: 'not asked' });
  const tampering = judgeTampering(read, host, keep, windowOf(host, now));
  return tampering.some(({ kind }) => kind === 'tampered') ? 'tampered' : undefined;
}

function successorsOf(host: Host, good: readonly BackupSet[], now: Instant): Successors[] {
  const succeeds = (set: BackupSet) => {
    const window = windowOf(host, set.startedAt);
    const stands =
      isIn(window, set.firstWriteAt) &&
      isIn(window, set.lastWriteAt) &&
      set.lastWriteAt + host.keepDays * DAY <= now;
    const whole = set.encrypted && set.hasSignatures && set.bytes >= host.size.minBytes;
    return stands && whole && set.manifest?.inParts === false;
  };
  const endOf = ({ startedAt }: BackupSet) => windowOf(host, startedAt).endsAt;
  return [...Map.groupBy(good.filter(succeeds), endOf)].map(([endsAt, fulls]) => ({
    endsAt,
    fulls,
  }));
}

/** By both clocks; a name from the future says nothing. */
function isAfter(newer: BackupSet, set: BackupSet, now: Instant): boolean {
  const isLater = newer.startedAt > set.startedAt || set.startedAt > now + SKEW;
  return isLater && newer.firstWriteAt > set.lastWriteAt;
}
