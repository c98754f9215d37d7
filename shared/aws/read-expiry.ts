// When S3 itself says that lifecycle hides an object: one HEAD.
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Instant } from '../duplicity/time.ts';

/**
 * The date in `x-amz-expiration`; `undefined` where there is none or it cannot be had: it only confirms what the rules say.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function readExpiry(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<Instant | undefined> {
  try {
    const { Expiration = '' } = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key }),
    );
    const at = Date.parse(/expiry-date="([^"]+)"/.exec(Expiration)?.[1] ?? '');
    return Number.isNaN(at) ? undefined : at;
  } catch {
    return undefined;
  }
}
