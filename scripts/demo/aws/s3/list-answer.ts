// Answers ListObjects, ListObjectsV2 and ListObjectVersions: each its own markers around the same page.
import { AwsError } from '../aws-error.ts';
import { fromByteKey, toByteKey } from '../byte-key.ts';
import { element, group, xmlDocument } from '../xml.ts';
import { bucketOf, type Reply, type S3Call, s3Namespace, xmlReply, xmlTime } from './call.ts';
import {
  behindMarker,
  behindRow,
  type Page,
  type PageRequest,
  type Row,
  readPage,
} from './listing.ts';
import type { Version } from './version.ts';

/** ListObjectsV2. */
export function listObjectsV2(call: S3Call): Reply {
  const form = readForm(call);
  const token = call.query.get('continuation-token');
  const startAfter = call.query.get('start-after') ?? '';
  const behindStart = startAfter === '' ? '' : `${toByteKey(startAfter)}\0`;
  const from = token === null ? behindStart : readToken(token);
  const { page, resume } = turnPage(call, { ...form.request, from, versions: 'current' });
  return compose(call, 'ListBucketResult', form, page, [
    element('KeyCount', page.rows.length),
    ...(token === null ? [] : [element('ContinuationToken', token)]),
    ...(startAfter === '' ? [] : [element('StartAfter', form.encode(startAfter))]),
    ...(resume === undefined ? [] : [element('NextContinuationToken', writeToken(resume.from))]),
  ]);
}

/** ListObjects, the first version, which duplicity calls. */
export function listObjects(call: S3Call): Reply {
  const form = readForm(call);
  const marker = call.query.get('marker') ?? '';
  const { prefix, delimiter } = form.request;
  const from = behindMarker(toByteKey(marker), prefix, delimiter);
  const { page, resume } = turnPage(call, { ...form.request, from, versions: 'current' });
  // S3 gives NextMarker only with a delimiter; without one the last key is the marker, which an empty page cannot say.
  const named = delimiter !== '' || resume?.last === undefined;
  return compose(call, 'ListBucketResult', form, page, [
    element('Marker', form.encode(marker)),
    ...(resume && named ? [element('NextMarker', form.encode(nameOf(resume.last) ?? marker))] : []),
  ]);
}

/** ListObjectVersions. */
export function listObjectVersions(call: S3Call): Reply {
  const form = readForm(call);
  const marker = call.query.get('key-marker') ?? '';
  const versionMarker = call.query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && marker === '') {
    throw invalid('A version-id marker cannot be specified without a key marker.');
  }
  const { prefix, delimiter } = form.request;
  const byteMarker = toByteKey(marker);
  const inside = versionMarker !== '' && form.request.limit > 0;
  const { page, resume } = turnPage(call, {
    ...form.request,
    from: inside ? byteMarker : behindMarker(byteMarker, prefix, delimiter),
    ...(inside ? { behindVersion: { byteKey: byteMarker, versionId: versionMarker } } : {}),
    versions: 'all',
  });
  const last = resume?.last;
  const nextVersion = last && 'version' in last ? last.version.versionId : versionMarker;
  return compose(call, 'ListVersionsResult', form, page, [
    element('KeyMarker', form.encode(marker)),
    element('VersionIdMarker', versionMarker),
    ...(resume ? [element('NextKeyMarker', form.encode(nameOf(last) ?? marker))] : []),
    ...(resume && !(last && 'commonPrefix' in last)
      ? [element('NextVersionIdMarker', nextVersion)]
      : []),
  ]);
}

type Form = {
  readonly request: Pick<PageRequest, 'prefix' | 'delimiter' | 'limit'>;
  readonly encoding: string | null;
  readonly encode: (text: string) => string;
};

