// Clients of AWS: region, endpoint and how patient they are.
import { S3Client } from '@aws-sdk/client-s3';

/** Where to connect to; without an endpoint it is AWS itself. */
export type Connection = { readonly region: string; readonly endpoint: string | undefined };

const TRIES = 5;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** Other endpoints than AWS's rarely have a name for each bucket, so the bucket goes into the path. */
export function connectS3({ region, endpoint }: Connection): S3Client {
  return new S3Client({
    region,
    maxAttempts: TRIES,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  });
}
