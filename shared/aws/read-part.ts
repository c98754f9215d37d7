// A ranged GET of a part of an object.
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { TargetUnreadableError } from '../check/object-store.ts';
import type { Span } from '../openpgp/message-end.ts';
import { hintFor, nameOf } from './aws-error.ts';

/**
 * The bytes that the object has there; none behind its end, which S3 answers with 416; `undefined` for one in cold
 * storage, also in a tier of Intelligent-Tiering that no listing tells of. Throws `TargetUnreadableError`.
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
        ? `these credentials may not read ${bucket}: allow s3:GetObject, or take "recipients" out of hosts.yml`
        : hintFor(error, bucket),
      { cause: error },
    );
  }
}
