// What is remembered of each finished full, and which fulls are not what they were any more.

import type { Host } from '../config/config.ts';
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { ChangedFull, OpenedBy } from './finding.ts';
import { type KeepRules, mayHaveTaken } from './lifecycle.ts';

/** One full, or one incremental of a host with chains, as it was when it was first seen finished. */
export type Fingerprint = {
  /** Whose it is, by `placeOf`. */
  readonly place: string;
  readonly startedAt: Instant;
  /** Of an incremental. */
  readonly basedOn?: Instant;
  readonly sealedAt: Instant;
  /** The oldest write to any of its files: from it lifecycle counts. */
  readonly firstWriteAt: Instant;
  readonly files: number;
  readonly bytes: number;
  /** Over its volumes and manifest; `undefined` where versions could not be listed. */
  readonly hash: string | undefined;
  /** Who can open it, and whether it was cut; none of a file in cold storage. `undefined`: it was not looked at. */
  readonly opened: readonly OpenedBy[] | undefined;
  /** It is what it was at this copy of it, see `findCopies`; `opened` is of the copy too. */
  readonly copiedAt?: Instant | undefined;
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
  keeps: readonly KeepRules[],
  now: Instant,
): ChangedFull[] {
  // Delete markers with nothing below them tell nothing, as of a set that was never finished.
  const withHistory = new Set(
    histories.flatMap(({ startedAt, finishedAt }) => (finishedAt === undefined ? [] : startedAt)),
  );
  return fingerprints.flatMap((fingerprint) => {
    const { startedAt, basedOn, sealedAt, firstWriteAt, files, bytes, hash } = fingerprint;
    if (hash === undefined || mayHaveTaken(keeps, firstWriteAt, now)) return [];
    const set = sets.find((one) => one.startedAt === startedAt && one.basedOn === basedOn);
    const found = hashes.get(startedAt);
    const isGone = set === undefined && !withHistory.has(startedAt);
    if (!isGone && (found === undefined || found === hash)) return [];
    const text = set && texts.find((one) => one.startedAt === startedAt);
    const then = { ...(basedOn !== undefined && { basedOn }), filesThen: files, bytesThen: bytes };
    return [
      { startedAt, sealedAt, ...then, filesNow: text?.files ?? 0, bytesNow: set?.bytes ?? 0 },
    ];
  });
}

/**
 * What two fingerprints of one full prove together, the older one first: the first hash counts until it was copied.
 * Returns `known` itself where `next` adds nothing.
 */
export function mergeFingerprints(known: Fingerprint | undefined, next: Fingerprint): Fingerprint {
  if (known === undefined) return next;
  if ((next.copiedAt ?? 0) > (known.copiedAt ?? 0)) return next;
  if (known.hash === undefined) return next.hash === undefined ? known : next;
  const adds = !wasLookedAt(known) && next.opened !== undefined && next.hash === known.hash;
  return adds ? { ...known, opened: next.opened } : known;
}

/** Before endings were looked at, only recipients were remembered: that is to be read again. */
function wasLookedAt({ opened }: Fingerprint): boolean {
  if (opened === undefined) return false;
  return opened.length === 0 || opened.some(({ ending }) => ending !== undefined);
}

/** What fulls show by their own bytes, as it is remembered; with `hashes` only where that was read of these very files. */
export function rememberedOpeners(
  fingerprints: readonly Fingerprint[] = [],
  hashes?: ReadonlyMap<Instant, string>,
): Map<Instant, readonly OpenedBy[]> {
  const isOfThese = ({ startedAt, hash }: Fingerprint) =>
    hashes === undefined || (hash !== undefined && hash === hashes.get(startedAt));
  return new Map(
    fingerprints.flatMap((one): [Instant, readonly OpenedBy[]][] =>
      one.opened !== undefined && wasLookedAt(one) && isOfThese(one)
        ? [[one.startedAt, one.opened]]
        : [],
    ),
  );
}
