// What stands in a deployment's way: the stack as it is, whose the bucket is, and whose the hosts' group.
import { GetGroupCommand, IAMClient } from '@aws-sdk/client-iam';
import { HeadBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { BeforeDeploy, BucketOwner, Names } from '../doctor/before-deploy.ts';
import { askAws, attempt, type Connection, clientConfig, s3ClientConfig } from './client.ts';
import { readStack, readStackOf } from './deployed-stack.ts';

/** Asks AWS, and changes nothing. What could not be read is in the answer, with why. */
export async function readBeforeDeploy(
  connection: Connection,
  bucket: string,
  names: Names,
): Promise<BeforeDeploy> {
  const [stack, owner, group] = await Promise.all([
    attempt(() => readStack(connection, names.stack)),
    attempt(() => readOwner(connection, bucket)),
    attempt(() => readGroup(connection, names.group)),
  ]);
  return { stack, bucket: owner, group };
}

/**
 * A 403 is no proof that it is another's: anyone who may deploy may lack s3:ListBucket. The account's own list decides.
 * Source: HeadBucket, Amazon S3 API Reference ("404 Not Found", "403 Forbidden").
 */
async function readOwner(connection: Connection, Bucket: string): Promise<BucketOwner> {
  const s3 = new S3Client({ ...s3ClientConfig(connection), followRegionRedirects: true });
  const us = async (region = connection.region): Promise<BucketOwner> => ({
    owner: 'us',
    region,
    stack: await readStackOf(connection, Bucket),
  });
  try {
    const { BucketRegion } = await s3.send(new HeadBucketCommand({ Bucket }));
    // A policy of its owner's may let us see another account's bucket.
    const own = await findOwn(s3, Bucket);
    return own === undefined ? { owner: 'another account' } : us(BucketRegion ?? own.region);
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return { owner: 'nobody' };
    if (status !== 403) {
      await askAws(`read the bucket ${Bucket}`, 's3:ListBucket', () => Promise.reject(error));
    }
    const own = await findOwn(s3, Bucket);
    return own === undefined ? { owner: 'another account' } : us(own.region);
  }
}

/** Among the account's own buckets. Throws `AwsCallError`. */
async function findOwn(
  s3: S3Client,
  bucket: string,
): Promise<{ region: string | undefined } | undefined> {
  const answer = await askAws('list the buckets of this account', 's3:ListAllMyBuckets', () =>
    s3.send(new ListBucketsCommand({ Prefix: bucket })),
  );
  const found = answer?.Buckets?.find(({ Name }) => Name === bucket);
  return found && { region: found.BucketRegion };
}

async function readGroup(
  connection: Connection,
  GroupName: string,
): Promise<{ stack: string | undefined } | undefined> {
  const iam = new IAMClient(clientConfig(connection));
  const group = await askAws(
    `read the IAM group ${GroupName}`,
    'iam:GetGroup',
    () => iam.send(new GetGroupCommand({ GroupName, MaxItems: 1 })),
    ['NoSuchEntity', 'NoSuchEntityException'],
  );
  return group && { stack: await readStackOf(connection, GroupName) };
}
