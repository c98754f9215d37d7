// S3 as the check's way into buckets.
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
import { type Connection, clientConfig, hintFor, hintForRefusal, nameOf } from './client.ts';
import { startListing } from './s3-listing.ts';

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
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidRange') return new Uint8Array();
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

/**
 * Its LastModified; `undefined` where there is none, or a delete marker hides it. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function readWrittenAt(
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
export async function readExpiry(
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
