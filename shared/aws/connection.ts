// Where AWS is, and how patiently it is asked.

/** Without an endpoint it is AWS itself, in the region. */
export type Connection = { readonly region: string; readonly endpoint: string | undefined };

const TRIES = 5;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** The settings that every client starts with. */
export function clientConfig({ region, endpoint }: Connection) {
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
  };
}
