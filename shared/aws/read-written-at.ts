// When an object was written last: one HEAD.
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { TargetUnreadableError } from '../check/object-store.ts';
import type { Instant } from '../duplicity/time.ts';
import { hintFor, nameOf } from './aws-error.ts';

/**
 * Its LastModified; `undefined` where there is no such object, or a delete marker hides it. Throws `TargetUnreadableError`.
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
