// Versions where they may be listed; else the objects alone, and the reason with them.
import { type Inconclusive, readStorageClass, type Version } from '../duplicity/versions.ts';
import { foldVersions, type VersionRow } from '../monitor/list-sets.ts';
import {
  type KeyedObject,
  type ListAnswer,
  type ListObjects,
  type ListQuery,
  TargetUnreadableError,
} from '../monitor/object-store.ts';
import { hintFor, nameOf } from './client.ts';
import {
  decodeKey,
  fail,
  findText,
  parseXml,
  prefixesOf,
  readBoolean,
  readInstant,
  readNumber,
  readText,
  type XmlElement,
} from './read-xml.ts';
import type { AskS3 } from './s3-requests.ts';

const REASONS: Readonly<Record<string, Inconclusive>> = {
  AccessDenied: 'denied',
  Forbidden: 'denied',
  NotImplemented: 'not offered',
  MethodNotAllowed: 'not offered',
  UnsupportedOperation: 'not offered',
};

/**
 * Lists as it is asked. A key that may list objects but not versions, or a server that has none, must not make a
 * target unreadable: the answer is then the objects, and says why it is no more. A bucket that refused once in a run is
 * not asked again. `onFlat` is called once for a bucket that does not cut keys at a delimiter as it is asked to.
 */
export function startListing(ask: AskS3, onFlat?: (bucket: string) => void): ListObjects {
  const refused = new Map<string, Inconclusive>();
  const list = listByDelimiter((query) => listObjects(ask, query), onFlat);
  return async (query) => {
    if (!query.versions) return list(query);
    try {
      if (!refused.has(query.bucket)) return await listObjectVersions(ask, query);
    } catch (error) {
      const reason = reasonFor(error);
      if (reason === undefined) throw error;
      refused.set(query.bucket, reason);
    }
    const answer = await listObjects(ask, query);
    return { ...answer, inconclusive: refused.get(query.bucket) ?? 'denied' };
  };
}

function reasonFor(error: unknown): Inconclusive | undefined {
  if (!(error instanceof TargetUnreadableError)) return undefined;
  if (error.message.endsWith(NO_VERSIONS)) return 'not offered';
  const { name = '', $metadata } = (error.cause ?? {}) as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const isUnknown = [405, 501].includes($metadata?.httpStatusCode ?? 0);
  return REASONS[name] ?? (isUnknown ? 'not offered' : undefined);
}

/** Keys may hold what no XML can. */
const IN_URLS = { 'encoding-type': 'url' };

/**
 * Lists a bucket. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(ask: AskS3, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, delimiter, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'continuation token',
    ask: async (mark: ObjectMark | undefined) => {
      const from =
        mark !== undefined && 'after' in mark
          ? { marker: mark.after }
          : {
              'list-type': '2',
              'start-after': mark === undefined ? startAfter : undefined,
              'continuation-token': mark?.token,
            };
      return (await ask({ bucket, query: { ...from, prefix, delimiter, ...IN_URLS } })).body;
    },
    read: readObjects,
    next: (page, decode): ObjectMark | undefined => {
      const token = findText(page, 'NextContinuationToken');
      if (token) return { token };
      // The first version of the call, which some servers answer whatever they are asked.
      const after = findText(page, 'NextMarker') || lastIn(page);
      return after ? { after: decode(after) } : undefined;
    },
  });
  return { objects: rows, hidden: [], ...rest };
}

type ObjectMark = { readonly token: string } | { readonly after: string };

/** The last key or prefix of a page, as it is written. */
function lastIn({ children }: XmlElement): string | undefined {
  const names = children.flatMap((row) => {
    if (row.name === 'Contents') return readText(row, 'Key');
    return row.name === 'CommonPrefixes' ? prefixesOf(row) : [];
  });
  return names.reduce<string | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
}

function readObjects({ name, children }: XmlElement, decode: Decode): KeyedObject[] {
  if (name !== 'ListBucketResult') throw new SyntaxError(NO_LISTING);
  return children.flatMap((row) => (row.name === 'Contents' ? readObject(row, decode) : []));
}

function readObject(row: XmlElement, decode: Decode): KeyedObject {
  const at = readInstant(row, 'LastModified');
  const key = decode(readText(row, 'Key'));
  const storageClass = readStorageClass(findText(row, 'StorageClass'));
  const times = { modifiedAt: at, firstModifiedAt: at };
  return { key, bytes: readNumber(row, 'Size'), ...times, ...storageClass };
}

type Mark = { readonly key: string; readonly version: string | undefined };

