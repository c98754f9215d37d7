// Saved listings, asked like a bucket: what none of them covers is not known to be absent.
import { foldVersions, type VersionRow } from '../../shared/monitor/list-sets.ts';
import {
  type HiddenKey,
  type KeyedObject,
  type ListAnswer,
  type ListObjects,
  type ListQuery,
  type ObjectStore,
  TargetUnreadableError,
} from '../../shared/monitor/object-store.ts';
import { openPrinted } from './listing-source.ts';
import { parseListing, type SavedListing } from './parse-listing.ts';
import { startProgress, UsageError } from './terminal.ts';

/** Reads what `--listing` names, with progress. Throws `UsageError`. */
export async function readListings(files: readonly string[]): Promise<SavedListing[]> {
  const listings = [];
  const progress = startProgress('key', 'read');
  for (const file of files) {
    const source = await openPrinted(file, 'name a saved listing, or - for standard input');
    listings.push(parseListing(source, file, progress.show));
  }
  progress.end();
  return listings;
}

/**
 * Answers queries out of saved listings. A target that none of them covers to the end is unreadable:
 * what was not listed is not known to be absent.
 */
export function askListings(listings: readonly SavedListing[]): ListObjects {
  const stores = listings.map((listing) => ({ ...listing, whole: isWhole(listing, listings) }));
  return async (query) => {
    const { bucket, prefix } = query;
    const ofBucket = stores.filter((store) => isOf(store, bucket));
    const covering = ofBucket.filter((store) => prefix.startsWith(store.prefix));
    const target = `s3://${bucket}/${prefix}`;
    if (covering.length === 0) {
      throw new TargetUnreadableError(
        `no --listing covers ${target}`,
        `save one: aws s3api list-objects-v2 --bucket ${bucket} --prefix '${prefix}' > FILE`,
      );
    }
    const cut = covering.find((store) => !store.whole);
    if (cut !== undefined) {
      throw new TargetUnreadableError(
        `${cut.file} is one page of a longer listing, and the next page was not given`,
        'save it without --max-items and --no-paginate, or give every page with --listing',
      );
    }
    const { prefixes, ...rows } = gatherRows(ofBucket, query);
    const { objects, ...rest } = answer(mergeRows(rows), query);
    return { ...rest, objects, prefixes: [...new Set([...prefixes, ...rest.prefixes])].sort() };
  };
}

/** They and what is made of them take 2 GiB, and more than a process has by itself. */
const MOST_ROWS = 2_500_000;

/** The rows that a query is about. Of what it cuts at a delimiter only the beginnings: all else need not be held. */
function gatherRows(listings: readonly SavedListing[], { bucket, prefix, delimiter }: ListQuery) {
  const objects: KeyedObject[] = [];
  const versions: VersionRow[] = [];
  const prefixes = new Set<string>();
  const beginningOf = (key: string) => {
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    return end === -1 ? undefined : key.slice(0, end + (delimiter ?? '').length);
  };
  for (const { least, greatest, isVisible, read } of listings.flatMap(({ blocks }) => blocks)) {
    if (greatest < prefix || (least > prefix && !least.startsWith(prefix))) continue;
    const shared = least.startsWith(prefix) ? beginningOf(least) : undefined;
    if (shared !== undefined && greatest.startsWith(shared)) {
      if (isVisible) prefixes.add(shared);
      continue;
    }
    const rows = read();
    for (const object of rows.objects) {
      if (!object.key.startsWith(prefix)) continue;
      const beginning = beginningOf(object.key);
      if (beginning === undefined) objects.push(object);
      else prefixes.add(beginning);
    }
    for (const row of rows.versions) {
      if (!row.key.startsWith(prefix)) continue;
      const beginning = beginningOf(row.key);
      if (beginning === undefined) versions.push(row);
      else if (row.latest && row.version.what === 'upload') prefixes.add(beginning);
    }
    if (objects.length + versions.length > MOST_ROWS) {
      throw new TargetUnreadableError(
        `too much to look at: over ${MOST_ROWS} rows of s3://${bucket}/${prefix} in the listings`,
        'find out who writes there; or check it online, which lists the newest sets alone',
      );
    }
  }
  return { objects, versions, prefixes };
}

