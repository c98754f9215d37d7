// Parses what `aws s3api` printed and somebody saved: a whole, well-formed answer, or an error that says what is wrong.
import * as v from 'valibot';
import { readStorageClass } from '../../shared/duplicity/versions.ts';
import type { VersionRow } from '../../shared/monitor/list-sets.ts';
import type { KeyedObject } from '../../shared/monitor/object-store.ts';
import { UsageError } from './terminal.ts';

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
  const { bytes, storageClass } = readRow(row, file, where, decode);
  const etag = textOf(asRecord(row, file, where).ETag)?.replaceAll('"', '');
  const { version, ...rest } = readVersion(row, file, where, decode);
  const upload = { ...version, what: 'upload', bytes, etag } as const;
  return { ...rest, version: { ...upload, ...(storageClass && { storageClass }) } };
}

function readVersion(row: unknown, file: string, where: string, decode: Decode): VersionRow {
  const { Key, IsLatest, VersionId, LastModified } = asRecord(row, file, where);
  if (typeof Key !== 'string') throw malformed(file, `${where} has no Key`);
  if (typeof IsLatest !== 'boolean') throw malformed(file, `${where} has no IsLatest`);
  const at = readTime(LastModified, file, where);
  // Without an id, as some servers list it, its time tells it from the others.
  const versionId = textOf(VersionId) ?? `at ${at}`;
  return { key: decode(Key), latest: IsLatest, version: { what: 'marker', versionId, at } };
}

function readRow(row: unknown, file: string, where: string, decode: Decode): KeyedObject {
  const { Key, Size, LastModified, StorageClass } = asRecord(row, file, where);
  if (typeof Key !== 'string') throw malformed(file, `${where} has no Key`);
  if (!Number.isSafeInteger(Size) || (Size as number) < 0) {
    throw malformed(file, `${where} has no Size`);
  }
  const at = readTime(LastModified, file, where);
  const times = { modifiedAt: at, firstModifiedAt: at };
  return { key: decode(Key), bytes: Size as number, ...times, ...readStorageClass(StorageClass) };
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
