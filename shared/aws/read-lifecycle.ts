// A bucket's lifecycle rules, as far as they hide or remove backups.
import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule as Given,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Lifecycle, LifecycleRule } from '../verdict/lifecycle.ts';
import { nameOf } from './aws-error.ts';

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
    if (error instanceof RangeError) return { unread: error.message };
    return { unread: nameOf(error) };
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
