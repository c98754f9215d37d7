// Versions where they may be listed; else the objects alone, and the reason with them.
import { ListObjectsV2Command, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
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
import { parseXml, sendForBody, type XmlElement } from './raw-answer.ts';

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
 * not asked again.
 */
export function startListing(client: S3Client): ListObjects {
  const refused = new Map<string, Inconclusive>();
  return async (query) => {
    if (!query.versions) return listObjects(client, query);
    try {
      if (!refused.has(query.bucket)) return await listObjectVersions(client, query);
    } catch (error) {
      const reason = reasonFor(error);
      if (reason === undefined) throw error;
      refused.set(query.bucket, reason);
    }
    const answer = await listObjects(client, query);
    return { ...answer, inconclusive: refused.get(query.bucket) ?? 'denied' };
  };
}

function reasonFor(error: unknown): Inconclusive | undefined {
  if (!(error instanceof TargetUnreadableError)) return undefined;
  if (error.message.endsWith(NO_VERSIONS)) return 'not offered';
  return REASONS[(error.cause as Error | undefined)?.name ?? ''];
}

/**
 * Lists a bucket. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, delimiter, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'continuation token',
    ask: (token: string | undefined) =>
      sendForBody(
        client,
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          StartAfter: token === undefined ? startAfter : undefined,
          ContinuationToken: token,
          EncodingType: 'url',
        }),
      ),
    read: readObjects,
    next: (page) => findText(page, 'NextContinuationToken') || undefined,
  });
  return { objects: rows, hidden: [], ...rest };
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
export async function listObjectVersions(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'marker',
    // Without a version, a key marker is what StartAfter is: only keys behind it, whole.
    ask: (mark: Mark | undefined) =>
      sendForBody(
        client,
        new ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: prefix,
          KeyMarker: mark?.key ?? startAfter,
          VersionIdMarker: mark?.version,
          EncodingType: 'url',
        }),
      ),
    read: readRows,
    next: (page, decode): Mark | undefined => {
      const key = findText(page, 'NextKeyMarker');
      const version = findText(page, 'NextVersionIdMarker') || undefined;
      return key ? { key: decode(key), version } : undefined;
    },
  });
  return { ...foldVersions(rows), ...rest };
}

/** What a server without versions answers. */
export const NO_VERSIONS = 'objects where versions were asked for';

function readRows({ name, children }: XmlElement, decode: Decode): VersionRow[] {
  if (name === 'ListBucketResult') throw new SyntaxError(NO_VERSIONS);
  if (name !== 'ListVersionsResult') throw new SyntaxError(NO_LISTING);
  return children.flatMap((row) =>
    row.name === 'Version' || row.name === 'DeleteMarker' ? readRow(row, decode) : [],
  );
}

function readRow(row: XmlElement, decode: Decode): VersionRow {
  const key = decode(readText(row, 'Key'));
  const latest = readBoolean(row, 'IsLatest');
  return { key, latest, version: readVersion(row) };
}

function readVersion(row: XmlElement): Version {
  const identity = { versionId: readText(row, 'VersionId'), at: readInstant(row, 'LastModified') };
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
export const NO_LISTING = 'no listing at all';

/** A key as the answer wrote it -> as it is. */
export type Decode = (text: string) => string;

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
    const decode = findText(page, 'EncodingType') === 'url' ? decodeKey : (text: string) => text;
    const rows = read(page, decode);
    const prefixes = page.children.flatMap((child) =>
      child.name === 'CommonPrefixes' ? decode(readText(child, 'Prefix')) : [],
    );
    const isCut = readBoolean(page, 'IsTruncated');
    return { rows, prefixes, isCut, next: isCut ? next(page, decode) : undefined };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(query, error.message);
  }
}

/** S3 writes a space as "+" and a plus as "%2B"; what does not decode stays as it came, and is foreign. */
function decodeKey(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function broken({ bucket, prefix }: ListQuery, what: string): TargetUnreadableError {
  return new TargetUnreadableError(
    `s3://${bucket}/${prefix} was answered with ${what}`,
    'run it again; if it stays, the endpoint does not speak S3 as it should',
  );
}

/**
 * The text of the only child of that name; `undefined` without one. Throws `SyntaxError` for two, and for one with
 * elements in it.
 */
export function findText({ name: within, children }: XmlElement, name: string): string | undefined {
  let found: string | undefined;
  for (const child of children) {
    if (child.name !== name) continue;
    if (found !== undefined || child.children.length > 0) {
      throw new SyntaxError(`a ${within} with more than one ${name}`);
    }
    found = child.text;
  }
  return found;
}

/** The same where it must be there, and not empty. Throws `SyntaxError`. */
export function readText(element: XmlElement, name: string): string {
  return findText(element, name) || fail(element, name);
}

/** A whole number, not negative. Throws `SyntaxError`. */
export function readNumber(element: XmlElement, name: string): number {
  const text = readText(element, name);
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : fail(element, name);
}

/** `true` or `false`. Throws `SyntaxError`. */
export function readBoolean(element: XmlElement, name: string): boolean {
  const text = readText(element, name);
  return text === 'true' || (text !== 'false' && fail(element, name));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** Milliseconds since 1970; a day that no calendar has is none. Throws `SyntaxError`. */
export function readInstant(element: XmlElement, name: string): number {
  const text = readText(element, name);
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes a 31st of February for a 3rd of March.
  return new Date(at).getUTCDate() === Number(text.slice(8, 10)) ? at : fail(element, name);
}

function fail({ name: within }: XmlElement, name: string): never {
  throw new SyntaxError(`a ${within} without a ${name} that can be read`);
}
