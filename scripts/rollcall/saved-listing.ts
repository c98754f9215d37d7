// Saved `aws s3api list-objects-v2` and `list-object-versions` answers, parsed closed and strict.
import type { VersionRow } from '../../shared/check/fold-versions.ts';
import type { KeyedObject } from '../../shared/check/object-store.ts';
import { UsageError } from './usage-error.ts';

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
  const rowsOf = (part: string) => asArray(document[part], file, part);
  const contents = rowsOf('Contents');
  const uploads = rowsOf('Versions');
  const markers = rowsOf('DeleteMarkers');
  if (contents.length > 0 && uploads.length + markers.length > 0) {
    throw new UsageError(`${file} holds both Contents and Versions`, LIST_AGAIN);
  }
  const objects = contents.map((row, at) => readRow(row, file, `Contents[${at}]`, decode));
  const versions = [
    ...uploads.map((row, at) => readUpload(row, file, `Versions[${at}]`, decode)),
    ...markers.map((row, at) => readVersion(row, file, `DeleteMarkers[${at}]`, decode)),
  ];
  return {
    file,
    bucket: textOf(document.Name),
    prefix: decode(textOf(document.Prefix) ?? ''),
    objects,
    versions,
    from: markerOf(document, 'ContinuationToken', 'KeyMarker', 'VersionIdMarker'),
    next: nextOf(document, file),
  };
}

type Json = Record<string, unknown>;
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
  // Without an id, as some servers list it, its time tells it from the others.
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
