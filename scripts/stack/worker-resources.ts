// Workers for a config that one run cannot hold: the queue of calls, the function that answers them, and what each may
// do.

import { type Config, HOSTS_A_RUN } from '../../shared/config/config.ts';
import {
  attributeOf,
  type Resources,
  ref,
  type Statement,
  sub,
  type Value,
} from './cloudformation.ts';
import { failedRuns, functionRole } from './function-role.ts';
import { lookAtBackups } from './monitor-roles.ts';
import { rememberHosts, seeWhatIsThere } from './state-bucket.ts';

/** Logical id of the queue. */
const shardTasks = 'ShardCalls';

/** The longest that a worker may run, in seconds: twice that is less than a run waits for it. */
export const checkShardTimeout = 300;

// At 90 ms a host that is 270 s, which fit twice into the time that the run waits; and no more at once than S3 gives one
// prefix: 24 times some 220 listings a second of 5,500.
const HOSTS_A_WORKER = 3000;
const MOST_AT_ONCE = 24;

/** True for a config of more hosts than one run judges by itself. */
export const needsShards = ({ hosts }: Config, hostsARun = HOSTS_A_RUN): boolean =>
  hosts.length > hostsARun;

/** The settings by which the schedule's function finds its workers. */
export const shardEnvironment = (hostsARun: number): Value => ({
  SHARD_QUEUE_URL: ref(shardTasks),
  HOSTS_A_RUN: `${hostsARun}`,
});

/** The function, as `serverless.yml` takes it; like the two that stand there. */
export const checkShardFunction: Value = {
  name: `\${self:service}-\${self:provider.stage}-check-shard`,
  description: 'Judges one shard of a config that is too big for one run, and tells only that run.',
  handler: '.bundle/check-shard.handler',
  package: { patterns: ['.bundle/check-shard.mjs', '.bundle/check-shard/*'] },
  role: sub(`\${CheckShardRole.Arn}`),
  timeout: checkShardTimeout,
  memorySize: 1769,
};

/**
 * A call whose worker did not come to an end is given out again, while the run still waits; one that cannot be read goes
 * to the failed runs after five times. The worker can look, and remember what it saw of each host: it can neither read
 * nor change what was notified, and cannot notify.
 */
export function shardResources(config: Config): Resources {
  const workers = Math.ceil(config.hosts.length / HOSTS_A_WORKER);
  return {
    [shardTasks]: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        SqsManagedSseEnabled: true,
        // AWS advises six timeouts, so that a run that was throttled can start late. That would be half an hour, and the run
        // that calls waits for twelve minutes: no call would ever be given out again in time. Two workers of one call do no
        // harm: each judges as of the same instant (ADR 49).
        VisibilityTimeout: checkShardTimeout,
        MessageRetentionPeriod: 3600,
        RedrivePolicy: { deadLetterTargetArn: attributeOf(failedRuns, 'Arn'), maxReceiveCount: 5 },
      },
    },
    ShardCallsToFunction: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: attributeOf('CheckShardLambdaFunction', 'Arn'),
        EventSourceArn: attributeOf(shardTasks, 'Arn'),
        BatchSize: 1,
        ScalingConfig: {
          MaximumConcurrency: Math.min(Math.max(workers, 2), MOST_AT_ONCE),
        },
      },
    },
    CheckShardRole: functionRole(
      'CheckShard',
      'look-and-answer',
      ...lookAtBackups(config),
      seeWhatIsThere,
      ...rememberHosts,
      {
        Sid: 'TakeCallsFromTheirQueue',
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        Resource: attributeOf(shardTasks, 'Arn'),
      },
    ),
  };
}

/** What the schedule's function needs besides; what they leave it reads off the records. */
export const startWorkers: Statement = {
  Sid: 'CallWorkers',
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: attributeOf(shardTasks, 'Arn'),
};
