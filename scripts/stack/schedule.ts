// When functions run: the hosts are checked on every quarter of an hour, the janitor makes its round once a day.
import {
  attributeOf,
  policy,
  type Resource,
  type Resources,
  trustOfService,
} from './cloudformation.ts';
import { failedRuns } from './function-role.ts';

const schedulerRole = 'SchedulerRole';

/**
 * The schedule. Written here and not as an event of the function, since the framework's knows
 * neither a retry policy nor a dead-letter queue.
 *
 * The input carries the instant that was planned, so that a retry judges that one again. It ticks in
 * UTC: every zone's quarters are UTC's, and a local schedule would skip a run when clocks change.
 */
const schedule = (id: string, description: string, cron: string, retriedFor: number): Resource => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Description: description,
    ScheduleExpression: `cron(${cron})`,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: attributeOf(`${id}LambdaFunction`, 'Arn'),
      RoleArn: attributeOf(schedulerRole, 'Arn'),
      Input: JSON.stringify({ scheduledAt: '<aws.scheduler.scheduled-time>' }),
      RetryPolicy: { MaximumEventAgeInSeconds: retriedFor, MaximumRetryAttempts: 5 },
      DeadLetterConfig: { Arn: attributeOf(failedRuns, 'Arn') },
    },
  },
});

/** The schedules, and the role by which they start the functions and keep what they could not start. */
export const schedules = (keepLastGood: boolean): Resources => ({
  CheckHostsSchedule: schedule(
    'CheckHosts',
    'Judges each host whose window has closed since the last run.',
    '0/15 * * * ? *',
    // No longer than a quarter: the next run catches up on whatever this one missed.
    900,
  ),
  ...(keepLastGood
    ? {
        JanitorSchedule: schedule(
          'Janitor',
          'Tags the backups that two newer good ones have replaced.',
          // In good time before the midnight UTC at which lifecycle acts.
          '30 20 * * ? *',
          3600,
        ),
      }
    : {}),
  [schedulerRole]: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trustOfService('scheduler.amazonaws.com'),
      Policies: [
        {
          PolicyName: 'start-what-is-due',
          PolicyDocument: policy(
            {
              Sid: 'StartWhatIsDue',
              Effect: 'Allow',
              Action: 'lambda:InvokeFunction',
              Resource: ['CheckHosts', ...(keepLastGood ? ['Janitor'] : [])].map((id) =>
                attributeOf(`${id}LambdaFunction`, 'Arn'),
              ),
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
});