/**
 * Lists a bucket's versions. Throws `TargetUnreadableError`, also for the answer of a server that knows no
 * versions and lists objects instead.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function listObjectVersions(ask: AskS3, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'marker',
    // Without a version, a key marker is what StartAfter is: only keys behind it, whole.
    ask: async (mark: Mark | undefined) => {
      const from = { 'key-marker': mark?.key ?? startAfter, 'version-id-marker': mark?.version };
      return (await ask({ bucket, query: { versions: '', ...from, prefix, ...IN_URLS } })).body;
    },
    read: readRows,
    next: (page, decode): Mark | undefined => {
      const key = findText(page, 'NextKeyMarker');
      const version = findText(page, 'NextVersionIdMarker') || undefined;
      if (key) return { key: decode(key), version };
      const last = page.children.findLast((row) => ROWS.includes(row.name));
      return last && { key: decode(readText(last, 'Key')), version: readText(last, 'VersionId') };
    },
  });
  return { ...foldVersions(rows), ...rest };
}

/** What a server without versions answers. */
const NO_VERSIONS = 'objects where versions were asked for';

function readRows({ name, children }: XmlElement, decode: Decode): VersionRow[] {
  if (name === 'ListBucketResult') throw new SyntaxError(NO_VERSIONS);
  if (name !== 'ListVersionsResult') throw new SyntaxError(NO_LISTING);
  return children.flatMap((row) => (ROWS.includes(row.name) ? readRow(row, decode) : []));
}

const ROWS = ['Version', 'DeleteMarker'];

function readRow(row: XmlElement, decode: Decode): VersionRow {
  const key = decode(readText(row, 'Key'));
  const latest = readBoolean(row, 'IsLatest');
  return { key, latest, version: readVersion(row) };
}

function readVersion(row: XmlElement): Version {
  // A bucket without versions has one of each key, which S3 calls null.
  const versionId = findText(row, 'VersionId') ?? 'null';
  if (versionId === '') fail(row, 'VersionId');
  const identity = { versionId, at: readInstant(row, 'LastModified') };
  if (row.name === 'DeleteMarker') return { what: 'marker', ...identity };
  const etag = findText(row, 'ETag')?.replaceAll('"', '');
  const storageClass = readStorageClass(findText(row, 'StorageClass'));
  return { what: 'upload', ...identity, bytes: readNumber(row, 'Size'), etag, ...storageClass };
}

// 500,000 rows of one target; a host with more is flooded, and must not starve the others.
const PAGES_READ = 500;
// 1,000,000 rows: half of them took 0.8 GB of memory, with all that was made of them.
const PAGES_WATCHED = 1000;

/** What is said of an answer that is something else. */
const NO_LISTING = 'no listing at all';

/** A key as the answer wrote it -> as it is. */
type Decode = (text: string) => string;

/** One of S3's calls that list: how to ask from a mark on, what a row is, and where the next page begins. */
export type ListCall<Mark, Row> = {
  /** The body of the answer, unread. */
  readonly ask: (mark: Mark | undefined) => Promise<Uint8Array>;
  /** Throws a `SyntaxError` that says what a row lacks. */
  readonly read: (page: XmlElement, decode: Decode) => readonly Row[];
  readonly next: (page: XmlElement, decode: Decode) => Mark | undefined;
  /** What the call's mark is called. */
  readonly mark: string;
};

/**
 * Reads page after page. Throws `TargetUnreadableError` for a refusal, a broken answer, a mark that comes back,
 * and a target of more than 500 pages: a part of a listing is never answered as if it were all.
 */
export async function listPages<Mark, Row>(
  query: ListQuery,
  call: ListCall<Mark, Row>,
): Promise<{ rows: Row[]; prefixes: string[]; cut: boolean }> {
  const rows: Row[] = [];
  const prefixes: string[] = [];
  const marks = new Set<string>();
  let mark: Mark | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = readPage(query, call, await askPage(query, call, mark));
    for (const row of page.rows) rows.push(row);
    for (const prefix of page.prefixes) prefixes.push(prefix);
    query.onPage?.(rows.length);
    if (!page.isCut) return { rows, prefixes, cut: false };
    if (query.onePage) return { rows, prefixes, cut: true };
    mark = page.next;
    if (mark === undefined) throw broken(query, `a cut page without a ${call.mark}`);
    if (marks.has(JSON.stringify(mark))) throw broken(query, `the same ${call.mark} twice`);
    const most = query.onPage === undefined ? PAGES_READ : PAGES_WATCHED;
    if (pages >= most) {
      throw new TargetUnreadableError(
        `s3://${query.bucket}/${query.prefix} holds over ${most} pages of objects`,
        query.onPage === undefined
          ? 'see who writes there: rollcall check --deep --host HOST; docs/runbook.md#unreadable'
          : `look at a part of it: s3://${query.bucket}/PREFIX/`,
      );
    }
    marks.add(JSON.stringify(mark));
  }
}

async function askPage<Mark>(
  { bucket, prefix }: ListQuery,
  { ask }: Pick<ListCall<Mark, never>, 'ask'>,
  mark: Mark | undefined,
): Promise<Uint8Array> {
  try {
    return await ask(mark);
  } catch (error) {
    throw new TargetUnreadableError(
      `s3://${bucket}/${prefix} could not be listed: ${nameOf(error)}`,
      hintFor(error, bucket),
      { cause: error },
    );
  }
}

