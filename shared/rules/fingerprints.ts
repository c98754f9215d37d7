// What is remembered of finished fulls, and which of them are not what they were any more.

import type { Host } from '../config/config.ts';
import { type BackupSet, type Collection, completedAt } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { ChangedFull, OpenedBy } from './finding.ts';
import { type Keep, mayBeHiddenFrom } from './lifecycle.ts';
import { goodFulls } from './retention.ts';
import { SLACK } from './tampering.ts';

/** One full as it was when it was first seen finished. */
export type Fingerprint = {
  /** Whose it is, by `placeOf`. */
  readonly place: string;
  readonly startedAt: Instant;
  readonly sealedAt: Instant;
  /** The oldest write to any of its files: from it lifecycle counts. */
  readonly firstWriteAt: Instant;
  readonly files: number;
  readonly bytes: number;
  /** Over its volumes and manifest; `undefined` where versions could not be listed. */
  readonly hash: string | undefined;
  /** Who can open it, and whether it was cut; `undefined` where that was not read. */
  readonly opened: readonly OpenedBy[] | undefined;
};

/** Where a host's fulls lie. A host that moves, or takes another file prefix, starts again. */
export function placeOf({ target, filePrefix }: Host): string {
  const { archive, manifest } = filePrefix;
  const behind = manifest === archive ? '' : ` ${JSON.stringify(manifest)}`;
  return `${target.bucket}/${target.prefix}${archive}${behind}`;
}

/**
 * The fingerprints that are broken: the full has other files, or is gone, before lifecycle may have hidden the first of
 * them. `hashes` are those of what is there now. What was not read this time is not broken, and what the versions show
 * is left to them.
 */
export function changedFulls(
  fingerprints: readonly Fingerprint[],
  { sets, histories, texts }: Collection,
  hashes: ReadonlyMap<Instant, string>,
  {
    keep,
    keepDays,
    now,
  }: { readonly keep: Keep; readonly keepDays: number; readonly now: Instant },
): ChangedFull[] {
  const withHistory = new Set(histories.map(({ startedAt }) => startedAt));
  return fingerprints.flatMap(({ startedAt, sealedAt, firstWriteAt, files, bytes, hash }) => {
    const isExcused = now >= mayBeHiddenFrom(firstWriteAt, keep, keepDays);
    if (hash === undefined || isExcused) return [];
    const set = sets.find((one) => one.type === 'full' && one.startedAt === startedAt);
    const found = hashes.get(startedAt);
    const isGone = set === undefined && !withHistory.has(startedAt);
    if (!isGone && (found === undefined || found === hash)) return [];
    const filesNow = texts.find((one) => one.startedAt === startedAt)?.files ?? 0;
    const then = { filesThen: files, bytesThen: bytes };
    return [{ startedAt, sealedAt, ...then, filesNow, bytesNow: set?.bytes ?? 0 }];
  });
}

/** The collection without the fulls whose fingerprints are broken: none of them is a good copy. */
export function unchangedOf(read: Collection, broken: readonly ChangedFull[]): Collection {
  const times = new Set(broken.map(({ startedAt }) => startedAt));
  const isUnchanged = ({ type, startedAt }: BackupSet) => type !== 'full' || !times.has(startedAt);
  return times.size === 0 ? read : { ...read, sets: read.sets.filter(isUnchanged) };
}

/**
 * The fulls of which there is something to remember that `fingerprints` do not hold; `opened` = who can open the
 * newest.
 */
export function newFingerprints(
  host: Host,
  fingerprints: readonly Fingerprint[],
  read: Collection,
  hashes: ReadonlyMap<Instant, string>,
  opened: ReadonlyMap<Instant, readonly OpenedBy[]>,
  now: Instant,
): Fingerprint[] {
  return goodFulls(read, now).flatMap((set): Fingerprint[] => {
    const { startedAt, firstWriteAt, bytes } = set;
    const known = fingerprints.find((one) => one.startedAt === startedAt);
    const next: Fingerprint = {
      ...{ place: placeOf(host), startedAt, sealedAt: now, firstWriteAt, bytes },
      files: (set.volumes?.count ?? 0) + 1,
      hash: hashes.get(startedAt),
      opened: opened.get(startedAt),
    };
    const isFinished = (completedAt(set) ?? now) + SLACK <= now;
    return isFinished && mergeFingerprints(known, next) !== known ? [next] : [];
  });
}

/**
 * What two fingerprints of one full prove together, the older one first: the first hash counts for ever. Returns
 * `known` itself where `next` adds nothing.
 */
export function mergeFingerprints(known: Fingerprint | undefined, next: Fingerprint): Fingerprint {
  if (known === undefined) return next;
  if (known.hash === undefined) return next.hash === undefined ? known : next;
  const adds =
    !hasAllEndings(known.opened) && hasAllEndings(next.opened) && next.hash === known.hash;
  return adds ? { ...known, opened: next.opened } : known;
}

/** Before endings were looked at, only recipients were remembered: that is to be read again. */
function hasAllEndings(opened: Fingerprint['opened']): boolean {
  return opened?.some(({ ending }) => ending !== undefined) ?? false;
}

/** Who can open a full by its own bytes, where that was read of these very files before. */
export function rememberedOpeners(
  fingerprints: readonly Fingerprint[],
  startedAt: Instant,
  hashes: ReadonlyMap<Instant, string>,
): readonly OpenedBy[] | undefined {
  const fingerprint = fingerprints.find((one) => one.startedAt === startedAt);
  const same = fingerprint?.hash !== undefined && fingerprint.hash === hashes.get(startedAt);
  return same && hasAllEndings(fingerprint.opened) ? fingerprint.opened : undefined;
}
