// What the two functions may do: look, remember, speak, and log. Neither can write to a backup bucket.
import { ConfigError } from '../../shared/roster/config-error.ts';
import type { Roster } from '../../shared/roster/roster.ts';
import {
  arnHere,
  attributeOf,
  bucketArn,
  policy,
  type Resource,
  type Resources,
  ref,
  type Statement,
  trustOfService,
} from './cloudformation.ts';
import { failedRuns } from './failed-runs.ts';
import { keepReports, rememberRuns } from './ledger-bucket.ts';
import { takeEvents } from './object-events.ts';
import { alertsTopic, opsTopic } from './topics.ts';

/**
 * How many buckets one roll may name: a role's policies end at 10,240 characters, and a bucket
 * takes at most 82 of them, once to be listed and once to be read.
 */
export const maxBuckets = 50;

/**
 * One role a function. The schedule's looks at every bucket of the roll, the event's at the one
 * bucket whose events it gets.
 *
 * Throws `ConfigError` when the roll names more buckets than a role can hold.
 */
export function monitorRoles(roster: Roster): Resources {
  const buckets = [...new Set([roster.bucket, ...roster.hosts.map((host) => host.target.bucket)])];
  if (buckets.length > maxBuckets) {
    throw new ConfigError([
      `the roll names ${buckets.length} buckets, and one stack can watch ${maxBuckets}: ` +
        'split it in two, each with its own stage',
    ]);
  }
  return {
    CheckHostsRole: role(
      'CheckHosts',
      roster,
      buckets,
      [alertsTopic, opsTopic],
      [...keepReports, keepFailedRun],
    ),
    OnObjectRole: role(
      'OnObject',
      roster,
      [roster.bucket],
      [alertsTopic],
      [takeEvents, seeWhenFinished(roster.bucket)],
    ),
  };
}

/** The first bytes of a backup say who can open it. Only where the roll names recipients to compare them with. */
const readRecipients = ({ hosts }: Roster, buckets: readonly string[]): readonly Statement[] => {
  const compared = buckets.filter((bucket) =>
    hosts.some(({ target, recipients }) => target.bucket === bucket && recipients.length > 0),
  );
  if (compared.length === 0) return [];
  return [
    {
      Sid: 'ReadWhoCanOpenABackup',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: compared.map((bucket) => bucketArn(bucket, '*')),
    },
  ];
};

/** Each upload of a volume asks whether its manifest is there already: S3 lets HEAD whoever may read. */
const seeWhenFinished = (bucket: string): Statement => ({
  Sid: 'SeeWhenABackupWasFinished',
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: [bucketArn(bucket, '*.manifest'), bucketArn(bucket, '*.manifest.gpg')],
});

const keepFailedRun: Statement = {
  Sid: 'KeepAnInvocationThatFailed',
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: attributeOf(failedRuns, 'Arn'),
};

const role = (
  name: string,
  roster: Roster,
  buckets: readonly string[],
  spokenTo: readonly string[],
  own: readonly Statement[],
): Resource => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    // Without a SourceAccount: Lambda sends none when it takes on a role.
    AssumeRolePolicyDocument: policy({
      Sid: 'LambdaRunsAsThisRole',
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
    Policies: [
      {
        PolicyName: 'look-and-speak',
        PolicyDocument: policy(
          {
            Sid: 'LookAtNamesAndHowLongTheyLast',
            Effect: 'Allow',
            Action: ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetLifecycleConfiguration'],
            Resource: buckets.map((bucket) => bucketArn(bucket)),
          },
          {
            Sid: 'SpeakByTopic',
            Effect: 'Allow',
            Action: 'sns:Publish',
            Resource: spokenTo.map((topic) => ref(topic)),
          },
          ...readRecipients(roster, buckets),
          ...rememberRuns,
          ...own,
          ...(roster.alerts.from === undefined ? [] : [speakByMail(roster.alerts.from)]),
          {
            Sid: 'WriteOwnLog',
            Effect: 'Allow',
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: attributeOf(`${name}LogGroup`, 'Arn'),
          },
        ),
      },
    ],
  },
});

const speakByMail = (from: string): Statement => ({
  Sid: 'SpeakByMail',
  Effect: 'Allow',
  Action: ['ses:SendEmail', 'ses:SendRawEmail'],
  // Any identity, for SES asks about more than the sender's: its domain's when only that one is
  // verified, each recipient's while the account is in the sandbox, and a default configuration
  // set. The sender's address is what binds.
  Resource: [arnHere('ses', 'identity/*'), arnHere('ses', 'configuration-set/*')],
  Condition: { StringEquals: { 'ses:FromAddress': from } },
});

/** The role by which EventBridge Scheduler starts the check, and keeps what it could not start. */
export const schedulerRole: Resources = {
  SchedulerRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trustOfService('scheduler.amazonaws.com'),
      Policies: [
        {
          PolicyName: 'start-the-check',
          PolicyDocument: policy(
            {
              Sid: 'StartTheCheck',
              Effect: 'Allow',
              Action: 'lambda:InvokeFunction',
              Resource: attributeOf('CheckHostsLambdaFunction', 'Arn'),
            },
            {
              Sid: 'KeepWhatCouldNotBeStarted',
              Effect: 'Allow',
              Action: 'sqs:SendMessage',
              Resource: attributeOf(failedRuns, 'Arn'),
            },
          ),
        },
      ],
    },
  },
};
