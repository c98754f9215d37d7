// S3 as the check's way into buckets.
import { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../check/object-store.ts';
import { type Connection, clientConfig } from './connection.ts';
import { startListing } from './list-histories.ts';
import { readExpiry } from './read-expiry.ts';
import { startReadingLifecycle } from './read-lifecycle.ts';
import { readPart } from './read-part.ts';
import { readWrittenAt } from './read-written-at.ts';

/** Other endpoints than AWS's rarely have a name for each bucket, so the bucket goes into the path. */
export function connectBuckets(connection: Connection): ObjectStore {
  const forcePathStyle = connection.endpoint !== undefined;
  const client = new S3Client({ ...clientConfig(connection), forcePathStyle });
  return {
    list: startListing(client),
    readPart: (bucket, key, span) => readPart(client, bucket, key, span),
    readLifecycle: startReadingLifecycle(client),
    readWrittenAt: (bucket, key) => readWrittenAt(client, bucket, key),
    readExpiry: (bucket, key) => readExpiry(client, bucket, key),
  };
}
