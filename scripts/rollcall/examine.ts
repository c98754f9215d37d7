// Reads what is deployed, and has every concern judged: each on its own, so that one refusal hides nothing else.

import { readMailAccount, readSmsAccount, readSubscriptions } from '../../shared/aws/accounts.ts';
import { connectBucketReader } from '../../shared/aws/bucket-settings.ts';
import { AwsCallError, attempt, type Connection } from '../../shared/aws/client.ts';
import { readAlarms, readStack } from '../../shared/aws/deployed-stack.ts';
import { readHostGroup, readHostUsers } from '../../shared/aws/host-users.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Check, Reading } from '../../shared/doctor/audit.ts';
import { judgeKeptBucket } from '../../shared/doctor/before-deploy.ts';
import { judgeBucket, judgeEvents, judgeLifecycle } from '../../shared/doctor/bucket.ts';
import { judgeChannels } from '../../shared/doctor/channels.ts';
import {
  type DeployedStack,
  judgeAlarms,
  judgeJanitor,
  judgeLastRun,
  judgeShards,
  judgeStack,
  nameOf,
  namesOf,
} from '../../shared/doctor/deployment.ts';
import { judgeHostUsers } from '../../shared/doctor/host-keys.ts';
import { judgeHostRights } from '../../shared/doctor/host-rights.ts';
import { type MonitorState, parseState, STATE_PAGE } from '../../shared/monitor/state.ts';
import { s3Records } from '../../shared/stores/s3-records.ts';
import { undeleteDays } from '../stack/backup-bucket.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { hostGroupName } from '../stack/host-group.ts';
import { objectEvents, wakingSuffixes } from '../stack/object-events.ts';
import { stateBucket } from '../stack/state-bucket.ts';

/** What an audit is about. */
export type Subject = {
  readonly connection: Connection;
  readonly config: Config;
  readonly stackName: string;
  readonly now: number;
  readonly onHost: (done: number, of: number) => void;
};

/** Every check, in the order in which a person would look. */
export async function examine(subject: Subject): Promise<readonly Check[]> {
  const { connection, config, stackName, now } = subject;
  const stack = await attempt(() => readStack(connection, stackName));
  const found = stack.read ? stack.value : undefined;
  const { alerts } = config;
  const [bucket, hosts, alertsTopic, opsTopic, mail, sms, alarms, state] = await Promise.all([
    examineBucket(subject, stack),
    examineHosts(subject, stack),
    readTopic(connection, stack, 'AlertsTopicArn'),
    readTopic(connection, stack, 'OpsTopicArn'),
    attempt(() => readMailAccount(connection, alerts)),
    attempt(() => readSmsAccount(connection, alerts.sms)),
    ofStack(stack, (one) => readAlarms(connection, alarmNames(one))),
    ofStack(stack, (one) => readState(connection, one)),
  ]);
  const refusals = mapReading(state, (one) => one?.refusals ?? new Map());
  return [
    ...judgeStack(stack, stackName),
    ...judgeKeptBucket(found, config),
    ...bucket,
    ...hosts,
    ...judgeChannels({ alertsTopic, opsTopic, mail, sms, refusals }, config),
    ...judgeAlarms(alarms, alarmNames(found)),
    ...judgeLastRun(
      mapReading(state, (one) => one?.judgedUntil),
      now,
    ),
  ];
}

async function examineBucket(
  { connection, config }: Subject,
  stack: Reading<DeployedStack | undefined>,
): Promise<readonly Check[]> {
  const reader = connectBucketReader(connection, config.bucket);
  const region = await attempt(reader.region);
  if (region.read && region.value === undefined) {
    const none = { read: false, why: 'there is no bucket', fix: 'npx serverless deploy' } as const;
    const nothing = { versioning: none, publicAccessBlocked: none, ownership: none };
    return judgeBucket({ region, ...nothing, encryption: none }, config);
  }
  const [versioning, publicAccessBlocked, ownership, encryption, lifecycle, notifications] =
    await Promise.all([
      attempt(reader.versioning),
      attempt(reader.publicAccessBlocked),
      attempt(reader.ownership),
      attempt(reader.encryption),
      attempt(reader.lifecycle),
      attempt(reader.notifications),
    ]);
  const deployed = stack.read ? stack.value : undefined;
  return [
    ...judgeBucket({ region, versioning, publicAccessBlocked, ownership, encryption }, config),
    ...judgeLifecycle(lifecycle, config, undeleteDays),
    ...judgeJanitor(stack, config),
    ...judgeShards(stack, config),
    // Whom the bucket should tell, only the stack knows.
    ...judgeEvents(stack.read ? notifications : stack, config, {
      // CloudFormation calls a queue by its address, which ends with its name.
      queue: nameOf(deployed, objectEvents)?.split('/').at(-1),
      suffixes: wakingSuffixes,
      rules: namesOf(deployed, 'AWS::Events::Rule'),
    }),
  ];
}

async function examineHosts(
  { connection, config, now, onHost }: Subject,
  stack: Reading<DeployedStack | undefined>,
): Promise<readonly Check[]> {
  const group = hostGroupName(config.bucket);
  const reader = connectBucketReader(connection, config.bucket);
  const [bucketPolicy, groupPolicies, users] = await Promise.all([
    attempt(reader.policy),
    attempt(() => readHostGroup(connection, group)),
    attempt(() => readHostUsers(connection, hostUserPath, onHost)),
  ]);
  const account = await ofStack(
    stack,
    async ({ outputs }) => outputs.AlertsTopicArn?.split(':')[4],
  );
  const policies = { bucket: bucketPolicy, group: groupPolicies };
  return [
    ...judgeHostRights(policies, config, account),
    ...judgeHostUsers(users, config, group, now),
  ];
}

/** What can only be asked when the stack says what it is called. */
async function ofStack<Value>(
  stack: Reading<DeployedStack | undefined>,
  read: (stack: DeployedStack) => Promise<Value>,
): Promise<Reading<Value>> {
  if (!stack.read) return stack;
  const { value } = stack;
  if (value !== undefined) return attempt(() => read(value));
  return {
    read: false,
    why: 'without the stack nobody knows its name',
    fix: 'npx serverless deploy; or name the stack: --stack NAME',
  };
}

function readTopic(
  connection: Connection,
  stack: Reading<DeployedStack | undefined>,
  output: string,
) {
  return ofStack(stack, ({ outputs }) => readSubscriptions(connection, outputs[output] ?? ''));
}

function alarmNames(stack: DeployedStack | undefined): string[] {
  return namesOf(stack, 'AWS::CloudWatch::Alarm');
}

function mapReading<From, To>(reading: Reading<From>, map: (value: From) => To): Reading<To> {
  return reading.read ? { read: true, value: map(reading.value) } : reading;
}

/** What the last run left; nothing before the first one. */
async function readState(
  connection: Connection,
  stack: DeployedStack,
): Promise<MonitorState | undefined> {
  const bucket = nameOf(stack, stateBucket) ?? '';
  try {
    const { text } = await s3Records(connection, bucket).read(STATE_PAGE);
    return text === undefined ? undefined : parseState(text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new AwsCallError(message, 'allow s3:GetObject on the ledger to these credentials', {
      cause,
    });
  }
}
