// Saved listings, asked like a bucket: what none of them covers is not known to be absent.
import * as v from 'valibot';
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
import { UsageError } from './terminal.ts';

/**
 * Answers queries out of saved listings. A target that none of them covers to the end is unreadable:
 * what was not listed is not known to be absent.
 */
export function askListings(listings: readonly SavedListing[]): ListObjects {
  const stores = listings.map((listing) => ({ ...listing, whole: isWhole(listing, listings) }));
  const merged = new Map<string, Contents>();
  const contentsOf = (bucket: string) => {
    const known = merged.get(bucket);
    if (known !== undefined) return known;
    const all = mergeContents(stores.filter((store) => isOf(store, bucket)));
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
    return answer(contentsOf(query.bucket), query);
  };
}

/** The listings as a way into buckets; they hold names, neither contents nor the bucket's settings. */
export function openListings(listings: readonly SavedListing[]): ObjectStore {
  return {
    list: askListings(listings),
    readPart: async () => undefined,
    readLifecycle: async () => ({ unknown: 'a saved listing does not hold them' }),
    readWrittenAt: async () => undefined,
    readExpiry: async () => undefined,
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

function mergeContents(listings: readonly SavedListing[]): Contents {
  const rows = new Map<string, VersionRow>();
  for (const row of listings.flatMap(({ versions }) => versions)) {
    rows.set(`${row.key}\n${row.version.versionId}`, row);
  }
  const folded = foldVersions([...rows.values()]);
  const objects = new Map<string, KeyedObject>();
  for (const object of [...listings.flatMap((one) => one.objects), ...folded.objects]) {
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
function plain({ key, bytes, modifiedAt }: KeyedObject): KeyedObject {
  return { key, bytes, modifiedAt, firstModifiedAt: modifiedAt };
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

/** One saved answer: which bucket (`undefined` = it does not say) and prefix it covers, and what it holds. */
export type SavedListing = {
  readonly file: string;
  readonly bucket: string | undefined;
  readonly prefix: string;
  /** Of a `list-objects-v2`. */
  readonly objects: readonly KeyedObject[];
  /** Of a `list-object-versions`: a key's rows may be spread over two pages. */
  readonly versions: readonly VersionRow[];
  /** Where the page begins and where the next one would; both `undefined` for a whole listing. */
  readonly from: string | undefined;
  readonly next: string | undefined;
};

const LIST_AGAIN =
  'save it again: aws s3api list-objects-v2 --bucket BUCKET --output json > FILE (or list-object-versions)';

// AWS's own command line writes `null` for what the answer did not have.
const optionalText = v.fallback(v.optional(v.string()), undefined);
const rows = v.nullish(v.array(v.unknown()), []);
const answerOfS3 = v.object({
  ...{ Contents: rows, CommonPrefixes: rows, Versions: rows, DeleteMarkers: rows },
  ...{ Name: optionalText, Prefix: optionalText, EncodingType: v.optional(v.unknown()) },
  ...{ IsTruncated: v.optional(v.unknown()), NextToken: optionalText },
  ...{ ContinuationToken: optionalText, KeyMarker: optionalText, VersionIdMarker: optionalText },
  ...{ NextContinuationToken: optionalText, NextKeyMarker: optionalText },
  NextVersionIdMarker: optionalText,
});
type Answer = v.InferOutput<typeof answerOfS3>;
const KNOWN = [
  ...['Contents', 'CommonPrefixes', 'Versions', 'DeleteMarkers'],
  ...['RequestCharged', 'Name', 'Prefix', 'KeyCount'],
];

/** Parses one saved answer. Throws `UsageError` for anything that is not a whole, well-formed answer. */
export function parseListing(text: string, file: string): SavedListing {
  if (text.trim() === '') {
    throw new UsageError(`${file} is empty, which an answer of S3's never is`, LIST_AGAIN);
  }
  const json = asRecord(parseJson(text, file), file, 'the file');
  const read = v.safeParse(answerOfS3, json, { abortEarly: true });
  if (!read.success) throw malformed(file, `${v.getDotPath(read.issues[0])} is not a list`);
  const document = read.output;
  const names = Object.keys(json);
  if (names.length > 0 && !names.some((name) => KNOWN.includes(name))) {
    throw new UsageError(`${file} is JSON, but not a listing of objects`, LIST_AGAIN);
  }
  if (document.CommonPrefixes.length > 0) {
    throw new UsageError(
      `${file} was listed with a delimiter: the objects behind it are not in it`,
      LIST_AGAIN,
    );
  }
  const decode = decoderOf(document);
  const { Contents, Versions, DeleteMarkers } = document;
  if (Contents.length > 0 && Versions.length + DeleteMarkers.length > 0) {
    throw new UsageError(`${file} holds both Contents and Versions`, LIST_AGAIN);
  }
  const objects = Contents.map((row, at) => readRow(row, file, `Contents[${at}]`, decode));
  const versions = [
    ...Versions.map((row, at) => readUpload(row, file, `Versions[${at}]`, decode)),
    ...DeleteMarkers.map((row, at) => readVersion(row, file, `DeleteMarkers[${at}]`, decode)),
  ];
  return {
    file,
    bucket: document.Name,
    prefix: decode(document.Prefix ?? ''),
    objects,
    versions,
    from: markerOf(document.ContinuationToken, document.KeyMarker, document.VersionIdMarker),
    next: nextOf(document, file),
  };
}

type Json = Record<string, unknown>;

// A listing may have millions of rows, and a schema took 1.7 to 2.5 times as long: docs/adr/0002-dependencies.md.
function readUpload(row: unknown, file: string, where: string, decode: Decode): VersionRow {
  const { bytes } = readRow(row, file, where, decode);
  const etag = textOf(asRecord(row, file, where).ETag)?.replaceAll('"', '');
  const { version, ...rest } = readVersion(row, file, where, decode);
  return { ...rest, version: { ...version, what: 'upload', bytes, etag } };
}

function readVersion(row: unknown, file: string, where: string, decode: Decode): VersionRow {
  const { Key, IsLatest, VersionId, LastModified } = asRecord(row, file, where);
  if (typeof Key !== 'string') throw malformed(file, `${where} has no Key`);
  if (typeof IsLatest !== 'boolean') throw malformed(file, `${where} has no IsLatest`);
  const at = readTime(LastModified, file, where);
  // Without an id, as some servers list it, its time distinguishes it from the others.
  const versionId = textOf(VersionId) ?? `at ${at}`;
  return { key: decode(Key), latest: IsLatest, version: { what: 'marker', versionId, at } };
}

function readRow(row: unknown, file: string, where: string, decode: Decode): KeyedObject {
  const { Key, Size, LastModified } = asRecord(row, file, where);
  if (typeof Key !== 'string') throw malformed(file, `${where} has no Key`);
  if (!Number.isSafeInteger(Size) || (Size as number) < 0) {
    throw malformed(file, `${where} has no Size`);
  }
  const at = readTime(LastModified, file, where);
  return { key: decode(Key), bytes: Size as number, modifiedAt: at, firstModifiedAt: at };
}

function readTime(value: unknown, file: string, where: string): number {
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;
  const at = typeof value === 'string' && isInstant.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw malformed(file, `${where} has no LastModified`);
  return at;
}

function asRecord(value: unknown, file: string, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(file, `${where} is not an object`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

type Decode = (text: string) => string;

function decoderOf({ EncodingType }: Answer): Decode {
  if (EncodingType !== 'url') return (text) => text;
  return (text) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      return text;
    }
  };
}

function nextOf(document: Answer, file: string): string | undefined {
  const { NextContinuationToken, NextKeyMarker, NextVersionIdMarker, NextToken } = document;
  const next = markerOf(NextContinuationToken, NextKeyMarker, NextVersionIdMarker) ?? NextToken;
  if (document.IsTruncated === true && next === undefined) {
    throw malformed(file, 'it is cut (IsTruncated), and does not say where it goes on');
  }
  return next;
}

function markerOf(token?: string, key?: string, version?: string): string | undefined {
  if (token !== undefined) return token;
  return key === undefined || key === '' ? undefined : `${key} ${version ?? ''}`;
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
