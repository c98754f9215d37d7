// Answers GetObject and HeadObject.
import { AwsError } from '../aws-error.ts';
import { checksumHeader } from '../checksum.ts';
import { type Bucket, versionsOf } from './bucket.ts';
import { parseRange } from './byte-range.ts';
import { bucketOf, headerOf, type Reply, type S3Call } from './call.ts';
import { composeExpiration } from './lifecycle.ts';
import { failed } from './upload-body.ts';
import type { Version } from './version.ts';

/** GetObject; of an object whose bytes are not held, zeros. */
export function getObject(call: S3Call): Reply {
  const { bucket, version } = findVersion(call);
  // A restore from these classes is not implemented, so they stay unreadable, as they are on S3 without one.
  if (version.storageClass === 'GLACIER' || version.storageClass === 'DEEP_ARCHIVE') {
    throw new AwsError('InvalidObjectState', undefined, {
      fields: { StorageClass: version.storageClass },
    });
  }
  return composeReply(call, bucket, version);
}

/** HeadObject. */
export function headObject(call: S3Call): Reply {
  const { bucket, version } = findVersion(call);
  return composeReply(call, bucket, version);
}

/** The version a call asks for, or S3's refusal: hidden, gone, never there. */
export function findVersion(call: S3Call): { bucket: Bucket; version: Version } {
  const bucket = bucketOf(call);
  const versions = versionsOf(bucket, call.key);
  const asked = call.query.get('versionId');
  const version =
    asked === null ? versions[0] : versions.find(({ versionId }) => versionId === asked);
  if (version && !version.deleteMarker) return { bucket, version };
  const marker = version
    ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId }
    : undefined;
  if (asked !== null) {
    if (marker)
      throw new AwsError('MethodNotAllowed', undefined, {
        headers: { ...marker, allow: 'DELETE' },
      });
    throw new AwsError('NoSuchVersion', undefined, { fields: { Key: call.key, VersionId: asked } });
  }
  // Without the right to list, S3 does not even say that there is nothing.
  if (!call.allows('s3:ListBucket', undefined)) throw new AwsError('AccessDenied');
  throw new AwsError('NoSuchKey', undefined, {
    fields: { Key: call.key },
    ...(marker ? { headers: marker } : {}),
  });
}

/** The headers that tell of a version, in answers to reads and writes. */
export function versionHeaders(bucket: Bucket, version: Version): Record<string, string> {
  return {
    etag: `"${version.etag}"`,
    'x-amz-server-side-encryption': 'AES256',
    ...(bucket.versioning === undefined ? {} : { 'x-amz-version-id': version.versionId }),
  };
}

/** `x-amz-expiration`, on the current version only. */
export function expirationHeader(
  bucket: Bucket,
  key: string,
  version: Version,
): Record<string, string> {
  if (versionsOf(bucket, key)[0]?.versionId !== version.versionId) return {};
  const expiration = composeExpiration(bucket, key, version);
  return expiration === undefined ? {} : { 'x-amz-expiration': expiration };
}

function composeReply(call: S3Call, bucket: Bucket, version: Version): Reply {
  const changed = checkReadConditions(call, version);
  const { content, checksum } = version;
  const range = parseRange(headerOf(call, 'range'), content.bytes);
  const wantsChecksum = headerOf(call, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const { start, end } = range ?? { start: 0, end: content.bytes };
  const headers: Record<string, string> = {
    ...versionHeaders(bucket, version),
    ...expirationHeader(bucket, call.key, version),
    'accept-ranges': 'bytes',
    ...version.contentHeaders,
    'last-modified': new Date(version.modifiedAt).toUTCString(),
    ...(version.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': version.storageClass }),
    ...(version.lockMode === undefined || version.lockedUntil === undefined
      ? {}
      : {
          'x-amz-object-lock-mode': version.lockMode,
          'x-amz-object-lock-retain-until-date': new Date(version.lockedUntil).toISOString(),
        }),
    ...Object.fromEntries(
      Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    ),
    ...(checksum && wantsChecksum && !range
      ? {
          [checksumHeader(checksum.algorithm)]: checksum.value,
          'x-amz-checksum-type': checksum.value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT',
        }
      : {}),
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${content.bytes}` } : {}),
  };
  if (!changed) return { status: 304, headers };
  return { status: range ? 206 : 200, headers, body: { content, start, end } };
}

function checkReadConditions(call: S3Call, version: Version): boolean {
  const tags = (header: string) => header.split(',').map((tag) => tag.trim().replaceAll('"', ''));
  const match = headerOf(call, 'if-match');
  const noneMatch = headerOf(call, 'if-none-match');
  const since = headerOf(call, 'if-modified-since');
  const until = headerOf(call, 'if-unmodified-since');
  const seconds = Math.floor(version.modifiedAt / 1000) * 1000;
  const hit = (header: string) => tags(header).some((tag) => tag === '*' || tag === version.etag);
  if (match !== undefined && !hit(match)) throw failed('If-Match');
  if (match === undefined && until !== undefined && seconds > Date.parse(until)) {
    throw failed('If-Unmodified-Since');
  }
  if (noneMatch !== undefined) return !hit(noneMatch);
  return since === undefined || seconds > Date.parse(since);
}
