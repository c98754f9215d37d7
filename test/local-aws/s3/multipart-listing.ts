// Answers what uploads are under way, and what parts they have.
import { element, group, xmlDocument } from '../xml.ts';
import { bucketOf, type Reply, type S3Call, s3Namespace, xmlReply, xmlTime } from './call.ts';
import { findUpload, identify } from './multipart.ts';

/** ListMultipartUploads, on one page: what was begun and never finished. */
export function listMultipartUploads(call: S3Call): Reply {
  const prefix = call.query.get('prefix') ?? '';
  const uploads = [...bucketOf(call).uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map((upload) =>
      group('Upload', [
        element('Key', upload.key),
        element('UploadId', upload.id),
        element('StorageClass', upload.attributes.storageClass),
        element('Initiated', xmlTime(upload.initiatedAt)),
      ]),
    );
  const head = [element('Bucket', call.bucketName), element('Prefix', prefix)];
  return xmlReply(
    xmlDocument(
      group(
        'ListMultipartUploadsResult',
        [...head, element('MaxUploads', 1000), element('IsTruncated', false), ...uploads],
        s3Namespace,
      ),
    ),
  );
}

/** ListParts, on one page. */
export function listParts(call: S3Call): Reply {
  const { upload } = findUpload(call);
  const parts = [...upload.parts]
    .sort(([a], [b]) => a - b)
    .map(([number, part]) =>
      group('Part', [
        element('PartNumber', number),
        element('LastModified', xmlTime(part.modifiedAt)),
        element('ETag', `"${part.etag}"`),
        element('Size', part.payload.length),
      ]),
    );
  const head = [...identify(call, upload), element('IsTruncated', false)];
  return xmlReply(xmlDocument(group('ListPartsResult', [...head, ...parts], s3Namespace)));
}