function readForm(call: S3Call): Form {
  const encoding = call.query.get('encoding-type');
  if (encoding !== null && encoding !== 'url')
    throw invalid('Invalid Encoding Method specified in Request');
  const maxKeys = call.query.get('max-keys') ?? '1000';
  if (!/^\d{1,10}$/.test(maxKeys)) {
    throw invalid('Argument max-keys must be an integer between 0 and 2147483647');
  }
  return {
    request: {
      prefix: toByteKey(call.query.get('prefix') ?? ''),
      delimiter: toByteKey(call.query.get('delimiter') ?? ''),
      limit: Math.min(Number(maxKeys), 1000),
    },
    encoding,
    encode: encoding === null ? (text) => text : encodeKey,
  };
}

/** What the next page starts from: the last row, or where this page itself began. */
type Resume = { readonly from: string; readonly last: Row | undefined };

function turnPage(call: S3Call, request: PageRequest): { page: Page; resume: Resume | undefined } {
  const page = readPage(bucketOf(call), request);
  const again: Resume = { from: request.from, last: undefined };
  if (call.page === 'empty') return { page: { rows: [], truncated: true }, resume: again };
  const last = page.rows.at(-1);
  if (call.page === 'same-token') {
    // The first page has no token yet that could come again, so the loop starts from its end.
    const looping = request.from !== '' || last === undefined;
    const resume = looping ? again : { from: behindRow(last), last };
    return { page: { ...page, truncated: true }, resume };
  }
  const resume = page.truncated && last ? { from: behindRow(last), last } : undefined;
  return { page, resume };
}

function compose(
  call: S3Call,
  root: string,
  { request, encoding, encode }: Form,
  page: Page,
  markers: readonly string[],
): Reply {
  const lines = page.rows.flatMap((row) =>
    'version' in row ? [composeRow(row.byteKey, row.version, row.latest, root, encode)] : [],
  );
  const prefixes = page.rows.flatMap((row) =>
    'commonPrefix' in row
      ? [group('CommonPrefixes', [element('Prefix', encode(fromByteKey(row.commonPrefix)))])]
      : [],
  );
  return xmlReply(
    xmlDocument(
      group(
        root,
        [
          element('Name', call.bucketName),
          element('Prefix', encode(fromByteKey(request.prefix))),
          ...markers,
          element('MaxKeys', request.limit),
          ...(request.delimiter === ''
            ? []
            : [element('Delimiter', encode(fromByteKey(request.delimiter)))]),
          ...(encoding === null ? [] : [element('EncodingType', encoding)]),
          element('IsTruncated', page.truncated),
          ...lines,
          ...prefixes,
        ],
        s3Namespace,
      ),
    ),
  );
}

function composeRow(
  byteKey: string,
  version: Version,
  latest: boolean,
  root: string,
  encode: (text: string) => string,
): string {
  const key = element('Key', encode(fromByteKey(byteKey)));
  const modified = element('LastModified', xmlTime(version.modifiedAt));
  const identity =
    root === 'ListVersionsResult'
      ? [element('VersionId', version.versionId), element('IsLatest', latest)]
      : [];
  if (version.deleteMarker) return group('DeleteMarker', [key, ...identity, modified]);
  return group(identity.length > 0 ? 'Version' : 'Contents', [
    key,
    ...identity,
    modified,
    element('ETag', `"${version.etag}"`),
    ...(version.checksum ? [element('ChecksumAlgorithm', version.checksum.algorithm)] : []),
    element('Size', version.content.bytes),
    element('StorageClass', version.storageClass),
  ]);
}

function nameOf(row: Row | undefined): string | undefined {
  if (!row) return undefined;
  return fromByteKey('commonPrefix' in row ? row.commonPrefix : row.byteKey);
}

// As S3 does it: like a form, but the slash stays.
function encodeKey(text: string): string {
  return encodeURIComponent(text)
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function writeToken(from: string): string {
  return Buffer.from(`1 ${from}`, 'latin1').toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('latin1');
  if (!text.startsWith('1 ') || writeToken(text.slice(2)) !== token) {
    throw invalid('The continuation token provided is incorrect');
  }
  return text.slice(2);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgument', message);
}
