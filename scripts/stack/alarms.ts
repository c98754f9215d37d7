// What rings when the monitor itself is in trouble: eight alarms, whatever the size of the fleet, and more for a
// janitor and for workers.
import { GOOD_RUNS } from '../../shared/lambda/log.ts';
import { pointTo, runbookOf } from '../../shared/messages/problem-text.ts';
import {
  attributeOf,
  namedAfterStack,
  type Resource,
  type Resources,
  ref,
  type Value,
} from './cloudformation.ts';
import { failedRuns } from './function-role.ts';
import { objectEvents } from './object-events.ts';
import { alertsTopic, opsTopic } from './topics.ts';

const notifyOps = [ref(opsTopic)];

const alarm = (
  suffix: string,
  description: string,
  properties: { readonly [property: string]: Value },
): Resource => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: namedAfterStack(suffix),
    AlarmDescription: description,
    AlarmActions: notifyOps,
    ...properties,
  },
});

const whenAny = (namespace: string, metric: string, dimension: string, value: Value) => ({
  Namespace: namespace,
  MetricName: metric,
  Dimensions: [{ Name: dimension, Value: value }],
  Statistic: 'Sum',
  Period: 300,
  ComparisonOperator: 'GreaterThanThreshold',
  Threshold: 0,
  EvaluationPeriods: 1,
  TreatMissingData: 'notBreaching',
});

const ofFunction = (id: string, metric: string) =>
  whenAny('AWS/Lambda', metric, 'FunctionName', ref(`${id}LambdaFunction`));

/** Where the runbook goes on; the end of each description. */
const runbook = (section: string) => ` Runbook: ${runbookOf(section)}`;

/** The alarms among the resources, with the operator's own page in the place of the project's. */
export function pointToRunbook(resources: Resources, page: string | undefined): Resources {
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => {
      const { AlarmDescription: text } = resource.Properties ?? {};
      if (typeof text !== 'string') return [id, resource];
      const AlarmDescription = pointTo(text, page);
      return [id, { ...resource, Properties: { ...resource.Properties, AlarmDescription } }];
    }),
  );
}

const failing = (id: string, name: string, section: string): Resources => ({
  [`${id}ErrorsAlarm`]: alarm(
    `${name}-errors`,
    `A run of ${name} failed, and Lambda tries it twice more. The cause is at the end of its log: ` +
      `npx serverless logs --function ${id.charAt(0).toLowerCase()}${id.slice(1)}.${runbook(section)}`,
    ofFunction(id, 'Errors'),
  ),
  [`${id}ThrottlesAlarm`]: alarm(
    `${name}-throttled`,
    `AWS put off a run of ${name}: the account runs as many functions as it may. Ask for a higher ` +
      `limit of concurrent executions.${runbook(section)}`,
    ofFunction(id, 'Throttles'),
  ),
});

/** That no run of a function has come to its end for so many periods, in seconds. */
const stopped = (id: string, label: string, period: number, periods: number) => ({
  Metrics: [
    {
      Id: 'good',
      Label: label,
      // FILL: CloudWatch would first reach back for older points in the place of missing
      // ones, and so ring late.
      Expression: 'FILL(beats, 0)',
      ReturnData: true,
    },
    {
      Id: 'beats',
      ReturnData: false,
      MetricStat: {
        Metric: {
          Namespace: GOOD_RUNS.namespace,
          MetricName: GOOD_RUNS.metric,
          Dimensions: [{ Name: GOOD_RUNS.dimension, Value: ref(`${id}LambdaFunction`) }],
        },
        Period: period,
        Stat: 'Sum',
      },
    },
  ],
  ComparisonOperator: 'LessThanThreshold',
  Threshold: 1,
  EvaluationPeriods: periods,
  TreatMissingData: 'breaching',
  OKActions: notifyOps,
});

/** The alarms. A description is what the mail begins with, so it ends with what to do. */
export const alarms: Resources = {
  ChecksStoppedAlarm: alarm(
    'checks-stopped',
    'No check has come to its end for an hour: NOBODY WATCHES THE BACKUPS. Judge them by hand: ' +
      'npx rollcall check. Then look why: npx serverless logs --function checkHosts. (Rings once after ' +
      `the first deployment, until a run is done.)${runbook('monitor-silent')}`,
    stopped('CheckHosts', 'checks that came to their end', 900, 4),
  ),
  ...failing('CheckHosts', 'check-hosts', 'monitor-silent'),
  ...failing('OnObject', 'on-object', 'monitor-silent'),
  FailedRunsAlarm: alarm(
    'runs-given-up',
    'An invocation failed to the last try and lies in the FailedRuns queue. Read it, cure the ' +
      `cause, empty the queue; what it missed, the next scheduled run has caught up on.${runbook('monitor-silent')}`,
    {
      ...whenAny(
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        'QueueName',
        attributeOf(failedRuns, 'QueueName'),
      ),
      Statistic: 'Maximum',
      OKActions: notifyOps,
    },
  ),
  EventsWaitingAlarm: alarm(
    'events-waiting',
    'Events of the bucket have waited for a quarter of an hour: on-object is not fed, or somebody floods ' +
      `the bucket. Look at its log, and who writes: npx rollcall check --deep.${runbook('monitor-silent')}`,
    {
      ...whenAny(
        'AWS/SQS',
        'ApproximateAgeOfOldestMessage',
        'QueueName',
        attributeOf(objectEvents, 'QueueName'),
      ),
      Statistic: 'Maximum',
      Threshold: 900,
      OKActions: notifyOps,
    },
  ),
  AlertsUndeliveredAlarm: alarm(
    'alerts-undelivered',
    'SNS could not deliver an alert: an SMS beyond the spend limit, or to a number that opted out. ' +
      `Which: npx rollcall doctor.${runbook('alarm-path')}`,
    whenAny(
      'AWS/SNS',
      'NumberOfNotificationsFailed',
      'TopicName',
      attributeOf(alertsTopic, 'TopicName'),
    ),
  ),
};

/** The alarms on the workers; a call that was given up lies with the failed runs, and rings there. */
export const shardAlarms: Resources = failing('CheckShard', 'check-shard', 'monitor-silent');

/** The alarms on the janitor: when it stands still, nothing is lost, and the bill grows. */
export const janitorAlarms: Resources = {
  JanitorStoppedAlarm: alarm(
    'janitor-stopped',
    'The janitor has not succeeded for two days: no backup is lost, but none is hidden either, and the ' +
      `bill grows. Look at its log. (Rings once after the first deployment.)${runbook('janitor')}`,
    stopped('Janitor', 'rounds that came to their end', 86_400, 2),
  ),
  ...failing('Janitor', 'janitor', 'janitor'),
};
