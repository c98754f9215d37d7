// When lifecycle takes the last good copy away, and which sets newer good ones have replaced.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import { DAY, HOUR, type Instant } from '../duplicity/time.ts';
import type { Inconclusive } from '../duplicity/versions.ts';
import { homeOf, isIn } from './answer.ts';
import {
  type Assessed,
  type Assessment,
  assessSets,
  type SetsEvidence,
  SKEW,
} from './assessment.ts';
import type { Finding } from './finding.ts';
import { rememberedOpeners } from './fingerprints.ts';
import { heldAlways, hiddenBy, type Keep, type KeepRules, keepOf, removedBy } from './lifecycle.ts';
import type { HostRecord } from './record.ts';
import { findCopies, judgeTampering } from './tampering.ts';
import { type Window, windowOf } from './window.ts';

/** How long the last good copy lasts. */
export type Countdown = {
  readonly set: BackupSet;
  /** When lifecycle hides the first of its files, or did. */
  readonly hiddenAt: Instant;
  /** Until when it can be brought back; the same as `hiddenAt` where no versions are kept; `undefined`: not known. */
  readonly goneAt: Instant | undefined;
  readonly by: Keep['by'];
};

const CRITICAL = 4 * DAY;
const URGENT = 48 * HOUR;

/**
 * The good set that lasts longest, until the first of its files, or of those that it builds on, is hidden. With no good
 * set left, the newest hidden one. `undefined` where no rule hides anything; and where the config's days have passed and
 * nothing was hidden, as the bucket then keeps more than the config says.
 */
export function countDown(
  { good, hidden }: Assessed,
  inconclusive: Inconclusive | undefined,
  keep: Keep,
  now: Instant,
): Countdown | undefined {
  const goneAt = (hiddenAt: Instant) =>
    inconclusive === 'not kept'
      ? hiddenAt
      : inconclusive === undefined
        ? removedBy(keep, hiddenAt)
        : undefined;
  if (good.length > 0) {
    const lasting = good
      .flatMap(({ set, oldest }): Countdown[] => {
        const hiddenAt = hiddenBy(keep, oldest.firstWriteAt);
        return hiddenAt === undefined
          ? []
          : [{ set, hiddenAt, goneAt: goneAt(hiddenAt), by: keep.by }];
      })
      .sort((a, b) => a.hiddenAt - b.hiddenAt)
      .at(-1);
    const isDisproved = keep.by === 'roll' && lasting !== undefined && lasting.hiddenAt + DAY < now;
    return isDisproved ? undefined : lasting;
  }
  const last = hidden.at(-1);
  return last && { ...last, goneAt: removedBy(keep, last.hiddenAt), by: keep.by };
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

/** What may go, oldest first; with `held` nothing may, because. */
export type Superseded = {
  readonly sets: readonly BackupSet[];
  readonly held: 'tampered' | 'poisoned' | Inconclusive | undefined;
};

const SUCCESSORS = 2;

/**
 * A set is superseded by two good fulls of different days that were wholly written after it and have stood for `keepDays`
 * since. Somebody with a host's key can forge them, so each has to be beyond doubt, and not so small that it would be
 * `shrunk` next to the set that it replaces. Nothing is superseded in a target that was tampered with or is poisoned, or
 * whose versions are not known. `read` is the whole target, in any order.
 */
export function findSuperseded(
  host: Host,
  read: Collection,
  now: Instant,
  { fulls: fingerprints, keeps }: Partial<HostRecord> = {},
): Superseded {
  // The config's own days show which markers are lifecycle's, where no record knows the rules.
  const always = heldAlways(keepOf(host, { unknown: 'not asked' }), host.keepDays);
  const copies = findCopies(host, read, fingerprints);
  const held = reasonToHold(host, read, now, keeps?.length ? keeps : always, copies);
  if (held !== undefined) return { sets: [], held };
  const opened = rememberedOpeners(fingerprints);
  const assessed = assessSets(host, read, { opened, fingerprints, copies });
  const good = new Set(assessed.good.map(({ set }) => set));
  // What was never looked at takes the place of nothing, where there is a record that would know.
  const isKnown = ({ startedAt }: Assessment) =>
    fingerprints === undefined || host.recipients.length === 0 || opened.has(startedAt);
  const fulls = assessed.good.filter((one) => one.set.type === 'full' && isKnown(one));
  const days = successorsOf(host, fulls.reverse(), now);
  const isSuperseded = (set: BackupSet) => {
    const least = good.has(set) ? set.bytes * host.size.shrink : 0;
    let count = 0;
    // A day is passed over at a glance, and left at its first that fits: anyone who fills a target with sets gains no
    // time.
    return days.some(({ endsAt, fulls: ofDay }) => {
      const has =
        set.lastWriteAt < endsAt &&
        ofDay.some((one) => one.bytes >= least && isAfter(one, set, now));
      count += has ? 1 : 0;
      return count >= SUCCESSORS;
    });
  };
  const needed = new Set<Instant>();
  // Newest first: what a set that stays builds on stays as well.
  const sets = read.sets.toReversed().filter((set) => {
    const isNeeded = host.chain !== undefined && needed.has(set.startedAt);
    if (!isNeeded && isSuperseded(set)) return true;
    if (set.basedOn !== undefined) needed.add(set.basedOn);
    return false;
  });
  return { sets: sets.sort((a, b) => a.lastWriteAt - b.lastWriteAt), held: undefined };
}

function reasonToHold(
  host: Host,
  read: Collection,
  now: Instant,
  keeps: readonly KeepRules[],
  copies: SetsEvidence['copies'],
): Superseded['held'] {
  if (read.inconclusive !== undefined) return read.inconclusive;
  if (read.poison.length > 0) return 'poisoned';
  const tampering = judgeTampering(read, () => keeps, windowOf(host, now), { copies });
  return tampering.some(({ kind }) => kind === 'tampered') ? 'tampered' : undefined;
}

/**
 * The fulls of each window, begun in one day by both clocks, done in that day or within the grace, and `keepDays` old by S3's clock. An upload in
 * parts is dated when it is begun, and nobody sees it until it is finished: volumes may come so, the manifest not.
 */
function successorsOf(host: Host, good: readonly Assessment[], now: Instant) {
  const succeeds = ({ set, faults }: Assessment, { endsAt, hardDueAt }: Window) =>
    (set.lastWriteAt < endsAt || set.lastWriteAt <= hardDueAt) &&
    set.lastWriteAt + host.keepDays * DAY <= now &&
    faults.every(({ spoils }) => spoils === 'nothing') &&
    set.manifest?.inParts === false;
  const successors = good.flatMap((one) => {
    const home = homeOf(host, one);
    const isBegunIn = home !== undefined && isIn(home, one.set.firstWriteAt);
    return isBegunIn && succeeds(one, home) ? [{ endsAt: home.endsAt, full: one.set }] : [];
  });
  return [...Map.groupBy(successors, ({ endsAt }) => endsAt)].map(([endsAt, of]) => ({
    endsAt,
    fulls: of.map(({ full }) => full),
  }));
}

/** By both clocks; a name from the future proves nothing. */
function isAfter(newer: BackupSet, set: BackupSet, now: Instant): boolean {
  const isLater = newer.startedAt > set.startedAt || set.startedAt > now + SKEW;
  return isLater && newer.firstWriteAt > set.lastWriteAt;
}
