// When the hosts are checked: on every quarter of an hour, for as long as the stack stands.
import { attributeOf, type Resources } from './cloudformation.ts';
import { failedRuns } from './failed-runs.ts';

/**
 * The schedule. Written here and not as an event of the function, since the framework's knows
 * neither a retry policy nor a dead-letter queue.
 *
 * The input carries the instant that was planned, so that a retry judges that one again. It ticks in
 * UTC: every zone's quarters are UTC's, and a local schedule would skip a run when clocks change.
 */
export const schedule: Resources = {
  CheckHostsSchedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Description: 'Calls the roll: judges each host whose window has closed since the last run.',
      ScheduleExpression: 'cron(0/15 * * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: attributeOf('CheckHostsLambdaFunction', 'Arn'),
        RoleArn: attributeOf('SchedulerRole', 'Arn'),
        Input: JSON.stringify({ scheduledAt: '<aws.scheduler.scheduled-time>' }),
        // No longer than a quarter: the next run catches up on whatever this one missed.
        RetryPolicy: { MaximumEventAgeInSeconds: 900, MaximumRetryAttempts: 5 },
        DeadLetterConfig: { Arn: attributeOf(failedRuns, 'Arn') },
      },
    },
  },
};
