// Takes away what a trial on AWS has made and no stack removes: buckets with every version in them, topics, logs, users.
import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  RemoveUserFromGroupCommand,
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
import { type Connection, clientConfig } from '../../../shared/aws/client.ts';

/** What could not be removed: why, and the command that does. */
export type Left = { readonly what: string; readonly why: string; readonly command: string };

type Step = Omit<Left, 'why'> & { readonly run: () => Promise<unknown> };

/** Of a trial's name, by which alone all that it made is known: no other name is ever taken for one. */
export const TRIAL_NAME = /^rollcall-smoke-([a-z0-9]{6})$/;

/** The IAM users that a trial makes. */
export const usersOf = (name: string) => ({ head: `${name}-head`, host: `${name}-host` });

/**
 * Removes the buckets, topics, logs and users of a trial, known by their names, each on its own: one that cannot be
 * removed leaves no other. Answers what is left. Throws a `RangeError` for what is no name of a trial.
 */
export async function cleanUp(connection: Connection, name: string): Promise<Left[]> {
  const [, run] = TRIAL_NAME.exec(name) ?? [];
  if (run === undefined) throw new RangeError(`${JSON.stringify(name)} is no name of a trial`);
  const left: Left[] = [];
  const attempt = async <Value>(
    { what, command }: Omit<Left, 'why'>,
    ask: () => Promise<Value>,
  ) => {
    try {
      return await ask();
    } catch (error) {
      left.push({ what, command, why: String(error) });
      return undefined;
    }
  };
  const finders = {
    buckets: findBuckets,
    topics: findTopics,
    logs: findLogs,
    users: findUsers,
  };
  for (const [kind, find] of Object.entries(finders)) {
    const whole = { what: `its ${kind}`, command: `the same again with --clean ${name}` };
    const steps = await attempt(whole, () => find(clientConfig(connection), name, run));
    for (const step of steps ?? []) await attempt(step, step.run);
  }
  return left;
}

type Config = ReturnType<typeof clientConfig>;

async function findBuckets(config: Config, name: string, run: string): Promise<Step[]> {
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  return Buckets.flatMap(({ Name = '' }) =>
    // CloudFormation begins the names that it makes with that of the stack.
    Name === name || Name.startsWith(`${name}-`) || Name.startsWith(`contract-${run}-`)
      ? {
          what: `the bucket ${Name}`,
          command: `empty it, every version (docs/setup.md#delete-what-stays), then: aws s3 rb s3://${Name}`,
          run: () => removeBucket(s3, Name),
        }
      : [],
  );
}

async function findTopics(config: Config, _: string, run: string): Promise<Step[]> {
  const sns = new SNSClient(config);
  const steps: Step[] = [];
  for await (const { Topics = [] } of paginateListTopics({ client: sns }, {})) {
    for (const { TopicArn = '' } of Topics) {
      if (!new RegExp(`:[a-z]+-${run}-\\d+$`).test(TopicArn)) continue;
      steps.push({
        what: `the topic ${TopicArn}`,
        command: `aws sns delete-topic --topic-arn ${TopicArn}`,
        run: () => sns.send(new DeleteTopicCommand({ TopicArn })),
      });
    }
  }
  return steps;
}

/** A function that still ran when its log was removed has made it again. */
async function findLogs(config: Config, name: string): Promise<Step[]> {
  const logs = new CloudWatchLogsClient(config);
  const logGroupNamePrefix = `/aws/lambda/${name}-`;
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }));
  return logGroups.flatMap(({ logGroupName = '' }) =>
    logGroupName.startsWith(logGroupNamePrefix)
      ? {
          what: `the log ${logGroupName}`,
          command: `aws logs delete-log-group --log-group-name ${logGroupName}`,
          run: () => logs.send(new DeleteLogGroupCommand({ logGroupName })),
        }
      : [],
  );
}

async function findUsers(config: Config, name: string): Promise<Step[]> {
  const iam = new IAMClient(config);
  return Object.values(usersOf(name)).map((user) => ({
    what: `the user ${user}`,
    command: `delete it with its keys in the IAM console, or see: aws iam delete-user --user-name ${user}`,
    run: () => removeUser(iam, user),
  }));
}

async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  // Of a contract's policies one may deny what follows; that of the stack exempts anyone who deployed it for a trial.
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
    const { Groups = [] } = await iam.send(new ListGroupsForUserCommand({ UserName }));
    for (const { GroupName } of Groups) {
      await iam.send(new RemoveUserFromGroupCommand({ UserName, GroupName }));
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
