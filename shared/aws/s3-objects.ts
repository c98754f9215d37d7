// S3 as the check's way into buckets.
import type { Readable } from 'node:stream';
import {
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  type LifecycleRule as Given,
  HeadObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Instant } from '../duplicity/time.ts';
import { type ObjectStore, TargetUnreadableError } from '../monitor/object-store.ts';
import type { Span } from '../openpgp/message.ts';
import type { Lifecycle, LifecycleRule } from '../rules/lifecycle.ts';
import { type Connection, hintFor, hintForRefusal, nameOf, s3ClientConfig } from './client.ts';
import { startListing } from './s3-listing.ts';

/** `onFlat` is called once for a bucket whose keys are not cut at a delimiter as it is asked: all are listed then. */
export function connectBuckets(
  connection: Connection,
  onFlat?: (bucket: string) => void,
): ObjectStore {
  const client = new S3Client(s3ClientConfig(connection));
  return {
    list: startListing(client, onFlat),
    readPart: (bucket, key, span) => readPart(client, bucket, key, span),
    readLifecycle: startReadingLifecycle(client),
    readWrittenAt: (bucket, key) => readWrittenAt(client, bucket, key),
    readExpiry: (bucket, key) => readExpiry(client, bucket, key),
  };
}

/**
 * The bytes that the object has there; none behind its end, which S3 answers with 416; `undefined` for one in cold
 * storage, also in a tier of Intelligent-Tiering that no listing shows. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function readPart(
  client: S3Client,
  bucket: string,
  key: string,
  { from, bytes }: Span,
): Promise<Uint8Array | undefined> {
  const Range = `bytes=${from}-${from + bytes - 1}`;
  try {
    const { Body, ContentRange } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range }),
    );
    if (Body === undefined) return new Uint8Array();
    // A store that ignores the range sends all of a volume, from its beginning.
    if (ContentRange === undefined) return await takePart(Body as Readable, from, bytes);
    return await Body.transformToByteArray();
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if (name === 'InvalidRange' || $metadata?.httpStatusCode === 416) return new Uint8Array();
    if (name === 'InvalidObjectState') return undefined;
    throw new TargetUnreadableError(
      `the contents of a backup in s3://${bucket} could not be read: ${nameOf(error)}`,
      name === 'AccessDenied'
        ? `${hintForRefusal(`s3:GetObject on ${bucket}`)}; or take "recipients" out of hosts.yml`
        : hintFor(error, bucket),
      { cause: error },
    );
  }
}

/** The bytes there of a stream, of which no more is read. */
async function takePart(body: Readable, from: number, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const begin = Math.max(0, from - at);
    const end = Math.min(chunk.length, from + bytes - at);
    if (end > begin) chunks.push(chunk.subarray(begin, end));
    at += chunk.length;
    if (at >= from + bytes) break;
  }
  return Buffer.concat(chunks);
}

/**
 * Its LastModified; `undefined` where there is none, or a delete marker hides it. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
async function readWrittenAt(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<Instant | undefined> {
  try {
    const { LastModified } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return LastModified?.getTime();
  } catch (error) {
    if ((error as Error).name === 'NotFound') return undefined;
    throw new TargetUnreadableError(
      `an object in s3://${bucket} could not be looked at: ${nameOf(error)}`,
      hintFor(error, bucket),
      { cause: error },
    );
  }
}

/**
 * The date in `x-amz-expiration`; `undefined` where there is none or it cannot be had: it only confirms the rules.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
async function readExpiry(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<Instant | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { Expiration = '' } = await client.send(command);
    const at = Date.parse(/expiry-date="([^"]+)"/.exec(Expiration)?.[1] ?? '');
    return Number.isNaN(at) ? undefined : at;
  } catch {
    return undefined;
  }
}

/**
 * Reads the rules once a bucket and run. A bucket without any has none; what was refused, or holds a rule of which the
 * days are not understood, is `unread` with the reason: a countdown from half the rules could be days too long.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html
 */
export function startReadingLifecycle(client: S3Client): (bucket: string) => Promise<Lifecycle> {
  const read = new Map<string, Promise<Lifecycle>>();
  return (bucket) => {
    const known = read.get(bucket) ?? readLifecycle(client, bucket);
    read.set(bucket, known);
    return known;
  };
}

async function readLifecycle(client: S3Client, bucket: string): Promise<Lifecycle> {
  try {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    const { Rules = [] } = await client.send(command);
    return { rules: Rules.flatMap(readRule) };
  } catch (error) {
    if ((error as Error).name === 'NoSuchLifecycleConfiguration') return { rules: [] };
    return { unknown: error instanceof RangeError ? error.message : nameOf(error) };
  }
}

/** Nothing for a rule that is switched off, or that asks for a tag: a last good backup has none. */
function readRule({ ID, Status, Filter, Prefix, ...actions }: Given): LifecycleRule[] {
  if (Status !== 'Enabled') return [];
  if (Filter?.Tag !== undefined || (Filter?.And?.Tags ?? []).length > 0) return [];
  const { Days, Date: date } = actions.Expiration ?? {};
  const noncurrent = actions.NoncurrentVersionExpiration;
  const where = `the rule ${JSON.stringify(ID ?? '')}`;
  // The newest so many noncurrent versions are kept for good, and a hidden backup is the newest.
  const keepsNewest = (noncurrent?.NewerNoncurrentVersions ?? 0) > 0;
  const at = date?.getTime();
  if (Number.isNaN(at)) throw new RangeError(`${where} has no date`);
  return [
    {
      prefix: Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '',
      ...(Days === undefined ? {} : { hides: { days: wholeDays(Days, where) } }),
      ...(at === undefined ? {} : { hides: { date: at } }),
      ...(noncurrent?.NoncurrentDays === undefined || keepsNewest
        ? {}
        : { noncurrentDays: wholeDays(noncurrent.NoncurrentDays, where) }),
    },
  ];
}

function wholeDays(days: number, where: string): number {
  if (Number.isSafeInteger(days) && days > 0) return days;
  throw new RangeError(`${where} has no whole number of days`);
}
