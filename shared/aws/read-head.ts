// A ranged GET of an object's first bytes.
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { TargetUnreadableError } from '../check/object-store.ts';
import { HEAD_BYTES } from '../openpgp/message-head.ts';
import { hintFor, nameOf } from './aws-error.ts';

/**
 * At most 4 KiB; none for an empty object, which S3 answers with 416; `undefined` for one in cold storage.
 * Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function readHead(
  client: S3Client,
  bucket: string,
  key: string,
): Promise<Uint8Array | undefined> {
  const Range = `bytes=0-${HEAD_BYTES - 1}`;
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidRange') return new Uint8Array();
    if (name === 'InvalidObjectState') return undefined;
    throw new TargetUnreadableError(
      `the recipients of a backup in s3://${bucket} could not be read: ${nameOf(error)}`,
      name === 'AccessDenied'
        ? `these credentials may not read ${bucket}: allow s3:GetObject, or take "recipients" out of hosts.yml`
        : hintFor(error, bucket),
      { cause: error },
    );
  }
}
