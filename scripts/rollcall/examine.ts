// Reads what is deployed, and has every concern judged: each on its own, so that one refusal hides nothing else.
import {
  readMailAccount,
  readSmsAccount,
  readSubscriptions,
  readTopicPolicy,
} from '../../shared/aws/accounts.ts';
import { connectBucketReader } from '../../shared/aws/bucket-reader.ts';
import { AwsCallError, attempt, type Connection } from '../../shared/aws/client.ts';
import { readAlarms, readSchedules, readStack } from '../../shared/aws/deployed-stack.ts';
import { readHostGroup, readHostUsers } from '../../shared/aws/host-users.ts';
import type { Config } from '../../shared/config/config.ts';
import { mailboxesOf } from '../../shared/config/config.ts';
import type { Check, Reading } from '../../shared/doctor/audit.ts';
import { judgeKeptBucket } from '../../shared/doctor/before-deploy.ts';
import { judgeBucket, judgeEvents, judgeLifecycle } from '../../shared/doctor/bucket.ts';
import { judgeChannels, judgeOldKeys } from '../../shared/doctor/channels.ts';
import {
  type DeployedStack,
  judgeAlarms,
  judgeJanitor,
  judgeLastRun,
  judgeSchedules,
  judgeShards,
  judgeStack,
  nameOf,
  namesOf,
  ofType,
} from '../../shared/doctor/deployment.ts';
import { type Asked, deploy } from '../../shared/doctor/fix.ts';
import { judgeHostUsers } from '../../shared/doctor/host-keys.ts';
import { judgeHostRights } from '../../shared/doctor/host-rights.ts';
import { judgeTopicPolicy } from '../../shared/doctor/mail-and-texts.ts';
import { type MonitorState, parseState, STATE_PAGE } from '../../shared/monitor/state.ts';
import { s3Records } from '../../shared/stores/s3-records.ts';
import { undeleteDays } from '../stack/backup-bucket.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { hostGroupName } from '../stack/host-group.ts';
import { objectEvents, wakingSuffixes } from '../stack/object-events.ts';
import { stateBucket } from '../stack/state-bucket.ts';
import { alertsTopic, opsTopic } from '../stack/topics.ts';

/** What an audit is about. */
type Subject = {
  readonly connection: Connection;
  readonly config: Config;
  readonly stackName: string;
  /** What else than the defaults the operator named. */
  readonly asked: Asked;
  readonly now: number;
  readonly onHost: (done: number, of: number) => void;
};

const ALARM = 'AWS::CloudWatch::Alarm';
const SCHEDULE = 'AWS::Scheduler::Schedule';

/** Every check, in the order in which a person would look. */
export async function examine(subject: Subject): Promise<readonly Check[]> {
  const { connection, config, stackName, asked, now } = subject;
  const stack = await attempt(() => readStack(connection, stackName));
  const found = stack.read ? stack.value : undefined;
  const { alerts } = config;
  const { AlertsTopicArn = '', OpsTopicArn = '' } = found?.outputs ?? {};
  const [bucket, hosts, alertsTopic, opsTopic, mail, sms, policies, alarms, scheduled, state] =
    await Promise.all([
      examineBucket(subject, stack),
      examineHosts(subject, stack),
      ofStack(stack, () => readSubscriptions(connection, AlertsTopicArn)),
      ofStack(stack, () => readSubscriptions(connection, OpsTopicArn)),
      attempt(() => readMailAccount(connection, { ...alerts, mail: mailboxesOf(config) })),
      attempt(() => readSmsAccount(connection, alerts.sms)),
      examineTopicPolicies(subject, stack),
      ofStack(stack, (one) => readAlarms(connection, namesOf(one, ALARM))),
      ofStack(stack, (one) => readSchedules(connection, namesOf(one, SCHEDULE))),
      ofStack(stack, (one) => readState(connection, one)),
    ]);
  const refusals = mapReading(state, (one) => one?.refusals ?? new Map());
  const { region } = connection;
  return [
    ...judgeStack(stack, stackName, region),
    ...judgeKeptBucket(found, config),
    ...bucket,
    ...hosts,
    ...judgeChannels({ alertsTopic, opsTopic, mail, sms, refusals }, config, {
      alerts: AlertsTopicArn,
      ops: OpsTopicArn,
    }),
    ...judgeOldKeys(alerts),
    ...policies,
    ...judgeAlarms(alarms, ofType(found, ALARM), region, asked),
    ...judgeSchedules(scheduled, ofType(found, SCHEDULE), region, asked),
    ...judgeLastRun(
      mapReading(state, (one) => one?.judgedUntil),
      now,
    ),
  ];
}

async function examineTopicPolicies(
  { connection, asked }: Subject,
  stack: Reading<DeployedStack | undefined>,
): Promise<readonly Check[]> {
  const wanted = [
    { check: 'alerts policy', output: 'AlertsTopicArn', id: alertsTopic, from: 'functions' },
    { check: 'ops policy', output: 'OpsTopicArn', id: opsTopic, from: 'alarms' },
  ] as const;
  const checks = await Promise.all(
    wanted.map(async ({ check, output, id, from }) => {
      const arn = (stack.read ? stack.value?.outputs[output] : undefined) ?? '';
      const reading = await ofStack(stack, () => readTopicPolicy(connection, arn));
      return judgeTopicPolicy(reading, { check, arn, resource: `${id}Policy`, from }, asked);
    }),
  );
  return checks.flat();
}

async function examineBucket(
  { connection, config, asked }: Subject,
  stack: Reading<DeployedStack | undefined>,
): Promise<readonly Check[]> {
  const reader = connectBucketReader(connection, config.bucket);
  const region = await attempt(reader.region);
  const deployed = stack.read ? stack.value : undefined;
  if (region.read && region.value === undefined) {
    const none = { read: false, why: 'there is no bucket', fix: deploy } as const;
    const nothing = { versioning: none, publicAccessBlocked: none, ownership: none };
    const wasMade = nameOf(deployed, 'BackupBucket') === config.bucket;
    return judgeBucket({ region, ...nothing, encryption: none }, config, { wasMade });
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
  return [
    ...judgeBucket({ region, versioning, publicAccessBlocked, ownership, encryption }, config),
    ...judgeLifecycle(lifecycle, config, undeleteDays, asked),
    ...judgeJanitor(stack, config),
    ...judgeShards(stack, config),
    // Which queue the bucket should notify, only the stack knows.
    ...judgeEvents(
      stack.read ? notifications : stack,
      config,
      {
        // CloudFormation calls a queue by its address, which ends with its name.
        queue: nameOf(deployed, objectEvents)?.split('/').at(-1),
        suffixes: wakingSuffixes,
        rules: namesOf(deployed, 'AWS::Events::Rule'),
      },
      asked,
    ),
  ];
}

async function examineHosts(
  { connection, config, asked, now, onHost }: Subject,
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
  const isDeployed = !stack.read || stack.value !== undefined;
  const policies = { bucket: bucketPolicy, group: groupPolicies };
  return [
    ...judgeHostRights(policies, config, account, { group, path: hostUserPath, isDeployed }, asked),
    ...judgeHostUsers(users, config, group, now, asked),
  ];
}

/** What can only be asked when the name is known from the stack. */
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
    throw new AwsCallError(message, 'allow s3:GetObject on the state bucket to these credentials', {
      cause,
    });
  }
}