type Page<Mark, Row> = {
  readonly rows: readonly Row[];
  readonly prefixes: readonly string[];
  readonly isCut: boolean;
  readonly next: Mark | undefined;
};

function readPage<Mark, Row>(
  query: ListQuery,
  { read, next }: ListCall<Mark, Row>,
  body: Uint8Array,
): Page<Mark, Row> {
  try {
    const page = parseXml(body);
    const decode = decoderOf(page, query);
    const rows = read(page, decode);
    const prefixes = page.children.flatMap((child) =>
      child.name === 'CommonPrefixes' ? prefixesOf(child).map(decode) : [],
    );
    const isCut = readBoolean(page, 'IsTruncated');
    return { rows, prefixes, isCut, next: isCut ? next(page, decode) : undefined };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(query, error.message);
  }
}

/**
 * How keys are written: as the answer says, or the other way where only then they begin as was asked: some servers say
 * nothing of it, or the wrong thing. Throws `SyntaxError` where keys begin otherwise: what was asked for may be missing.
 */
function decoderOf(page: XmlElement, { prefix }: ListQuery): Decode {
  const asWritten = (text: string) => text;
  const isUrl = findText(page, 'EncodingType') === 'url';
  const ways = isUrl ? [decodeKey, asWritten] : [asWritten, decodeKey];
  const keys = page.children.flatMap((row) => {
    if (row.name === 'CommonPrefixes') return prefixesOf(row);
    return row.name === 'Contents' || ROWS.includes(row.name) ? readText(row, 'Key') : [];
  });
  const fitting = ways.find((decode) => keys.every((key) => decode(key).startsWith(prefix)));
  if (fitting === undefined) throw new SyntaxError('keys that were not asked for');
  return fitting;
}

function broken({ bucket, prefix }: ListQuery, what: string): TargetUnreadableError {
  return new TargetUnreadableError(
    `s3://${bucket}/${prefix} was answered with ${what}`,
    'run it again; if it stays, the endpoint does not speak S3 as it should',
  );
}

/** Some stores know no delimiter but "/", and say so by one of these. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['InvalidArgument', 'InvalidRequest', 'InvalidDelimiter', 'InvalidURI'],
  ...['NotImplemented', 'NotSupported', 'UnsupportedOperation', 'MethodNotAllowed'],
]);

/**
 * Lists as it is asked. Where a store refuses the delimiter, ignores it, or cuts at something else, all keys are listed
 * and cut here: what a wrong cut hides would be missing. Such a bucket is not asked for a cut again; `onFlat` is called
 * once for it. Throws `TargetUnreadableError`.
 */
function listByDelimiter(
  list: ListObjects,
  onFlat: (bucket: string) => void = () => undefined,
): ListObjects {
  const flat = new Set<string>();
  const listFlat = async (query: ListQuery) => {
    const { delimiter = '', ...rest } = query;
    return cutAt(await list(rest), query.prefix, delimiter);
  };
  return async (query) => {
    const { bucket, delimiter } = query;
    if (delimiter === undefined) return list(query);
    if (flat.has(bucket)) return listFlat(query);
    const answer = await list(query).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      return undefined;
    });
    if (answer !== undefined && isCutRight(answer, query)) {
      if (answer.prefixes.length > 0 || !holdsManifest(answer)) return answer;
      // Manifests without one volume: of a store that drops what it should cut, or of hosts without volumes.
      const all = await listFlat(query);
      if (all.prefixes.length === 0) return answer;
    }
    if (!flat.has(bucket)) onFlat(bucket);
    flat.add(bucket);
    return listFlat(query);
  };
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof TargetUnreadableError)) return false;
  // An answer that cannot be read when it is cut may be one that can when it is not.
  if (error.cause === undefined && error.message.includes(' was answered with ')) return true;
  const { name = '', $metadata } = (error.cause ?? {}) as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return REFUSALS.has(name) || $metadata?.httpStatusCode === 501;
}

/** No key is left whole that has the delimiter in it, and each prefix ends with the first one. */
function isCutRight({ objects, prefixes }: ListAnswer, query: ListQuery): boolean {
  const { prefix, delimiter = '' } = query;
  const firstEnd = (key: string) => {
    const at = key.indexOf(delimiter, prefix.length);
    return at < 0 ? -1 : at + delimiter.length;
  };
  return (
    objects.every(({ key }) => firstEnd(key) < 0) &&
    prefixes.every((one) => firstEnd(one) === one.length)
  );
}

function holdsManifest({ objects }: ListAnswer): boolean {
  return objects.some(({ key }) => /\.manifest(?:\.|$)/.test(key));
}

function cutAt(answer: ListAnswer, prefix: string, delimiter: string): ListAnswer {
  const prefixes = new Set<string>();
  const objects = answer.objects.filter(({ key }) => {
    const at = key.indexOf(delimiter, prefix.length);
    if (at >= 0) prefixes.add(key.slice(0, at + delimiter.length));
    return at < 0;
  });
  return { ...answer, objects, prefixes: [...prefixes] };
}
