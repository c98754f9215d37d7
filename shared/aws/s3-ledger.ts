// The ledger as one object in a bucket of its own, written only on top of what was read.
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Ledger, LedgerConflictError, LedgerError } from '../check/ledger.ts';
import { nameOf } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

const KEY = 'state.json';

/**
 * Conditional writes: `If-Match` with the tag that was read, `If-None-Match: *` where there was none.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function s3Ledger(connection: Connection, bucket: string): Ledger {
  const forcePathStyle = connection.endpoint !== undefined;
  const client = new S3Client({ ...clientConfig(connection), forcePathStyle });
  return {
    read: async () => {
      try {
        const { Body, ETag } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: KEY }),
        );
        return { text: await Body?.transformToString(), tag: ETag };
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return { text: undefined, tag: undefined };
        throw unreachable('read', bucket, error);
      }
    },
    write: async (text, tag) => {
      const condition = tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag };
      try {
        const { ETag } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: KEY,
            Body: text,
            ContentType: 'application/json',
            ...condition,
          }),
        );
        return ETag ?? '';
      } catch (error) {
        const { name } = error as Error;
        if (name === 'PreconditionFailed' || name === 'ConditionalRequestConflict') {
          throw new LedgerConflictError(`s3://${bucket}/${KEY} was written by another run`);
        }
        throw unreachable('written', bucket, error);
      }
    },
  };
}

function unreachable(what: string, bucket: string, cause: unknown): LedgerError {
  return new LedgerError(`s3://${bucket}/${KEY} could not be ${what} (${nameOf(cause)})`, {
    cause,
  });
}
