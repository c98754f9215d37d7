// Saved `aws s3api list-objects-v2` and `list-object-versions` answers, asked like a bucket.
import {
  type KeyedObject,
  type ListAnswer,
  type ListObjects,
  type ListQuery,
  type ObjectStore,
  TargetUnreadableError,
} from '../../shared/check/object-store.ts';
import { UsageError } from './usage-error.ts';

/** One saved answer: which bucket (`undefined` = it does not say) and prefix it covers, and what it holds. */
export type SavedListing = {
  readonly file: string;
  readonly bucket: string | undefined;
  readonly prefix: string;
  readonly objects: readonly KeyedObject[];
  /** Where the page begins and where the next one would; both `undefined` for a whole listing. */
  readonly from: string | undefined;
  readonly next: string | undefined;
};

const LIST_AGAIN =
  'save it again: aws s3api list-objects-v2 --bucket BUCKET --output json > FILE (or list-object-versions)';

/** Parses one saved answer. Throws `UsageError` for anything that is not a whole, well-formed answer. */
export function parseListing(text: string, file: string): SavedListing {
  if (text.trim() === '') {
    throw new UsageError(`${file} is empty, which an answer of S3's never is`, LIST_AGAIN);
  }
  const document = asRecord(parseJson(text, file), file, 'the file');
  const known = [
    'Contents',
    'CommonPrefixes',
    'Versions',
    'DeleteMarkers',
    'RequestCharged',
    'Name',
    'Prefix',
    'KeyCount',
  ];
  if (Object.keys(document).length > 0 && !known.some((key) => key in document)) {
    throw new UsageError(`${file} is JSON, but not a listing of objects`, LIST_AGAIN);
  }
  if (asArray(document.CommonPrefixes, file, 'CommonPrefixes').length > 0) {
    throw new UsageError(
      `${file} was listed with a delimiter: the objects behind it are not in it`,
      LIST_AGAIN,
    );
  }
  const decode = decoderOf(document);
  const contents = asArray(document.Contents, file, 'Contents');
  const versions = asArray(document.Versions, file, 'Versions');
  if (contents.length > 0 && versions.length > 0) {
    throw new UsageError(`${file} holds both Contents and Versions`, LIST_AGAIN);
  }
  const objects =
    versions.length > 0
      ? latestOf(versions.map((row, at) => readVersion(row, file, `Versions[${at}]`, decode)))
      : contents.map((row, at) => readRow(row, file, `Contents[${at}]`, decode));
  return {
    file,
    bucket: textOf(document.Name),
    prefix: decode(textOf(document.Prefix) ?? ''),
    objects,
    from: markerOf(document, 'ContinuationToken', 'KeyMarker', 'VersionIdMarker'),
    next: nextOf(document, file),
  };
}

/**
 * Answers queries out of saved listings. A target that none of them covers to the end is unreadable:
 * what was not listed is not known to be absent.
 */
export function askListings(listings: readonly SavedListing[]): ListObjects {
  const stores = listings.map((listing) => ({ ...listing, whole: isWhole(listing, listings) }));
  const merged = new Map<string, KeyedObject[]>();
  const objectsIn = (bucket: string) => {
    const known = merged.get(bucket);
    if (known !== undefined) return known;
    const all = mergeObjects(stores.filter((store) => isOf(store, bucket)));
    merged.set(bucket, all);
    return all;
  };
  return async (query) => {
    const covering = stores.filter(
      (store) => isOf(store, query.bucket) && query.prefix.startsWith(store.prefix),
    );
    const target = `s3://${query.bucket}/${query.prefix}`;
    if (covering.length === 0) {
      throw new TargetUnreadableError(
        `no --listing covers ${target}`,
        `save one: aws s3api list-objects-v2 --bucket ${query.bucket} --prefix '${query.prefix}' > FILE`,
      );
    }
    const cut = covering.find((store) => !store.whole);
    if (cut !== undefined) {
      throw new TargetUnreadableError(
        `${cut.file} is one page of a longer listing, and the next page was not given`,
        'save it without --max-items and --no-paginate, or give every page with --listing',
      );
    }
    return answer(objectsIn(query.bucket), query);
  };
}

/** The listings as a way into buckets; they hold names, not contents, so no head can be read. */
export function openListings(listings: readonly SavedListing[]): ObjectStore {
  return { list: askListings(listings), readHead: async () => undefined };
}

