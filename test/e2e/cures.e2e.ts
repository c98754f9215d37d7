// What the doctor tells to do, done: each thing is broken, the printed line is run word for word, and the doctor asked again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  DisableAlarmActionsCommand,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteGroupPolicyCommand,
  DeleteUserCommand,
  GetGroupCommand,
  IAMClient,
  ListAccessKeysCommand,
  PutGroupPolicyCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
} from '@aws-sdk/client-iam';
import {
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { COMMANDS } from '../../shared/doctor/fix.ts';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';

const Bucket = 'acme-backups';
const GroupName = `${Bucket}-hosts`;
const phone = '+31600000000';
const wantedConfig = `bucket: ${Bucket}
region: eu-west-1
keepDays: 30
keepLastGood: true
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["${phone}"], ops: [admin@example.net] }
hosts: { web: {} }
`;

// MiniStack does not say whether SES sends, and SNS lets a new account text for 1 USD.
const UNKNOWN = ['mail', 'sms'];

type Audited = { check: string; status: string; says: string; fix?: string };
const rolePolicy = 'look-and-speak';
const runbook =
  readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
    .split('## changed-by-hand')[1]
    ?.split('\n## ')[0]
    ?.split('\n') ?? [];

type Drift = {
  /** Those of one round are broken at once, found by one look, and repaired one after the other. */
  readonly round: 1 | 2 | 3;
  /** The check that fails. */
  readonly check: string;
  /** What the printed line must be, so that a row tries the command it stands for. */
  readonly runs: RegExp;
  readonly breaks: () => Promise<unknown>;
  /** What must be the same again, as it was before. */
  readonly same?: () => Promise<unknown>;
};

describe('a fix of the doctor', () => {
  const project = copyProject(wantedConfig);
  let ministack: Ministack;
  const outputs: Record<string, string> = {};
  const names: Record<string, string> = {};
  let env: NodeJS.ProcessEnv;

  const config = () => ({
    ...{ region: ministack.region, endpoint: ministack.endpoint },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const s3 = () => new S3Client(config());
  const iam = () => new IAMClient(config());
  const sns = () => new SNSClient(config());
  const scheduler = () => new SchedulerClient(config());
  const cloudwatch = () => new CloudWatchClient(config());

  /** Runs a line as it stands, in the folder of the project, as an administrator. */
  const shell = (line: string) =>
    runProgram('bash', ['-c', line], { cwd: project.dir, env }).catch((error: unknown) => {
      if (!(error instanceof ProgramError)) throw error;
      throw new Error(`${line}\n${error.message}\n${ministack.log()}`);
    });
  /** The same on a terminal, for what shows a secret there. */
  const inTerminal = (line: string) =>
    runProgram(
      'python3',
      ['-c', `import pty, sys; sys.exit(pty.spawn(${JSON.stringify(['bash', '-c', line])}) >> 8)`],
      { cwd: project.dir, env },
    );
  const audit = async () => {
    const line = 'npx rollcall doctor --format json';
    const printed = await runProgram('bash', ['-c', line], { cwd: project.dir, env }).catch(
      (error: unknown) => {
        if (error instanceof ProgramError) return error.printed;
        throw error;
      },
    );
    const { checks } = JSON.parse(printed) as { checks: Audited[] };
    return checks;
  };
  const wrong = async (check?: string) =>
    (await audit()).filter(
      (one) =>
        (check ?? one.check) === one.check && one.status !== 'ok' && !UNKNOWN.includes(one.check),
    );

  const user = { UserName: 'web' };
  const group = { GroupName };
  const document = (Action: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
    });
  const makePolicy = async (PolicyName: string) => {
    const PolicyDocument = document('s3:GetObject');
    const command = new CreatePolicyCommand({ PolicyName, PolicyDocument });
    return (await iam().send(command)).Policy?.Arn ?? '';
  };
  const subscriptions = async (topic = outputs.AlertsTopicArn) =>
    (await sns().send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }))).Subscriptions ??
    [];
  const unsubscribe = async (endpoint: string, topic = outputs.AlertsTopicArn) => {
    const found = (await subscriptions(topic)).find(({ Endpoint }) => Endpoint === endpoint);
    await sns().send(new UnsubscribeCommand({ SubscriptionArn: found?.SubscriptionArn }));
  };
  const filterOfPhone = async () => {
    const found = (await subscriptions()).find(({ Endpoint }) => Endpoint === phone);
    const SubscriptionArn = found?.SubscriptionArn;
    const command = new GetSubscriptionAttributesCommand({ SubscriptionArn });
    const { FilterPolicy = '', FilterPolicyScope } = (await sns().send(command)).Attributes ?? {};
    return [JSON.parse(FilterPolicy), FilterPolicyScope];
  };
  const alarms = {
    gone: 'rollcall-prod-on-object-errors',
    silent: 'rollcall-prod-on-object-throttled',
    off: 'rollcall-prod-check-hosts-errors',
  };
  const alarm = async (name: string) => {
    const command = new DescribeAlarmsCommand({ AlarmNames: [name] });
    const [found] = (await cloudwatch().send(command)).MetricAlarms ?? [];
    const { AlarmDescription, AlarmActions, OKActions, Dimensions, MetricName, Namespace } =
      found ?? {};
    const { Threshold, Period, EvaluationPeriods, Statistic, TreatMissingData } = found ?? {};
    return {
      ...{ AlarmDescription, AlarmActions, OKActions, Dimensions, MetricName, Namespace },
      ...{ Threshold, Period, EvaluationPeriods, Statistic, TreatMissingData },
    };
  };
  const schedule = async (id: string) => {
    const { ScheduleExpression, ScheduleExpressionTimezone, Target, FlexibleTimeWindow, State } =
      await scheduler().send(new GetScheduleCommand({ Name: names[id] }));
    return { ScheduleExpression, ScheduleExpressionTimezone, Target, FlexibleTimeWindow, State };
  };
  const policyWithout = async (sid: string) => {
    const { Policy = '' } = await s3().send(new GetBucketPolicyCommand({ Bucket }));
    const policy = JSON.parse(Policy) as { Statement: { Sid: string }[] };
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== sid);
    const changed = JSON.stringify({ ...policy, Statement });
    await s3().send(new PutBucketPolicyCommand({ Bucket, Policy: changed }));
  };
  const policy = async () =>
    JSON.parse((await s3().send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? '');

  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
    const { accessKeyId, secretAccessKey } = await makeAdministrator();
    mkdirSync(join(project.dir, '.aws'));
    env = {
      ...ministack.env,
      HOME: project.dir,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      NO_COLOR: '1',
    };
  });
  afterAll(async () => {
    await ministack?.stop();
    project.remove();
  });

  const makeAdministrator = async () => {
    const UserName = 'alice';
    await iam().send(new CreateUserCommand({ UserName }));
    const PolicyDocument = document('*');
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName: 'all', PolicyDocument }));
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } =
      AccessKey ?? {};
    return { accessKeyId, secretAccessKey };
  };

  it('deploys what is not there', async () => {
    const [stack] = await wrong('stack');
    expect(stack?.fix).toBe('npx serverless deploy');
    await shell(stack?.fix ?? '');
    expect(await wrong('stack')).toEqual([]);
    const cloudformation = new CloudFormationClient(config());
    const stackName = { StackName: 'rollcall-prod' };
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand(stackName));
    for (const { OutputKey = '', OutputValue = '' } of Stacks?.[0]?.Outputs ?? [])
      outputs[OutputKey] = OutputValue;
    for await (const page of paginateListStackResources({ client: cloudformation }, stackName))
      for (const one of page.StackResourceSummaries ?? [])
        names[one.LogicalResourceId ?? ''] = one.PhysicalResourceId ?? '';
  }, 240_000);

  it('is run with the profile of docs/setup.md, which asks for the code of a second factor once', async () => {
    const [account = ''] = /\d{12}/.exec(outputs.BreakGlassRoleArn ?? '') ?? [];
    writeFileSync(
      join(project.dir, '.aws/credentials'),
      `[default]\naws_access_key_id = ${env.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${env.AWS_SECRET_ACCESS_KEY}\n`,
    );
    writeFileSync(
      join(project.dir, '.aws/config'),
      `[profile break-glass]\nrole_arn = ${outputs.BreakGlassRoleArn}\nsource_profile = default\nmfa_serial = arn:aws:iam::${account}:mfa/alice\n`,
    );
    // Without a terminal the code is read from where it comes.
    const who = 'setsid --wait aws --profile break-glass sts get-caller-identity';
    expect(await shell(`echo 123456 | ${who}`)).toContain('assumed-role/');
  });

  it('is not needed for what deploying makes', async () => {
    const verify = new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' });
    await new SESClient(config()).send(verify);
    await inTerminal('npx rollcall add-host web');
    await shell("npx serverless invoke --function checkHosts --data '{}'");
    // MiniStack sets no lifecycle for CloudFormation.
    expect(new Set((await wrong()).map(({ check }) => check))).toEqual(new Set(['lifecycle']));
  }, 120_000);

  /** Every command that the doctor can print. */
  const drifts: Record<Exclude<(typeof COMMANDS)[number], 'deploy' | 'create-bucket'>, Drift[]> = {
    versioning: [
      {
        round: 1,
        check: 'versioning',
        runs: /^aws --profile break-glass s3api put-bucket-versioning /,
        breaks: () =>
          s3().send(
            new PutBucketVersioningCommand({
              Bucket,
              VersioningConfiguration: { Status: 'Suspended' },
            }),
          ),
      },
    ],
    'public-access-block': [
      {
        round: 1,
        check: 'public access',
        runs: /^aws --profile break-glass s3api put-public-access-block /,
        breaks: () => s3().send(new DeletePublicAccessBlockCommand({ Bucket })),
      },
    ],
    ownership: [
      {
        round: 1,
        check: 'ownership',
        runs: /^aws --profile break-glass s3api put-bucket-ownership-controls /,
        breaks: () => s3().send(new DeleteBucketOwnershipControlsCommand({ Bucket })),
      },
    ],
    encryption: [
      {
        round: 1,
        check: 'encryption',
        runs: /^aws --profile break-glass s3api put-bucket-encryption /,
        breaks: () =>
          s3().send(
            new PutBucketEncryptionCommand({
              Bucket,
              ServerSideEncryptionConfiguration: {
                Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
              },
            }),
          ),
      },
    ],
    'bucket-policy': [
      {
        round: 1,
        check: 'bucket policy',
        runs: /^aws --profile break-glass s3api put-bucket-policy /,
        breaks: () => s3().send(new DeleteBucketPolicyCommand({ Bucket })),
        same: policy,
      },
      {
        round: 2,
        check: 'bucket policy',
        runs: /^aws --profile break-glass s3api put-bucket-policy /,
        breaks: () => policyWithout('TlsOnly'),
        same: policy,
      },
    ],
    lifecycle: [
      {
        round: 1,
        check: 'lifecycle',
        runs: /^aws --profile break-glass s3api put-bucket-lifecycle-configuration /,
        breaks: () => s3().send(new DeleteBucketLifecycleCommand({ Bucket })),
      },
      {
        round: 2,
        check: 'lifecycle',
        runs: /^aws --profile break-glass s3api put-bucket-lifecycle-configuration /,
        breaks: () =>
          s3().send(
            new PutBucketLifecycleConfigurationCommand({
              Bucket,
              LifecycleConfiguration: {
                Rules: [
                  { ID: 'x', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } },
                ],
              },
            }),
          ),
      },
    ],
    notification: [
      {
        round: 1,
        check: 'events',
        runs: /^aws --profile break-glass s3api put-bucket-notification-configuration /,
        breaks: () =>
          s3().send(
            new PutBucketNotificationConfigurationCommand({
              Bucket,
              NotificationConfiguration: {},
            }),
          ),
      },
    ],
    'group-policy': [
      {
        round: 1,
        check: 'host group',
        runs: /^aws iam put-group-policy /,
        breaks: () =>
          iam().send(
            new DeleteGroupPolicyCommand({ ...group, PolicyName: 'append-to-own-prefix' }),
          ),
      },
      {
        round: 2,
        check: 'host group',
        runs: /^aws iam put-group-policy /,
        breaks: () =>
          iam().send(
            new PutGroupPolicyCommand({
              ...{ ...group, PolicyName: 'append-to-own-prefix' },
              PolicyDocument: document('s3:*'),
            }),
          ),
      },
    ],
    'join-group': [
      {
        round: 1,
        check: 'host users',
        runs: /^aws iam add-user-to-group --user-name web /,
        breaks: () => iam().send(new RemoveUserFromGroupCommand({ ...user, ...group })),
      },
    ],
    group: [
      {
        round: 3,
        check: 'host group',
        runs: /^aws iam create-group .* && aws iam put-group-policy /,
        breaks: async () => {
          await iam().send(new RemoveUserFromGroupCommand({ ...user, ...group }));
          await iam().send(
            new DeleteGroupPolicyCommand({ ...group, PolicyName: 'append-to-own-prefix' }),
          );
          await iam().send(new DeleteGroupCommand(group));
        },
        same: async () => (await iam().send(new GetGroupCommand(group))).Group?.Arn,
      },
    ],
    'detach-group-policy': [
      {
        round: 1,
        check: 'host group',
        runs: /^aws iam detach-group-policy /,
        breaks: async () =>
          iam().send(
            new AttachGroupPolicyCommand({
              ...group,
              PolicyArn: await makePolicy('for-all-hosts'),
            }),
          ),
      },
    ],
    'strip-user': [
      {
        round: 1,
        check: 'host users',
        runs: /remove-user-from-group .* && .*delete-user-policy .* && .*detach-user-policy /,
        breaks: async () => {
          await iam().send(new CreateGroupCommand({ GroupName: 'friends' }));
          await iam().send(new AddUserToGroupCommand({ ...user, GroupName: 'friends' }));
          await iam().send(
            new PutUserPolicyCommand({
              ...{ ...user, PolicyName: 'more', PolicyDocument: document('s3:*') },
            }),
          );
          const PolicyArn = await makePolicy('for-web');
          await iam().send(new AttachUserPolicyCommand({ ...user, PolicyArn }));
        },
      },
    ],
    'add-host': [
      {
        round: 3,
        check: 'host users',
        runs: /^npx rollcall add-host web$/,
        breaks: async () => {
          const { AccessKeyMetadata = [] } = await iam().send(new ListAccessKeysCommand(user));
          for (const { AccessKeyId } of AccessKeyMetadata)
            await iam().send(new DeleteAccessKeyCommand({ ...user, AccessKeyId }));
          await iam().send(new DeleteUserCommand(user));
        },
      },
    ],
    subscribe: [
      {
        round: 1,
        check: 'ops topic',
        runs: /^aws sns subscribe .* --protocol email --notification-endpoint admin@example.net$/,
        breaks: () => unsubscribe('admin@example.net', outputs.OpsTopicArn),
      },
      {
        round: 1,
        check: 'alerts topic',
        runs: /^aws sns subscribe .* --protocol sms /,
        breaks: () => unsubscribe(phone),
        same: filterOfPhone,
      },
    ],
    unsubscribe: [
      {
        round: 1,
        check: 'alerts topic',
        runs: /^aws sns unsubscribe /,
        breaks: () =>
          sns().send(
            new SubscribeCommand({
              TopicArn: outputs.AlertsTopicArn,
              ...{ Protocol: 'email', Endpoint: 'eve@example.org' },
            }),
          ),
        same: async () => (await subscriptions()).map(({ Endpoint }) => Endpoint),
      },
    ],
    'topic-policy': ['Ops', 'Alerts'].map((topic) => ({
      round: 1 as const,
      check: `${topic.toLowerCase()} policy`,
      runs: /^aws sns set-topic-attributes /,
      breaks: () =>
        sns().send(
          new SetTopicAttributesCommand({
            ...{ TopicArn: outputs[`${topic}TopicArn`], AttributeName: 'Policy' },
            AttributeValue: JSON.stringify({
              Version: '2012-10-17',
              Statement: [
                {
                  ...{ Effect: 'Deny', Principal: '*', Action: 'sns:Publish' },
                  Resource: outputs[`${topic}TopicArn`],
                },
              ],
            }),
          }),
        ),
    })),
    alarm: [
      {
        round: 1,
        check: 'alarms',
        runs: /^aws cloudwatch put-metric-alarm .* OnObjectErrorsAlarm\)"$/,
        breaks: () => cloudwatch().send(new DeleteAlarmsCommand({ AlarmNames: [alarms.gone] })),
        same: () => alarm(alarms.gone),
      },
      {
        round: 1,
        check: 'alarms',
        runs: /^aws cloudwatch put-metric-alarm .* OnObjectThrottlesAlarm\)"$/,
        breaks: async () => {
          const { AlarmActions: _, ...rest } = await alarm(alarms.silent);
          await cloudwatch().send(
            new PutMetricAlarmCommand({
              ...(rest as Partial<PutMetricAlarmCommand['input']>),
              ...{ AlarmName: alarms.silent, ComparisonOperator: 'GreaterThanThreshold' },
              EvaluationPeriods: 1,
            }),
          );
        },
        same: () => alarm(alarms.silent),
      },
    ],
    'enable-alarm': [
      {
        round: 1,
        check: 'alarms',
        runs: /^aws cloudwatch enable-alarm-actions /,
        breaks: () =>
          cloudwatch().send(new DisableAlarmActionsCommand({ AlarmNames: [alarms.off] })),
      },
    ],
    'create-schedule': [
      {
        round: 1,
        check: 'schedule',
        runs: /^aws scheduler create-schedule /,
        breaks: () =>
          scheduler().send(new DeleteScheduleCommand({ Name: names.CheckHostsSchedule })),
        same: () => schedule('CheckHostsSchedule'),
      },
    ],
    'update-schedule': [
      {
        round: 1,
        check: 'schedule',
        runs: /^aws scheduler update-schedule /,
        breaks: async () =>
          scheduler().send(
            new UpdateScheduleCommand({
              ...((await schedule('JanitorSchedule')) as UpdateScheduleCommand['input']),
              ...{ Name: names.JanitorSchedule, State: 'DISABLED' },
            }),
          ),
        same: () => schedule('JanitorSchedule'),
      },
    ],
  };

  const rows = Object.entries(drifts).flatMap(([fix, some]) =>
    some.map((drift) => ({ ...drift, fix })),
  );
  describe.each([1, 2, 3])('in round %i', (round) => {
    const ours = rows.filter((row) => row.round === round);
    const before = new Map<Drift, unknown>();
    let found: Audited[] = [];

    it('finds all that was broken', async () => {
      for (const row of ours) before.set(row, await row.same?.());
      for (const { breaks } of ours) await breaks();
      found = await wrong();
      for (const { check, runs } of ours)
        expect(found).toContainEqual(
          expect.objectContaining({ check, fix: expect.stringMatching(runs) }),
        );
    }, 120_000);

    it.each(ours)('runs what is printed: $fix', async ({ check, runs }) => {
      const line = found.find((one) => one.check === check && runs.test(one.fix ?? ''))?.fix ?? '';
      expect(line).toMatch(runs);
      await (line.includes('add-host') ? inTerminal(line) : shell(line));
    });

    it('finds nothing any more, and all as it was', async () => {
      expect(await wrong()).toEqual([]);
      for (const row of ours) expect(await row.same?.(), row.fix).toEqual(before.get(row));
    }, 120_000);
  });

  // What the doctor does not look at: the lines of docs/runbook.md#changed-by-hand.
  it.each([
    [
      'iam put-role-policy',
      () => `iam get-role-policy --role-name ${names.CheckHostsRole} --policy-name ${rolePolicy}`,
      () =>
        `iam delete-role-policy --role-name ${names.CheckHostsRole} --policy-name ${rolePolicy}`,
    ],
    [
      'sqs set-queue-attributes',
      () => `sqs get-queue-attributes --queue-url ${names.ObjectEvents} --attribute-names Policy`,
      () => `sqs set-queue-attributes --queue-url ${names.ObjectEvents} --attributes Policy=`,
    ],
    [
      'lambda update-event-source-mapping',
      () =>
        `lambda get-event-source-mapping --uuid ${names.ObjectEventsToFunction} --query '[State,BatchSize,FunctionArn]'`,
      () =>
        `lambda update-event-source-mapping --uuid ${names.ObjectEventsToFunction} --no-enabled`,
    ],
  ])(
    'repairs by the line of the runbook: aws %s',
    async (call, reads, breaks) => {
      const printed = runbook.find((line) => line.startsWith(`aws ${call} `)) ?? '';
      // For SQS alone version 1 of the AWS CLI does not look for the endpoint in the environment.
      const end = call.startsWith('sqs') ? ' --endpoint-url "$AWS_ENDPOINT_URL"' : '';
      const there = async () => {
        const answer = await shell(`aws ${reads()}${end}`).catch(() => 'gone');
        return answer.replaceAll('"Enabling"', '"Enabled"').replace(/\s/g, '');
      };
      const before = await there();
      expect(before).not.toBe('gone');
      await shell(`aws ${breaks()}${end}`);
      expect(await there()).not.toBe(before);
      await shell(`${printed.replace('REGION', ministack.region)}${end}`);
      expect(await there()).toBe(before);
    },
    120_000,
  );

  it('brings back a bucket that was deleted, one line after the other', async () => {
    await s3().send(new DeleteBucketCommand({ Bucket }));
    const [bucket] = await wrong('bucket');
    expect(bucket?.fix).toMatch(/^aws s3api create-bucket /);
    await shell(bucket?.fix ?? '');
    // Several lines about the lifecycle have the same fix.
    const lines = (await wrong()).flatMap(({ fix = [] }) => fix);
    for (const line of new Set(lines)) await shell(line);
    expect(await wrong()).toEqual([]);
  }, 240_000);
});
