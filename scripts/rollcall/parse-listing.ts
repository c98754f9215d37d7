// Parses what `aws s3api` printed and somebody saved: a whole, well-formed answer, or an error that says what is wrong.
// Its rows are read again where they are needed, as there may be millions.
import * as v from 'valibot';
import { readStorageClass } from '../../shared/duplicity/versions.ts';
import type { VersionRow } from '../../shared/monitor/list-sets.ts';
import type { KeyedObject } from '../../shared/monitor/object-store.ts';
import { type Piece, type Source, scanListing } from './scan-listing.ts';
import { UsageError } from './terminal.ts';

/** Of a `list-objects-v2`, or of a `list-object-versions`, where a key's rows may be spread over two pages. */
export type Rows = {
  readonly objects: readonly KeyedObject[];
  readonly versions: readonly VersionRow[];
};

/** Rows that follow one another, read when they are asked for; their keys lie between two. */
export type Block = {
  readonly least: string;
  readonly greatest: string;
  /** A GET would answer one of them. */
  readonly isVisible: boolean;
  readonly read: () => Rows;
};

/** One saved answer: which bucket (`undefined` = it does not say) and prefix it covers, and what it holds. */
export type SavedListing = {
  readonly file: string;
  readonly bucket: string | undefined;
  readonly prefix: string;
  readonly blocks: readonly Block[];
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

/** The rows in memory, as one block. */
export function holdRows(rows: Rows): Block {
  return { ...rangeOf(rows), read: () => rows };
}

function rangeOf({ objects, versions }: Rows): Omit<Block, 'read'> {
  let [least, greatest] = [undefined as string | undefined, ''];
  let isVisible = objects.length > 0;
  const add = (key: string) => {
    if (least === undefined || key < least) least = key;
    if (key > greatest) greatest = key;
  };
  for (const { key } of objects) add(key);
  for (const { key, latest, version } of versions) {
    add(key);
    isVisible ||= latest && version.what === 'upload';
  }
  return { least: least ?? '', greatest, isVisible };
}

/** As many blocks stay parsed: hosts are asked for in an order that is near to that of the keys. */
const BLOCKS_KEPT = 32;

/** Parses one saved answer, every byte of it. Throws `UsageError` for anything that is not whole and well-formed. */
export function parseListing(
  source: Source,
  file: string,
  onRows: (rows: number) => void = () => {},
): SavedListing {
  const counts = new Map<string, number>();
  const pieces: { piece: Piece; first: number; count: number; range: Omit<Block, 'read'> }[] = [];
  const kept = new Map<Piece, Rows>();
  const keep = (piece: Piece, rows: Rows) => {
    kept.set(piece, rows);
    const [oldest] = kept.keys();
    if (kept.size > BLOCKS_KEPT && oldest !== undefined) kept.delete(oldest);
    return rows;
  };
  const outside = scanListing(source, (piece, text) => {
    const { list, number } = piece;
    const first = counts.get(list) ?? 0;
    const rows = parseRows(text, file);
    if (number === 0 && counts.has(list)) throw malformed(file, `${list} is there twice`);
    // A comma, and nothing behind it.
    if (number > 0 && rows.length === 0) throw cutOff(file);
    counts.set(list, first + rows.length);
    if (rows.length === 0) return;
    const read = keep(piece, readRows(rows, { file, list, at: first }, asIs));
    pieces.push({ piece, first, count: rows.length, range: rangeOf(read) });
    onRows([...counts.values()].reduce((a, b) => a + b));
  });
  const document = readOutside(outside, file, counts);
  const decode = decoderOf(document);
  // How keys are written is said behind them.
  if (decode !== asIs) kept.clear();
  const blocks = pieces.map(({ piece, first, count, range }): Block => {
    const { list, from, bytes } = piece;
    const read = () => {
      const known = kept.get(piece);
      if (known !== undefined) return known;
      const rows = parseRows(source.read(from, bytes).toString('utf8'), file);
      if (rows.length !== count) throw malformed(file, 'it changed while it was read');
      return keep(piece, readRows(rows, { file, list, at: first }, decode));
    };
    return { ...(decode === asIs ? range : rangeOf(read())), read };
  });
  return {
    file,
    bucket: document.Name,
    prefix: decode(document.Prefix ?? ''),
    blocks,
    from: markerOf(document.ContinuationToken, document.KeyMarker, document.VersionIdMarker),
    next: nextOf(document, file),
  };
}

/** Checks all but the rows, of which it is given how many each list has. */
function readOutside(text: string, file: string, counts: ReadonlyMap<string, number>): Answer {
  if (text.trim() === '') {
    throw new UsageError(`${file} is empty, which an answer of S3's never is`, LIST_AGAIN);
  }
  const json = parseJson(text, file);
  if (!isRecord(json)) throw malformed(file, 'the file is not an object');
  const read = v.safeParse(answerOfS3, json, { abortEarly: true });
  if (!read.success) throw malformed(file, `${v.getDotPath(read.issues[0])} is not a list`);
  const names = Object.keys(json);
  if (names.length > 0 && !names.some((name) => KNOWN.includes(name))) {
    throw new UsageError(`${file} is JSON, but not a listing of objects`, LIST_AGAIN);
  }
  const rows = (list: string) => counts.get(list) ?? 0;
  if (rows('CommonPrefixes') > 0) {
    throw new UsageError(
      `${file} was listed with a delimiter: the objects behind it are not in it`,
      LIST_AGAIN,
    );
  }
  if (rows('Contents') > 0 && rows('Versions') + rows('DeleteMarkers') > 0) {
    throw new UsageError(`${file} holds both Contents and Versions`, LIST_AGAIN);
  }
  return read.output;
}

/** Which row it is, for who reads what is wrong with it. */
type Where = { readonly file: string; readonly list: string; at: number };

/** Rows of other lists are nothing. */
function readRows(rows: readonly unknown[], where: Where, decode: Decode): Rows {
  const each = <Row>(read: (row: unknown, where: Where, decode: Decode) => Row): Row[] =>
    rows.map((row) => {
      const one = read(row, where, decode);
      where.at += 1;
      return one;
    });
  switch (where.list) {
    case 'Contents':
      return { objects: each(readRow), versions: [] };
    case 'Versions':
      return { objects: [], versions: each(readUpload) };
    case 'DeleteMarkers':
      return { objects: [], versions: each(readVersion) };
    default:
      return { objects: [], versions: [] };
  }
}

type Json = Record<string, unknown>;

// A listing may have millions of rows, and a schema took 1.7 to 2.5 times as long: docs/adr/0002-dependencies.md.
function readUpload(row: unknown, where: Where, decode: Decode): VersionRow {
  const { bytes, storageClass } = readRow(row, where, decode);
  const etag = textOf(asRecord(row, where).ETag)?.replaceAll('"', '');
  const { version, ...rest } = readVersion(row, where, decode);
  const upload = { ...version, what: 'upload', bytes, etag } as const;
  return { ...rest, version: { ...upload, ...(storageClass && { storageClass }) } };
}

function readVersion(row: unknown, where: Where, decode: Decode): VersionRow {
  const { Key, IsLatest, VersionId, LastModified } = asRecord(row, where);
  if (typeof Key !== 'string') throw faulty(where, 'has no Key');
  if (typeof IsLatest !== 'boolean') throw faulty(where, 'has no IsLatest');
  const at = readTime(LastModified, where);
  // Without an id, as some servers list it, its time tells it from the others.
  const versionId = textOf(VersionId) ?? `at ${at}`;
  return { key: decode(Key), latest: IsLatest, version: { what: 'marker', versionId, at } };
}

function readRow(row: unknown, where: Where, decode: Decode): KeyedObject {
  const { Key, Size, LastModified, StorageClass } = asRecord(row, where);
  if (typeof Key !== 'string') throw faulty(where, 'has no Key');
  if (!Number.isSafeInteger(Size) || (Size as number) < 0) {
    throw faulty(where, 'has no Size');
  }
  const at = readTime(LastModified, where);
  const times = { modifiedAt: at, firstModifiedAt: at };
  return { key: decode(Key), bytes: Size as number, ...times, ...readStorageClass(StorageClass) };
}

function readTime(value: unknown, where: Where): number {
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;
  const at = typeof value === 'string' && isInstant.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw faulty(where, 'has no LastModified');
  return at;
}

function asRecord(value: unknown, where: Where): Json {
  if (isRecord(value)) return value;
  throw faulty(where, 'is not an object');
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faulty({ file, list, at }: Where, problem: string): UsageError {
  return malformed(file, `${list}[${at}] ${problem}`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

type Decode = (text: string) => string;

const asIs: Decode = (text) => text;

function decoderOf({ EncodingType }: Answer): Decode {
  if (EncodingType !== 'url') return asIs;
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
    throw cutOff(file, error);
  }
}

function parseRows(text: string, file: string): unknown[] {
  return parseJson(`[${text}]`, file) as unknown[];
}

function cutOff(file: string, cause?: unknown): UsageError {
  return new UsageError(`${file} is not JSON, or was cut off`, LIST_AGAIN, { cause });
}

function malformed(file: string, problem: string): UsageError {
  return new UsageError(`${file} is not a listing: ${problem}`, LIST_AGAIN);
}
