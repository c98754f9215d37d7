// What a host's target holds, for as few requests as can tell: one listing without the volumes, then
// the volumes of the sets that matter.
import {
  asOf,
  type BackupSet,
  type Collection,
  collectSets,
  isComplete,
  type Listing,
  type StoredObject,
} from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import type { ListAnswer, ListObjects } from './object-store.ts';

/** `recent`: the newest fulls' volumes; `all`: every volume of every set, at one request a 1,000 objects. */
export type Depth = 'recent' | 'all';

const VOLUME = '.vol';
const EARLIER_FULLS = 3;
const FULLS_SEARCHED = 10;
const DAY = 86_400_000;

/**
 * Reads a host's sets as they were at `now`. With `recent`, the volumes of every full begun since `since`
 * are read, those of three earlier fulls where one page holds them, and, where none of these is complete,
 * of older ones until a complete one is found. Throws `TargetUnreadableError`.
 */
export async function listSets(
  list: ListObjects,
  host: Host,
  { since, now, depth }: { since: Instant; now: Instant; depth: Depth },
): Promise<Collection> {
  const { bucket, prefix } = host.target;
  const collect = (listing: Listing) => collectSets(asOf(listing, now), host.filePrefix);
  const read = startReading(prefix);
  // A file prefix that holds the delimiter would make one line of the whole target.
  const uncuttable = Object.values(host.filePrefix).some((one) => one.includes(VOLUME));
  if (depth === 'all' || uncuttable) {
    read.add(await list({ bucket, prefix }));
    return collect(read.listing());
  }

  read.add(await list({ bucket, prefix, delimiter: VOLUME }));
  const wanted = fullsToRead(collect(read.listing()).sets, now);
  const recent = wanted.filter(({ startedAt }) => startedAt >= since).length;
  const [oldest] = wanted
    .slice(0, Math.max(recent, 1) + EARLIER_FULLS)
    .flatMap(({ unreadStems }) => unreadStems)
    .sort();
  if (oldest === undefined) return collect(read.listing());

  const fulls = `${prefix}${host.filePrefix.archive}duplicity-full.`;
  const startAfter = `${prefix}${oldest.slice(0, -VOLUME.length)}`;
  const page = await list({ bucket, prefix: fulls, startAfter, onePage: true });
  if (!page.cut) {
    read.add(page);
    read.haveRead((stem) => `${prefix}${stem}`.startsWith(fulls) && stem >= oldest);
  }
  // Too many for one page, or none of them good: set by set, newest first, until the last good is known.
  let collection = collect(read.listing());
  for (let searched = 0; searched < FULLS_SEARCHED; searched += 1) {
    const { sets } = collection;
    const [next] = fullsToRead(sets, now);
    if (next === undefined) break;
    const goodSince = sets.some((set) => isGoodFull(set, now) && set.startedAt > next.startedAt);
    if (next.startedAt < since && goodSince) break;
    for (const stem of next.unreadStems) {
      read.add(await list({ bucket, prefix: `${prefix}${stem}` }));
      read.haveRead((other) => other === stem);
    }
    collection = collect(read.listing());
  }
  return collection;
}

/** Newest first; a full named for the day after tomorrow can answer for nothing, and is left unread. */
function fullsToRead(sets: readonly BackupSet[], now: Instant): BackupSet[] {
  return sets
    .filter((set) => set.type === 'full' && set.unreadStems.length > 0)
    .filter((set) => set.startedAt <= now + DAY)
    .reverse();
}

/** A full from the future is nobody's last good one. */
function isGoodFull(set: BackupSet, now: Instant): boolean {
  return set.type === 'full' && set.startedAt <= now && isComplete(set) === true;
}

/** Gathers answers; what is told twice counts once. */
function startReading(prefix: string) {
  const objects = new Map<string, StoredObject>();
  const stems = new Set<string>();
  return {
    add(answer: ListAnswer): void {
      for (const { key, ...object } of answer.objects) {
        const name = key.slice(prefix.length);
        objects.set(name, { ...object, name });
      }
      for (const stem of answer.prefixes) stems.add(stem.slice(prefix.length));
    },
    haveRead(test: (stem: string) => boolean): void {
      for (const stem of stems) if (test(stem)) stems.delete(stem);
    },
    listing(): Listing {
      return { objects: [...objects.values()], volumeStems: [...stems] };
    },
  };
}
