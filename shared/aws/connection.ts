// Where AWS is, and how patiently it is asked.

import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** Without an endpoint it is AWS itself, in the region; without credentials, those that the SDK finds. */
export type Connection = {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
};

const TRIES = 5;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** The settings that every client starts with. */
export function clientConfig({ region, endpoint, credentials }: Connection) {
  return {
    region,
    maxAttempts: TRIES,
    // Without the last one the SDK would only warn, and one request that hangs would keep every host waiting.
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
