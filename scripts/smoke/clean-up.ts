// Takes away what a trial on AWS has made and no stack removes: buckets with every version in them, topics, a user.
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUserPoliciesCommand,
} from '@aws-sdk/client-iam';
import {
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteTopicCommand, paginateListTopics, SNSClient } from '@aws-sdk/client-sns';
import pMap from 'p-map';
import { type Connection, clientConfig } from '../../shared/aws/connection.ts';

type Deed = readonly [what: string, done: () => Promise<unknown>];

/** Of a trial's name, by which alone all that it made is known: no other name is ever taken for one. */
export const TRIAL_NAME = /^rollcall-smoke-([a-z0-9]{6})$/;

/**
 * Removes the buckets, the topics and the user of a trial, known by their names. Answers what could not be removed, and
 * why. Throws a `RangeError` for what is no name of a trial.
 */
export async function cleanUp(connection: Connection, name: string): Promise<string[]> {
  const [, run] = TRIAL_NAME.exec(name) ?? [];
  if (run === undefined) throw new RangeError(`${JSON.stringify(name)} is no name of a trial`);
  const config = clientConfig(connection);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const sns = new SNSClient(config);
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const own = Buckets.flatMap(({ Name = '' }) =>
    // CloudFormation begins the names that it makes with that of the stack.
    Name === name || Name.startsWith(`${name}-`) || Name.startsWith(`contract-${run}-`) ? Name : [],
  );
  const topics: string[] = [];
  for await (const { Topics = [] } of paginateListTopics({ client: sns }, {})) {
    topics.push(
      ...Topics.flatMap(({ TopicArn = '' }) =>
        new RegExp(`:[a-z]+-${run}-\\d+$`).test(TopicArn) ? TopicArn : [],
      ),
    );
  }
  const deeds: Deed[] = [
    ...own.map((Bucket): Deed => [`the bucket ${Bucket}`, () => removeBucket(s3, Bucket)]),
    ...topics.map(
      (TopicArn): Deed => [TopicArn, () => sns.send(new DeleteTopicCommand({ TopicArn }))],
    ),
    [`the user ${name}-head`, () => removeUser(new IAMClient(config), `${name}-head`)],
  ];
  const left: string[] = [];
  for (const [what, done] of deeds) {
    try {
      await done();
    } catch (error) {
      left.push(`${what}: ${error}`);
    }
  }
  return left;
}

async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  // Of a contract's policies one may deny what follows.
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  let last = '';
  for (;;) {
    const query = { Bucket, EncodingType: 'url' } as const;
    const {
      Versions = [],
      DeleteMarkers = [],
      EncodingType,
    } = await s3.send(new ListObjectVersionsCommand(query));
    const found = [...Versions, ...DeleteMarkers];
    if (found.length === 0) break;
    const ids = found.map(({ Key, VersionId }) => `${Key} ${VersionId}`).join();
    if (ids === last) throw new Error(`${found.length} versions cannot be removed`);
    last = ids;
    // One by one: some keys of the contract cannot be written in the XML that deletes many.
    await pMap(
      found,
      ({ Key = '', VersionId }) =>
        s3.send(
          new DeleteObjectCommand({
            ...{ Bucket, Key: EncodingType === 'url' ? decodeKey(Key) : Key, VersionId },
            BypassGovernanceRetention: true,
          }),
        ),
      { concurrency: 16 },
    );
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
}

const decodeKey = (key: string) => decodeURIComponent(key.replaceAll('+', ' '));

async function removeUser(iam: IAMClient, UserName: string): Promise<void> {
  try {
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
    for (const { AccessKeyId } of AccessKeyMetadata) {
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    }
    const { PolicyNames = [] } = await iam.send(new ListUserPoliciesCommand({ UserName }));
    for (const PolicyName of PolicyNames) {
      await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName }));
    }
    await iam.send(new DeleteUserCommand({ UserName }));
  } catch (error) {
    if (!/^NoSuchEntity/.test((error as Error).name)) throw error;
  }
}