/** The listings as a way into buckets; they hold names, neither contents nor the bucket's settings. */
export function openListings(listings: readonly SavedListing[]): ObjectStore {
  return {
    list: askListings(listings),
    readPart: async () => undefined,
    readLifecycle: async () => ({ unknown: 'a saved listing does not hold them' }),
    readWrittenAt: async () => undefined,
    readExpiry: async () => undefined,
    isSaved: true,
  };
}

/** True when the listings cover a whole bucket, so that unknown prefixes in it can be found. */
export function coverBucket(listings: readonly SavedListing[], bucket: string): boolean {
  return listings.some((listing) => isOf(listing, bucket) && listing.prefix === '');
}

function isOf(listing: SavedListing, bucket: string): boolean {
  return listing.bucket === undefined || listing.bucket === bucket;
}

/** Every page leads to another that was given, until one that has no next; and it began at the beginning. */
function isWhole(listing: SavedListing, all: readonly SavedListing[]): boolean {
  const reaches = (page: SavedListing, way: 'next' | 'from', seen: Set<SavedListing>): boolean => {
    if (page[way] === undefined) return true;
    const back = way === 'next' ? 'from' : 'next';
    const other = all.find((one) => one[back] === page[way] && !seen.has(one));
    return other !== undefined && reaches(other, way, seen.add(other));
  };
  return reaches(listing, 'next', new Set()) && reaches(listing, 'from', new Set());
}

/** The rows of all listings of a bucket, sorted by key. */
type Contents = { readonly objects: readonly KeyedObject[]; readonly hidden: readonly HiddenKey[] };

/** What was listed once, to be asked again. */
export function askContents(objects: readonly KeyedObject[], hidden: readonly HiddenKey[]) {
  const contents: Contents = { objects: objects.toSorted(byKey), hidden: hidden.toSorted(byKey) };
  return (query: ListQuery): ListAnswer => answer(contents, query);
}

function mergeRows(seen: {
  objects: readonly KeyedObject[];
  versions: readonly VersionRow[];
}): Contents {
  const rows = new Map<string, VersionRow>();
  for (const row of seen.versions) rows.set(`${row.key}\n${row.version.versionId}`, row);
  const folded = foldVersions([...rows.values()]);
  const objects = new Map<string, KeyedObject>();
  for (const object of [...seen.objects, ...folded.objects]) {
    const known = objects.get(object.key);
    if (known !== undefined && !isSame(known, object)) {
      throw new UsageError(
        `two listings tell different things of ${JSON.stringify(object.key)}`,
        'give listings of one moment only',
      );
    }
    objects.set(object.key, object);
  }
  return { objects: [...objects.values()].sort(byKey), hidden: folded.hidden.sort(byKey) };
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}

function isSame(a: KeyedObject, b: KeyedObject): boolean {
  return a.bytes === b.bytes && a.modifiedAt === b.modifiedAt;
}

function answer(contents: Contents, query: ListQuery): ListAnswer {
  const { delimiter, prefix } = query;
  const objects: KeyedObject[] = [];
  const prefixes = new Set<string>();
  for (const object of among(contents.objects, query)) {
    const end = delimiter === undefined ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end === -1) objects.push(query.versions ? object : plain(object));
    else prefixes.add(object.key.slice(0, end + (delimiter ?? '').length));
  }
  const hidden = query.versions ? [...among(contents.hidden, query)] : [];
  return { objects, hidden, prefixes: [...prefixes], cut: false };
}

/** What a listing of objects alone would show. */
function plain({ key, bytes, modifiedAt, storageClass }: KeyedObject): KeyedObject {
  const times = { modifiedAt, firstModifiedAt: modifiedAt };
  return { key, bytes, ...times, ...(storageClass && { storageClass }) };
}

function* among<Row extends { readonly key: string }>(
  sorted: readonly Row[],
  { prefix, startAfter = '' }: ListQuery,
): Generator<Row> {
  for (let at = lowerBound(sorted, prefix); at < sorted.length; at += 1) {
    const row = sorted[at];
    if (row === undefined || !row.key.startsWith(prefix)) return;
    if (row.key > startAfter) yield row;
  }
}

function lowerBound(sorted: readonly { readonly key: string }[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
