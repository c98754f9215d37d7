// ListObjectsV2: the objects that are there.
import { type _Object as Contents, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { KeyedObject, ListAnswer, ListQuery } from '../check/object-store.ts';
import { coldMark } from './cold-storage.ts';
import { type Decode, listPages } from './list-pages.ts';

/**
 * Lists a bucket. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, delimiter, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'continuation token',
    ask: (token: string | undefined) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          StartAfter: token === undefined ? startAfter : undefined,
          ContinuationToken: token,
          EncodingType: 'url',
        }),
      ),
    read: ({ Contents = [] }, decode) => Contents.map((row) => readObject(row, decode)),
    next: ({ NextContinuationToken }) => NextContinuationToken || undefined,
  });
  return { objects: rows, hidden: [], ...rest };
}

function readObject(row: Contents, decode: Decode): KeyedObject {
  const { Key, Size, LastModified, StorageClass } = row;
  const at = LastModified?.getTime();
  if (Key === undefined || Size === undefined || at === undefined || Number.isNaN(at)) {
    throw new TypeError('an object without key, size or time');
  }
  const times = { modifiedAt: at, firstModifiedAt: at };
  return { key: decode(Key), bytes: Size, ...times, ...coldMark(StorageClass) };
}
