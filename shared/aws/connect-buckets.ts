// S3 as the check's way into buckets.
import { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../check/object-store.ts';
import { type Connection, clientConfig } from './connection.ts';
import { listObjects } from './list-objects.ts';
import { readHead } from './read-head.ts';

/** Other endpoints than AWS's rarely have a name for each bucket, so the bucket goes into the path. */
export function connectBuckets(connection: Connection): ObjectStore {
  const forcePathStyle = connection.endpoint !== undefined;
  const client = new S3Client({ ...clientConfig(connection), forcePathStyle });
  return {
    list: (query) => listObjects(client, query),
    readHead: (bucket, key) => readHead(client, bucket, key),
  };
}
