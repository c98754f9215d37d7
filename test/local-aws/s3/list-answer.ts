// Answers ListObjects, ListObjectsV2 and ListObjectVersions: each its own markers around the same page.
import { fromByteKey, toByteKey } from '../byte-key.ts';
import { element, group, xmlDocument } from '../xml.ts';
import { type Reply, type S3Call, s3Namespace, xmlReply, xmlTime } from './call.ts';
import { cutPage, type Form, invalid, readForm, readToken, writeToken } from './list-form.ts';
import { behindMarker, type Page, type Row } from './listing.ts';
import type { Version } from './version.ts';

/** ListObjectsV2. */
export function listObjectsV2(call: S3Call): Reply {
  const form = readForm(call);
  const token = call.query.get('continuation-token');
  const startAfter = call.query.get('start-after') ?? '';
  const { prefix, delimiter } = form.request;
  const from =
    token === null ? behindMarker(toByteKey(startAfter), prefix, delimiter) : readToken(token);
  const { page, resume } = cutPage(call, { ...form.request, from, versions: 'current' });
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
  const { page, resume } = cutPage(call, { ...form.request, from, versions: 'current' });
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
  const { page, resume } = cutPage(call, {
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

function compose(
  call: S3Call,
  root: string,
  { request, encoding, encode }: Form,
  page: Page,
  markers: readonly string[],
): Reply {
  // ListObjectsV2 leaves the owner out unless it is asked for.
  const shown = !call.query.has('list-type') || call.query.get('fetch-owner') === 'true';
  const owner = shown ? call.s3.account : undefined;
  const lines = page.rows.flatMap((row) =>
    'version' in row ? [composeRow(row, root, encode, owner)] : [],
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
  row: { readonly byteKey: string; readonly version: Version; readonly latest: boolean },
  root: string,
  encode: (text: string) => string,
  owner: string | undefined,
): string {
  const { byteKey, version, latest } = row;
  const key = element('Key', encode(fromByteKey(byteKey)));
  const modified = element('LastModified', xmlTime(version.modifiedAt));
  const identity =
    root === 'ListVersionsResult'
      ? [element('VersionId', version.versionId), element('IsLatest', latest)]
      : [];
  const owned = owner === undefined ? [] : [group('Owner', [element('ID', owner)])];
  if (version.deleteMarker) return group('DeleteMarker', [key, ...identity, modified, ...owned]);
  return group(identity.length > 0 ? 'Version' : 'Contents', [
    key,
    ...identity,
    modified,
    element('ETag', `"${version.etag}"`),
    ...(version.checksum ? [element('ChecksumAlgorithm', version.checksum.algorithm)] : []),
    element('Size', version.content.bytes),
    element('StorageClass', version.storageClass),
    ...owned,
  ]);
}

function nameOf(row: Row | undefined): string | undefined {
  if (!row) return undefined;
  return fromByteKey('commonPrefix' in row ? row.commonPrefix : row.byteKey);
}
