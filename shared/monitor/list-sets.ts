// What a host's target holds, in as few requests as possible: one listing without the volumes, then
// the volumes of the sets that matter.

import { type Host, isIgnored, ownKeys } from '../config/config.ts';
import { type BackupSet, type Collection, collectSets } from '../duplicity/backup-set.ts';
import { type FilePrefix, readFileName, setIdOf } from '../duplicity/file-name.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import {
  asOf,
  type FileHistory,
  isHidden,
  type Listing,
  type StoredObject,
  uncover,
  type Version,
} from '../duplicity/versions.ts';
import { assessSets, SKEW } from '../rules/assessment.ts';
import { rememberedOpeners } from '../rules/fingerprints.ts';
import { isHabitUnknown } from '../rules/habit.ts';
import type { HostRecord } from '../rules/record.ts';
import {
  type HiddenKey,
  type KeyedObject,
  type ListAnswer,
  type ListObjects,
  TargetUnreadableError,
} from './object-store.ts';

/** `recent`: the newest fulls' volumes; `all`: every volume of every set, at one request a 1,000 objects. */
export type Depth = 'recent' | 'all';

/** Which sets are to be read, and as they were when. */
export type Reach = {
  readonly since: Instant;
  readonly now: Instant;
  readonly depth: Depth;
  /** How many files a full of this host has, and which fulls are known not to be good. */
  readonly record?: HostRecord | undefined;
  /** Names of files whose sets are read too, however old they are. */
  readonly alsoSetsOf?: readonly string[];
};

const VOLUME = '.vol';
const EARLIER_FULLS = 3;
const PAGE_ROWS = 1000;
const FULLS_SEARCHED = 10;
/** More than these are read with all others, at a request for 1,000 objects. */
const SETS_NAMED = 50;
/** One an hour for two years: less than 200 MiB hold as many, and the function of the bucket has 512. */
const MOST_SETS = 20_000;

/**
 * Reads a host's sets as they were at `now`. With `recent`, the volumes of the fulls begun since `since` are read, and of
 * three earlier ones where one page may hold them. Where none of these is good, those of older ones are until one is,
 * hidden ones at last. All but the first listing have versions. Throws `TargetUnreadableError`.
 */
export async function listSets(list: ListObjects, host: Host, reach: Reach): Promise<Collection> {
  const place = queueFor(list);
  try {
    return await listWithin(list, host, reach, place.take);
  } finally {
    place.giveBack();
  }
}

/** So many hosts are searched for a good full at once: each may hold all rows of its target, and a fleet of them all. */
export const SEARCHED_AT_ONCE = 4;

type Queue = { free: number; readonly waiting: (() => void)[] };
/** Of one run: its own way to list. */
const queues = new WeakMap<ListObjects, Queue>();

/** One place among them, which is waited for when it is taken first. */
function queueFor(list: ListObjects) {
  const queue = queues.get(list) ?? { free: SEARCHED_AT_ONCE, waiting: [] };
  queues.set(list, queue);
  let isTaken = false;
  return {
    take: async (): Promise<void> => {
      if (isTaken) return;
      isTaken = true;
      if (queue.free > 0) queue.free -= 1;
      else await new Promise<void>((go) => queue.waiting.push(go));
    },
    giveBack: () => {
      if (!isTaken) return;
      const next = queue.waiting.shift();
      if (next === undefined) queue.free += 1;
      else next();
    },
  };
}

