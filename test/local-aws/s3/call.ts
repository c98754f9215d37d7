// Gives every S3 operation what it works on: the account's buckets, the request, and what happens because of it.
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../aws-error.ts';
import type { Content } from '../content.ts';
import type { Lie, Stumble } from '../fault.ts';
import type { Bucket } from './bucket.ts';
import type { ObjectChange } from './event.ts';

/** The part of the account that is S3. */
export type S3State = {
  readonly buckets: Map<string, Bucket>;
  readonly region: string;
  readonly account: string;
  readonly now: () => number;
  readonly announce: (change: ObjectChange) => void;
  readonly announceTest: (bucket: Bucket) => void;
};

/** One call, decoded; `query` and `headers` hold only what the operation's route admits. */
export type S3Call = {
  readonly s3: S3State;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly principal: string;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Faults asked for by a test: see fault.ts. */
  readonly page: Stumble | undefined;
  readonly store: Lie | undefined;
  /** Whether this caller may do something else than it asked for (a batch's keys, a look behind a 404). */
  readonly allows: (action: string, key: string | undefined) => boolean;
};

/** An answer; the body is XML, JSON, or a range of an object. */
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?:
    | string
    | { readonly content: Content; readonly start: number; readonly end: number };
};

/** The bucket of the call, or NoSuchBucket; AccessDenied if the caller expects another owner. */
export function bucketOf(call: S3Call): Bucket {
  const bucket = call.s3.buckets.get(call.bucketName);
  if (!bucket)
    throw new AwsError('NoSuchBucket', undefined, { fields: { BucketName: call.bucketName } });
  const owner = headerOf(call, 'x-amz-expected-bucket-owner');
  if (owner !== undefined && owner !== call.s3.account) throw new AwsError('AccessDenied');
  return bucket;
}

/** A header's one value. */
export function headerOf(call: S3Call, name: string): string | undefined {
  const value = call.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A 200 with an XML body. */
export function xmlReply(body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** S3's clock in XML: whole seconds, written with milliseconds. */
export function xmlTime(instant: number): string {
  return new Date(Math.floor(instant / 1000) * 1000).toISOString();
}

/** The namespace of S3's answers. */
export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
