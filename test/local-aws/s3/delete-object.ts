// Answers DeleteObject and DeleteObjects.
import { AwsError } from '../aws-error.ts';
import { childrenOf, element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import { type Bucket, hideKey, removeVersion, versionsOf } from './bucket.ts';
import { bucketOf, headerOf, type Reply, type S3Call, s3Namespace, xmlReply } from './call.ts';
import { readUpload } from './upload-body.ts';

/** DeleteObject: 204 whether or not there was anything. */
export function deleteObject(call: S3Call): Reply {
  const done = deleteOne(call, call.key, call.query.get('versionId'));
  return {
    status: 204,
    headers: {
      ...(done.versionId === undefined ? {} : { 'x-amz-version-id': done.versionId }),
      ...(done.marker ? { 'x-amz-delete-marker': 'true' } : {}),
    },
  };
}

/** DeleteObjects: up to 1,000 keys, each with its own answer; the caller's rights are asked for each key. */
export function deleteObjects(call: S3Call): Reply {
  bucketOf(call);
  const root = readXml(readUpload(call).payload.toString('utf8'));
  const quiet = textOf(root, 'Quiet') === 'true';
  const asked = childrenOf(root, 'Object');
  if (asked.length === 0 || asked.length > 1000) throw new AwsError('MalformedXML');
  const lines = asked.map((object) => {
    const key = textOf(object, 'Key') ?? '';
    const versionId = textOf(object, 'VersionId') ?? null;
    const named = [
      element('Key', key),
      ...(versionId === null ? [] : [element('VersionId', versionId)]),
    ];
    try {
      const action = versionId === null ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
      if (!call.allows(action, key)) throw new AwsError('AccessDenied');
      const done = deleteOne(call, key, versionId);
      if (quiet) return '';
      const marker = done.marker
        ? [element('DeleteMarker', true), element('DeleteMarkerVersionId', done.versionId ?? '')]
        : [];
      return group('Deleted', [...named, ...marker]);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return group('Error', [
        ...named,
        element('Code', error.code),
        element('Message', error.message),
      ]);
    }
  });
  return xmlReply(xmlDocument(group('DeleteResult', lines, s3Namespace)));
}

type Deleted = { readonly versionId: string | undefined; readonly marker: boolean };

function deleteOne(call: S3Call, key: string, versionId: string | null): Deleted {
  const bucket = bucketOf(call);
  if (versionId !== null) checkLock(call, bucket, key, versionId);
  const gone =
    versionId === null
      ? hideKey(bucket, key, call.s3.now())
      : removeVersion(bucket, key, versionId);
  const hidden = versionId === null && bucket.versioning !== undefined;
  if (gone) {
    call.s3.announce({
      bucket: bucket.name,
      key,
      name: hidden ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete',
      versionId: bucket.versioning === undefined ? undefined : gone.versionId,
      bytes: undefined,
      etag: hidden ? gone.etag : undefined,
      principal: call.principal,
      sourceIp: call.sourceIp,
      requestId: call.requestId,
    });
  }
  if (bucket.versioning === undefined) return { versionId: undefined, marker: false };
  return {
    versionId: gone?.versionId ?? versionId ?? undefined,
    marker: gone?.deleteMarker ?? false,
  };
}

// Retention guards a version, never the key: a delete marker can always be put on top.
function checkLock(call: S3Call, bucket: Bucket, key: string, versionId: string): void {
  const version = versionsOf(bucket, key).find((one) => one.versionId === versionId);
  if (version?.lockedUntil === undefined || version.lockedUntil <= call.s3.now()) return;
  const bypass =
    headerOf(call, 'x-amz-bypass-governance-retention') === 'true' &&
    version.lockMode === 'GOVERNANCE' &&
    call.allows('s3:BypassGovernanceRetention', key);
  if (!bypass) {
    throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.');
  }
}