async function listWithin(
  list: ListObjects,
  host: Host,
  { since, now, depth, record, alsoSetsOf = [] }: Reach,
  takePlace: () => Promise<void>,
): Promise<Collection> {
  const { bucket, prefix } = host.target;
  const { filePrefix } = host;
  const usualFiles = record?.fulls[0]?.files ?? 0;
  const opened = rememberedOpeners(record?.fulls);
  const read = gatherAnswers(host);
  const collect = () => {
    const listing = asOf(read.listing(), now);
    if (hasManySets(listing, filePrefix)) {
      throw new TargetUnreadableError(
        `too much to look at: over ${MOST_SETS} backup sets in s3://${bucket}/${prefix}`,
        'find out who writes there, and remove what is no backup: docs/runbook.md#unreadable',
      );
    }
    return collectSets(listing, filePrefix);
  };
  const goodIn = (collection: Collection) => assessSets(host, collection, { opened }).good;
  const listVersions = (name: string, more: { startAfter?: string; onePage?: boolean } = {}) =>
    list({ bucket, prefix: `${prefix}${name}`, versions: true, ...more });
  const readAll = async () => {
    read.add(await listVersions(''));
    read.haveRead(() => true);
    return collect();
  };
  const readSet = async (stem: string) => {
    for (const place of placesOf(filePrefix)) {
      read.add(await listVersions(`${place}${stem}`));
      read.haveRead((other) => other.startsWith(`${place}${stem}`));
    }
  };
  // Up to the dot, so that the manifest's versions come with the volumes'.
  const readVolumes = (stem: string) =>
    readSet(stem.slice(filePrefix.archive.length, 1 - VOLUME.length));
  // A prefix that holds the delimiter would make one line of all behind it, its own or not.
  const below = [...(host.others ?? []), ...(host.ignored ?? [])].map((key) =>
    key.slice(prefix.length),
  );
  const uncuttable = [...Object.values(filePrefix), ...below].some((one) => one.includes(VOLUME));
  // A chain is as good as each of its sets; and what a host may have removed is told by all that it keeps.
  const needsAll = host.chain !== undefined || host.prunes !== undefined;
  if (depth === 'all' || uncuttable || needsAll) return readAll();

  read.add(await list({ bucket, prefix, delimiter: VOLUME }));
  const newest = fullsNewestFirst(collect().sets, now);
  const recent = newest.filter(({ startedAt }) => startedAt >= since).length;
  const compared = newest.slice(0, Math.max(recent, 1) + EARLIER_FULLS);
  const beginnings = compared.flatMap((set) => beginningOf(set, filePrefix.archive));
  for (const [style, oldest] of oldestByStyle(beginnings)) {
    // Short names hold no ".vol": their volumes are known already, their versions are not.
    const onePage = style === LONG;
    if (onePage && usualFiles * compared.length > PAGE_ROWS) continue;
    const [archive, ...manifests] = placesOf(filePrefix);
    const from = (place: string) => ({ startAfter: `${prefix}${place}${oldest}` });
    const page = await listVersions(`${archive}${style}`, { ...from(archive), onePage });
    if (page.cut) continue;
    read.add(page);
    read.haveRead((stem) => stem.startsWith(`${archive}${style}`) && stem >= `${archive}${oldest}`);
    for (const place of manifests) {
      read.add(await listVersions(`${place}${style}`, from(place)));
      read.haveRead((one) => one.startsWith(`${place}${style}`) && one >= `${place}${oldest}`);
    }
  }
  // Too many for one page, or none of them good: set by set, newest first, until the last good is known.
  let collection = collect();
  for (let searched = 0; searched < FULLS_SEARCHED; searched += 1) {
    const [next] = fullsNewestFirst(collection.sets, now).filter(
      ({ unreadStems }) => unreadStems.length > 0,
    );
    if (next === undefined) break;
    const good = goodIn(collection).filter((one) => one.startedAt > next.startedAt);
    if (next.startedAt < since && good.length > 0 && !isHabitUnknown(host, good, now)) break;
    if (next.startedAt < since) await takePlace();
    for (const stem of next.unreadStems) await readVolumes(stem);
    collection = collect();
  }
  // Two spellings of one time are poison where one volume lies under both: that is read before it is reported.
  const stemsOf = (what: 'twice' | 'parity') =>
    collection.poison.flatMap(({ names, why }) =>
      why === what ? names.filter((name) => name.endsWith(VOLUME)) : [],
    );
  const suspects = stemsOf('twice');
  for (const stem of suspects.slice(0, FULLS_SEARCHED)) await readVolumes(stem);
  // Behind the name of a file something lies that may be parity, or not.
  const protecting = stemsOf('parity');
  for (const stem of protecting.slice(0, FULLS_SEARCHED)) {
    read.add(await listVersions(stem));
    read.haveRead((other) => other === stem);
  }
  if (suspects.length + protecting.length > 0) collection = collect();
  const named = new Map<string, string | undefined>();
  for (const name of [...alsoSetsOf, ...touchedSince(record, collection.sets)]) {
    if (read.knowsVersionsOf(name)) continue;
    const { stem, signatures } = stemOf(name, filePrefix);
    named.set(stem, signatures ?? named.get(stem));
  }
  if (named.size > SETS_NAMED) {
    await takePlace();
    return readAll();
  }
  for (const [stem, signatures] of named) {
    await readSet(stem);
    if (signatures !== undefined) read.add(await listVersions(signatures));
  }
  if (named.size > 0) collection = collect();
  // Nothing good is left to see: what delete markers hide is then the last good copy.
  if (goodIn(collection).length > 0) return collection;
  await takePlace();
  return readAll();
}

