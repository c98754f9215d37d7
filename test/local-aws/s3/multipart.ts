// Answers the calls of a multipart upload, in which duplicity sends every volume above some megabytes.
import { AwsError } from '../aws-error.ts';
import { composeChecksum, md5Hex, parseChecksumAlgorithm } from '../checksum.ts';
import { contentOf } from '../content.ts';
import { childrenOf, element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import { type Bucket, currentOf } from './bucket.ts';
import { bucketOf, headerOf, type Reply, type S3Call, s3Namespace, xmlReply } from './call.ts';
import { versionHeaders } from './read-object.ts';
import type { Part, Upload } from './upload.ts';
import { checkWriteConditions, readAttributes, readUpload } from './upload-body.ts';
import { composeVersionId } from './version.ts';
import { checkKey, checksumHeaders, storeObject } from './write-object.ts';

const smallestPart = 5 * 1024 * 1024;

/** CreateMultipartUpload. */
export function createMultipartUpload(call: S3Call): Reply {
  const bucket = bucketOf(call);
  checkKey(call.key);
  bucket.writes += 1;
  const algorithm = headerOf(call, 'x-amz-checksum-algorithm');
  const upload: Upload = {
    id: composeVersionId(`upload ${bucket.name}/${call.key}#${bucket.writes}`),
    key: call.key,
    initiatedAt: call.s3.now(),
    attributes: readAttributes(call),
    algorithm: algorithm === undefined ? undefined : parseChecksumAlgorithm(algorithm),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  return xmlReply(
    xmlDocument(group('InitiateMultipartUploadResult', identify(call, upload), s3Namespace)),
    algorithm === undefined
      ? {}
      : { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': 'COMPOSITE' },
  );
}

/** UploadPart: a part sent again replaces itself. */
export function uploadPart(call: S3Call): Reply {
  const { upload } = findUpload(call);
  const number = Number(call.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new AwsError(
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  const { payload, checksum } = readUpload(call);
  const etag = md5Hex(payload);
  upload.parts.set(number, { payload, etag, checksum, modifiedAt: call.s3.now() });
  return {
    status: 200,
    headers: {
      etag: `"${etag}"`,
      'x-amz-server-side-encryption': 'AES256',
      ...checksumHeaders(checksum),
    },
  };
}

/** CompleteMultipartUpload: the parts named, in order; each but the last at least 5 MiB. */
export function completeMultipartUpload(call: S3Call): Reply {
  const { bucket, upload } = findUpload(call);
  const parts = readParts(call, upload);
  checkWriteConditions(call, currentOf(bucket, call.key));
  const digest = md5Hex(Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex'))));
  const sums = parts.map(({ checksum }) => checksum);
  const version = storeObject(
    call,
    {
      ...upload.attributes,
      content: contentOf(Buffer.concat(parts.map(({ payload }) => payload))),
      etag: `${digest}-${parts.length}`,
      checksum: upload.algorithm && composeChecksum(upload.algorithm, sums),
      // "For multipart uploads, the object creation date is the date of initiation of the multipart upload."
      // (S3 user guide, "Working with object metadata")
      modifiedAt: upload.initiatedAt,
    },
    'ObjectCreated:CompleteMultipartUpload',
  );
  bucket.uploads.delete(upload.id);
  const result = [
    element('Location', `/${bucket.name}/${call.key}`),
    element('Bucket', bucket.name),
    element('Key', call.key),
    element('ETag', `"${version.etag}"`),
    ...(version.checksum
      ? [element(`Checksum${version.checksum.algorithm}`, version.checksum.value)]
      : []),
  ];
  const { etag: _inBody, ...headers } = versionHeaders(bucket, version);
  return xmlReply(
    xmlDocument(group('CompleteMultipartUploadResult', result, s3Namespace)),
    headers,
  );
}

/** AbortMultipartUpload. */
export function abortMultipartUpload(call: S3Call): Reply {
  const { bucket, upload } = findUpload(call);
  bucket.uploads.delete(upload.id);
  return { status: 204 };
}

/** The elements that name an upload. */
export function identify(call: S3Call, upload: Upload): string[] {
  return [
    element('Bucket', call.bucketName),
    element('Key', upload.key),
    element('UploadId', upload.id),
  ];
}

/** The upload of the call, or NoSuchUpload. */
export function findUpload(call: S3Call): { bucket: Bucket; upload: Upload } {
  const bucket = bucketOf(call);
  const upload = bucket.uploads.get(call.query.get('uploadId') ?? '');
  if (!upload || upload.key !== call.key) throw new AwsError('NoSuchUpload');
  return { bucket, upload };
}

function readParts(call: S3Call, upload: Upload): Part[] {
  const named = childrenOf(readXml(call.body.toString('utf8')), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag')?.replaceAll('"', ''),
  }));
  if (named.length === 0) throw new AwsError('MalformedXML');
  if (named.some(({ number }, at) => at > 0 && number <= (named[at - 1]?.number ?? 0))) {
    throw new AwsError(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
    );
  }
  return named.map(({ number, etag }, at) => {
    const part = upload.parts.get(number);
    if (!part || part.etag !== etag) {
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      );
    }
    if (at < named.length - 1 && part.payload.length < smallestPart) {
      throw new AwsError(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    }
    return part;
  });
}