/** True when the listings cover a whole bucket, so that strangers in it can be told. */
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

function mergeObjects(listings: readonly SavedListing[]): KeyedObject[] {
  const objects = new Map<string, KeyedObject>();
  for (const listing of listings) {
    for (const object of listing.objects) {
      const known = objects.get(object.key);
      if (known !== undefined && !isSame(known, object)) {
        throw new UsageError(
          `two listings tell different things of ${JSON.stringify(object.key)}`,
          'give listings of one moment only',
        );
      }
      objects.set(object.key, object);
    }
  }
  return [...objects.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function isSame(a: KeyedObject, b: KeyedObject): boolean {
  return a.bytes === b.bytes && a.modifiedAt === b.modifiedAt;
}

function answer(sorted: readonly KeyedObject[], query: ListQuery): ListAnswer {
  const { prefix, delimiter, startAfter = '' } = query;
  const objects: KeyedObject[] = [];
  const prefixes = new Set<string>();
  for (let at = lowerBound(sorted, prefix); at < sorted.length; at += 1) {
    const object = sorted[at];
    if (object === undefined || !object.key.startsWith(prefix)) break;
    if (object.key <= startAfter) continue;
    const end = delimiter === undefined ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end === -1) objects.push(object);
    else prefixes.add(object.key.slice(0, end + (delimiter ?? '').length));
  }
  return { objects, prefixes: [...prefixes], cut: false };
}

function lowerBound(sorted: readonly KeyedObject[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Json = Record<string, unknown>;
type Version = { object: KeyedObject; latest: boolean };

/** Of every key the version that a GET would answer, with the time of its oldest; hidden keys are gone. */
function latestOf(versions: readonly Version[]): KeyedObject[] {
  const first = new Map<string, number>();
  for (const { object } of versions) {
    const known = first.get(object.key) ?? object.modifiedAt;
    first.set(object.key, Math.min(known, object.modifiedAt));
  }
  return versions
    .filter(({ latest }) => latest)
    .map(({ object }) => ({
      ...object,
      firstModifiedAt: first.get(object.key) ?? object.modifiedAt,
    }));
}

function readVersion(row: unknown, file: string, where: string, decode: Decode): Version {
  const { IsLatest } = asRecord(row, file, where);
  if (typeof IsLatest !== 'boolean') throw malformed(file, `${where} has no IsLatest`);
  return { object: readRow(row, file, where, decode), latest: IsLatest };
}

function readRow(row: unknown, file: string, where: string, decode: Decode): KeyedObject {
  const { Key, Size, LastModified } = asRecord(row, file, where);
  if (typeof Key !== 'string') throw malformed(file, `${where} has no Key`);
  if (!Number.isSafeInteger(Size) || (Size as number) < 0) {
    throw malformed(file, `${where} has no Size`);
  }
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;
  const at =
    typeof LastModified === 'string' && isInstant.test(LastModified)
      ? Date.parse(LastModified)
      : Number.NaN;
  if (Number.isNaN(at)) throw malformed(file, `${where} has no LastModified`);
  return { key: decode(Key), bytes: Size as number, modifiedAt: at, firstModifiedAt: at };
}

type Decode = (text: string) => string;

function decoderOf(document: Json): Decode {
  if (document.EncodingType !== 'url') return (text) => text;
  return (text) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      return text;
    }
  };
}

function nextOf(document: Json, file: string): string | undefined {
  const next =
    markerOf(document, 'NextContinuationToken', 'NextKeyMarker', 'NextVersionIdMarker') ??
    textOf(document.NextToken);
  if (document.IsTruncated === true && next === undefined) {
    throw malformed(file, 'it is cut (IsTruncated), and does not say where it goes on');
  }
  return next;
}

function markerOf(document: Json, token: string, key: string, version: string): string | undefined {
  const one = textOf(document[token]);
  if (one !== undefined) return one;
  const marker = textOf(document[key]);
  return marker === undefined || marker === ''
    ? undefined
    : `${marker} ${textOf(document[version]) ?? ''}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asRecord(value: unknown, file: string, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(file, `${where} is not an object`);
}

function asArray(value: unknown, file: string, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw malformed(file, `${where} is not a list`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON, or was cut off`, LIST_AGAIN, { cause: error });
  }
}

function malformed(file: string, problem: string): UsageError {
  return new UsageError(`${file} is not a listing: ${problem}`, LIST_AGAIN);
}