/**
 * A name of each full on the record that was written to since it was remembered, or lacks its manifest: the event that
 * should tell of it may be lost, or there are none. Each run looks again, as the one before may have been killed before
 * it kept what it found. What was done to volumes shows in no name.
 */
function touchedSince(record: HostRecord | undefined, sets: readonly BackupSet[]): string[] {
  const writtenBy = new Map(
    record?.fulls.map(({ startedAt, sealedAt, copiedAt = sealedAt - SKEW }) => [
      startedAt,
      copiedAt,
    ]),
  );
  return sets
    .filter(({ type, startedAt, volumes, manifest, lastWriteAt }) => {
      const at = writtenBy.get(startedAt);
      if (type !== 'full' || volumes !== undefined || at === undefined) return false;
      return manifest === undefined || lastWriteAt > at;
    })
    .map(({ sample }) => sample);
}

function hasManySets({ objects, volumeStems }: Listing, prefix: FilePrefix): boolean {
  if (objects.length + volumeStems.length <= MOST_SETS) return false;
  const sets = new Set<string>();
  for (const name of [...objects.map((one) => one.name), ...volumeStems]) {
    const reading = readFileName(name.endsWith(VOLUME) ? `${name}1.difftar` : name, prefix);
    if (reading.kind === 'written') sets.add(setIdOf(reading.name));
    if (sets.size > MOST_SETS) return true;
  }
  return false;
}

/** Volumes and manifests may have prefixes of their own, and then lie apart in the order of keys. */
function placesOf({ archive, manifest }: FilePrefix): [string, ...string[]] {
  return manifest === archive ? [archive] : [archive, manifest];
}

/** With what the names of a file's set begin, up to its time; signatures have names apart from the others. */
function stemOf(name: string, { signature, ...others }: FilePrefix) {
  const [, kind, time] =
    /^(duplicity-(?:full|new)-signatures|dfs|dns)(\.[^.]+\.(?:to\.[^.]+\.)?)/.exec(
      name.startsWith(signature) ? name.slice(signature.length) : '',
    ) ?? [];
  if (kind !== undefined) {
    const stem = `${SETS_OF[kind]}${time}`;
    return { stem, signatures: `${signature}${kind}${time}` };
  }
  const [prefix = ''] = Object.values(others)
    .filter((one) => name.startsWith(one))
    .sort((a, b) => b.length - a.length);
  const stem = name
    .slice(prefix.length)
    .replace(/(?<=\.)(?:m(?:anifest)?|vol\d+|[0-9a-z]+\.dt)\b.*$/s, '');
  return { stem, signatures: undefined };
}

const SETS_OF: Readonly<Record<string, string>> = {
  'duplicity-full-signatures': 'duplicity-full',
  'duplicity-new-signatures': 'duplicity-inc',
  dfs: 'df',
  dns: 'di',
};

/** A full named for the day after tomorrow can answer for no window, and its volumes are not listed. */
function fullsNewestFirst(sets: readonly BackupSet[], now: Instant): BackupSet[] {
  return sets.filter((set) => set.type === 'full' && set.startedAt <= now + DAY).reverse();
}

