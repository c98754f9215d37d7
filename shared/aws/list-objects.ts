// ListObjectsV2: the objects that are there.
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { KeyedObject, ListAnswer, ListQuery } from '../check/object-store.ts';
import { coldMark } from './cold-storage.ts';
import { type Decode, listPages, NO_LISTING } from './list-pages.ts';
import { findText, readInstant, readNumber, readText } from './listing-fields.ts';
import { sendForBody } from './send-for-body.ts';
import type { XmlElement } from './strict-xml.ts';

/**
 * Lists a bucket. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, delimiter, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'continuation token',
    ask: (token: string | undefined) =>
      sendForBody(
        client,
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          StartAfter: token === undefined ? startAfter : undefined,
          ContinuationToken: token,
          EncodingType: 'url',
        }),
      ),
    read: readObjects,
    next: (page) => findText(page, 'NextContinuationToken') || undefined,
  });
  return { objects: rows, hidden: [], ...rest };
}

function readObjects({ name, children }: XmlElement, decode: Decode): KeyedObject[] {
  if (name !== 'ListBucketResult') throw new SyntaxError(NO_LISTING);
  return children.flatMap((row) => (row.name === 'Contents' ? readObject(row, decode) : []));
}

function readObject(row: XmlElement, decode: Decode): KeyedObject {
  const at = readInstant(row, 'LastModified');
  const key = decode(readText(row, 'Key'));
  const cold = coldMark(findText(row, 'StorageClass'));
  return { key, bytes: readNumber(row, 'Size'), modifiedAt: at, firstModifiedAt: at, ...cold };
}
