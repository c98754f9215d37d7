// Answers PutObject and CopyObject, and stores what CompleteMultipartUpload put together.
import { AwsError } from '../aws-error.ts';
import { type Checksum, checksumHeader, md5Hex } from '../checksum.ts';
import { contentOf } from '../content.ts';
import { element, group, xmlDocument } from '../xml.ts';
import { addVersion, currentOf, nextVersionId } from './bucket.ts';
import {
  bucketOf,
  headerOf,
  type Reply,
  type S3Call,
  s3Namespace,
  xmlReply,
  xmlTime,
} from './call.ts';
import type { ObjectChange } from './event.ts';
import { expirationHeader, findVersion, versionHeaders } from './read-object.ts';
import {
  checkWriteConditions,
  readAttributes,
  readDefaultLock,
  readUpload,
} from './upload-body.ts';
import { createVersion, type Version } from './version.ts';

/** PutObject. */
export function putObject(call: S3Call): Reply {
  const bucket = bucketOf(call);
  checkKey(call.key);
  const { payload: sent, checksum } = readUpload(call);
  const payload = keep(sent, call.store);
  checkWriteConditions(call, currentOf(bucket, call.key));
  if (call.store === 'nothing') return { status: 200, headers: { etag: `"${md5Hex(payload)}"` } };
  const made = {
    ...readAttributes(call),
    content: contentOf(payload),
    etag: md5Hex(payload),
    modifiedAt: call.s3.now(),
    checksum,
  };
  const version = storeObject(call, made, 'ObjectCreated:Put');
  return {
    status: 200,
    headers: {
      ...versionHeaders(bucket, version),
      ...expirationHeader(bucket, call.key, version),
      ...checksumHeaders(checksum),
    },
  };
}

function keep(sent: Buffer, lie: S3Call['store']): Buffer {
  if (lie === 'half') return sent.subarray(0, sent.length / 2);
  if (lie !== 'flip') return sent;
  const flipped = Buffer.from(sent);
  const middle = Math.floor(sent.length / 2);
  flipped[middle] = (flipped[middle] ?? 0) ^ 1;
  return flipped;
}

/** CopyObject inside this account, from the current version or from the one named. */
export function copyObject(call: S3Call): Reply {
  const bucket = bucketOf(call);
  checkKey(call.key);
  const { source, sourceKey } = readCopySource(call);
  const replacing = headerOf(call, 'x-amz-metadata-directive') === 'REPLACE';
  const storageClass = headerOf(call, 'x-amz-storage-class') ?? 'STANDARD';
  const onItself = call.bucketName === sourceKey.bucketName && call.key === sourceKey.key;
  if (onItself && !replacing && storageClass === source.storageClass && !sourceKey.versionId) {
    throw new AwsError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  checkWriteConditions(call, currentOf(bucket, call.key));
  const attributes = readAttributes(call);
  const kept = replacing ? attributes : { ...source, storageClass: attributes.storageClass };
  const version = storeObject(
    call,
    {
      ...kept,
      content: source.content,
      etag: source.etag,
      checksum: source.checksum,
      modifiedAt: call.s3.now(),
    },
    'ObjectCreated:Copy',
  );
  const result = group(
    'CopyObjectResult',
    [element('LastModified', xmlTime(version.modifiedAt)), element('ETag', `"${version.etag}"`)],
    s3Namespace,
  );
  return xmlReply(xmlDocument(result), versionHeaders(bucket, version));
}

/** Puts a new version on the key of the call and tells who listens. */
export function storeObject(
  call: S3Call,
  made: Pick<Version, 'content' | 'etag' | 'modifiedAt'> & Partial<Version>,
  name: ObjectChange['name'],
): Version {
  const bucket = bucketOf(call);
  const version = createVersion({
    ...made,
    ...readDefaultLock(bucket, call.s3.now()),
    versionId: nextVersionId(bucket, call.key),
  });
  addVersion(bucket, call.key, version);
  call.s3.announce({
    bucket: bucket.name,
    key: call.key,
    name,
    versionId: bucket.versioning === undefined ? undefined : version.versionId,
    bytes: version.content.bytes,
    etag: version.etag,
    principal: call.principal,
    sourceIp: call.sourceIp,
    requestId: call.requestId,
  });
  return version;
}

/** A checksum as the answer's header. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [checksumHeader(checksum.algorithm)]: checksum.value } : {};
}

/** S3 takes any key of at most 1,024 bytes. */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > 1024) {
    throw new AwsError('KeyTooLongError', 'Your key is too long');
  }
}

function readCopySource(call: S3Call) {
  const header = headerOf(call, 'x-amz-copy-source') ?? '';
  const [path = '', search = ''] = header.replace(/^\//, '').split('?');
  const slash = path.indexOf('/');
  const sourceKey = {
    bucketName: decodeURIComponent(path.slice(0, slash)),
    key: decodeURIComponent(path.slice(slash + 1)),
    versionId: new URLSearchParams(search).get('versionId'),
  };
  if (!call.allows('s3:GetObject', sourceKey.key)) throw new AwsError('AccessDenied');
  const { bucketName, key } = sourceKey;
  const { version: source } = findVersion({
    ...call,
    bucketName,
    key,
    query: new URLSearchParams(search),
  });
  return { source, sourceKey };
}