const LONG = 'duplicity-full.';

/** With what the names of a full's volumes begin, up to its time. */
function beginningOf({ unreadStems, sample, openers }: BackupSet, archive: string): string[] {
  // One time may be spelled in two ways, and then has two stems.
  const names = unreadStems.length > 0 ? unreadStems : [sample, ...openers.map(({ name }) => name)];
  return names
    .filter((name) => name.startsWith(archive))
    .flatMap((name) => /^(?:duplicity-full|df)\.[^.]+/.exec(name.slice(archive.length))?.[0] ?? []);
}

/** Long names and short ones stand apart in the order of keys. */
function oldestByStyle(beginnings: readonly string[]): [string, string][] {
  const byStyle = Map.groupBy(beginnings, (name) => name.slice(0, name.indexOf('.') + 1));
  return [...byStyle].flatMap(([style, names]): [string, string][] => {
    const [oldest] = names.sort();
    return oldest === undefined ? [] : [[style, oldest]];
  });
}

/**
 * Gathers answers about what is the host's own, and no prefix that the config ignores. An object that is listed twice
 * counts once, as it was listed last.
 */
export function gatherAnswers(host: Host) {
  const { prefix } = host.target;
  const isOwn = ownKeys(host);
  const counts = (key: string, file = key) => isOwn(key) && !isIgnored(host.ignored, file);
  const objects = new Map<string, StoredObject>();
  const hidden = new Map<string, FileHistory>();
  const stems = new Set<string>();
  let inconclusive: Listing['inconclusive'];
  return {
    add(answer: ListAnswer): void {
      for (const { key, ...object } of answer.objects) {
        if (!counts(key)) continue;
        const name = key.slice(prefix.length);
        objects.set(name, { ...object, name });
        hidden.delete(name);
      }
      for (const { key, history } of answer.hidden) {
        if (!counts(key)) continue;
        const name = key.slice(prefix.length);
        hidden.set(name, { name, history });
        objects.delete(name);
      }
      for (const stem of answer.prefixes) {
        if (counts(stem, `${stem}1.difftar`)) stems.add(stem.slice(prefix.length));
      }
      inconclusive ??= answer.inconclusive;
    },
    haveRead(test: (stem: string) => boolean): void {
      for (const stem of stems) if (test(stem)) stems.delete(stem);
    },
    knowsVersionsOf(name: string): boolean {
      const isListed = inconclusive !== undefined && objects.has(name);
      return hidden.has(name) || objects.get(name)?.versionId !== undefined || isListed;
    },
    listing(): Listing {
      return {
        objects: [...objects.values()],
        volumeStems: [...stems],
        hidden: [...hidden.values()],
        ...(inconclusive === undefined ? {} : { inconclusive }),
      };
    },
  };
}

/** One row of a listing of versions. */
export type VersionRow = {
  readonly key: string;
  readonly latest: boolean;
  readonly version: Version;
};

/**
 * The objects that a GET would answer, and the keys that a delete marker hides, in the order of the rows.
 * The rows of a key may come in any order: SDKs return uploads and markers in two lists.
 */
export function foldVersions(rows: readonly VersionRow[]): {
  objects: KeyedObject[];
  hidden: HiddenKey[];
} {
  const byKey = Map.groupBy(rows, ({ key }) => key);
  const objects: KeyedObject[] = [];
  const hidden: HiddenKey[] = [];
  for (const [key, ofKey] of byKey) {
    const file = { name: key, history: ofKey.sort(newestFirst).map(({ version }) => version) };
    if (isHidden(file)) hidden.push({ key, history: file.history });
    else for (const { name: _, ...object } of uncover(file)) objects.push({ ...object, key });
  }
  return { objects, hidden };
}

/** S3 says itself which is the latest; two writes of one second have one LastModified. */
function newestFirst(a: VersionRow, b: VersionRow): number {
  return Number(b.latest) - Number(a.latest) || b.version.at - a.version.at;
}
