// Answers the three calls about an object's tags.
import { AwsError } from '../aws-error.ts';
import { childOf, childrenOf, element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import { replaceVersion } from './bucket.ts';
import { type Reply, type S3Call, s3Namespace, xmlReply } from './call.ts';
import type { ObjectChange } from './event.ts';
import { findVersion } from './read-object.ts';
import { readUpload } from './upload-body.ts';
import type { Version } from './version.ts';

const MAX_TAGS = 10;

/** GetObjectTagging: an empty set for an object without tags. */
export function getObjectTagging(call: S3Call): Reply {
  const { version } = findVersion(call);
  const tags = Object.entries(version.tags).map(([key, value]) =>
    group('Tag', [element('Key', key), element('Value', value)]),
  );
  const body = xmlDocument(group('Tagging', [group('TagSet', tags)], s3Namespace));
  return xmlReply(body, { 'x-amz-version-id': version.versionId });
}

/** PutObjectTagging: the new set replaces the old one whole; date, ETag and version stay. */
export function putObjectTagging(call: S3Call): Reply {
  return setTags(call, readTags(readUpload(call).payload.toString('utf8')), 'ObjectTagging:Put');
}

/** DeleteObjectTagging. */
export function deleteObjectTagging(call: S3Call): Reply {
  return { ...setTags(call, {}, 'ObjectTagging:Delete'), status: 204 };
}

function setTags(call: S3Call, tags: Version['tags'], name: ObjectChange['name']): Reply {
  const { bucket, version } = findVersion(call);
  replaceVersion(bucket, call.key, { ...version, tags });
  const versionId = bucket.versioning === undefined ? undefined : version.versionId;
  call.s3.announce({
    ...{ bucket: bucket.name, key: call.key, name, versionId, etag: version.etag },
    bytes: undefined,
    ...{ principal: call.principal, sourceIp: call.sourceIp, requestId: call.requestId },
  });
  const headers = versionId === undefined ? {} : { 'x-amz-version-id': versionId };
  return { status: 200, headers };
}

function readTags(source: string): Version['tags'] {
  const root = readXml(source);
  const tags = childrenOf(childOf(root, 'TagSet'), 'Tag').map((tag): [string, string] => [
    textOf(tag, 'Key') ?? '',
    textOf(tag, 'Value') ?? '',
  ]);
  if (root.name !== 'Tagging') throw new AwsError('MalformedXML');
  if (tags.length > MAX_TAGS) {
    throw new AwsError('BadRequest', 'Object tags cannot be greater than 10');
  }
  const isLegal = ([key, value]: [string, string]) =>
    key !== '' && key.length <= 128 && value.length <= 256;
  if (!tags.every(isLegal) || new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new AwsError('InvalidTag', 'The tag provided was not a valid tag.');
  }
  return Object.fromEntries(tags);
}
