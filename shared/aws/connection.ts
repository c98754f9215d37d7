// Where AWS is, and how patiently it is asked.

import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** What requests are signed with. */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
};

/** Without an endpoint it is AWS itself, in the region; without credentials, those that the SDK finds. */
export type Connection = {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
};

const TRIES = 5;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** How long every client waits, and how often it tries. */
export const requestSettings = {
  maxAttempts: TRIES,
  // Without the last one the SDK would only warn, and one request that hangs would keep every host waiting.
  requestHandler: {
    connectionTimeout: CONNECT_MS,
    requestTimeout: ANSWER_MS,
    throwOnRequestTimeout: true,
  },
} as const;

/** The settings that every client starts with. */
export function clientConfig({ region, endpoint, credentials }: Connection) {
  return {
    region,
    ...requestSettings,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
