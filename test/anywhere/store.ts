// What the tests of any store know of the server that they run on.

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** A server that runs, and who may do all there. */
export type Store = {
  readonly endpoint: string;
  /** Where a bucket is a part of the name. */
  readonly virtual?: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** A user who may do nothing yet; `principal`: what a policy of a bucket calls it. Absent: the server believes everybody. */
  readonly addUser?: (name: string) => Promise<Credentials & { readonly principal: string }>;
  readonly stop: () => Promise<void>;
};

/** The server takes a bucket as a part of this name, too. */
export const STORE_DOMAIN = 'localhost';
