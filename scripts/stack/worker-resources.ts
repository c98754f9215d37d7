// Workers for a config that one run cannot hold: the queue of calls, the function that answers them, and what each may
// do.

import { type Config, HOSTS_A_RUN, shardsOf } from '../../shared/config/config.ts';
import { ANSWERS } from '../../shared/monitor/worker-answer.ts';
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
import { keepFingerprints, seeWhatIsThere, stateBucket } from './state-bucket.ts';

/** Logical id of the queue. */
export const shardTasks = 'ShardCalls';

/** The longest that a worker may run, in seconds: twice that is less than a run waits for it. */
export const checkShardTimeout = 300;

// In two rounds, and no more at once than S3 gives one prefix: 24 times some 220 listings a second of 5,500.
const ROUNDS = 2;
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
  package: { patterns: ['.bundle/check-shard.mjs'] },
  role: sub(`\${CheckShardRole.Arn}`),
  timeout: checkShardTimeout,
  memorySize: 1769,
};

/**
 * A call whose worker did not come to an end is given out again, while the run still waits; one that cannot be read
 * goes to the failed runs after five times. The worker can look, record fingerprints, and leave an answer that it can
 * neither read nor change: it cannot speak.
 */
export function shardResources(config: Config, hostsARun: number): Resources {
  const shards = shardsOf(config.hosts.length, hostsARun);
  return {
    [shardTasks]: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        SqsManagedSseEnabled: true,
        // AWS advises six timeouts, so that a run that was throttled can start late. That would be half an hour, and
        // the run that calls waits for twelve minutes: no call would ever be given out again in time. Two workers of
        // one call do no harm: the answer is written once (ADR 49).
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
          MaximumConcurrency: Math.min(Math.max(shards / ROUNDS, 2), MOST_AT_ONCE),
        },
      },
    },
    CheckShardRole: functionRole(
      'CheckShard',
      'look-and-answer',
      ...lookAtBackups(config),
      seeWhatIsThere,
      ...keepFingerprints,
      {
        Sid: 'AnswerEachCallOnce',
        Effect: 'Allow',
        Action: 's3:PutObject',
        Resource: sub(`\${${stateBucket}.Arn}/${ANSWERS}*`),
        Condition: { Null: { 's3:if-none-match': 'false' } },
      },
      {
        Sid: 'TakeCallsFromTheirQueue',
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        Resource: attributeOf(shardTasks, 'Arn'),
      },
    ),
  };
}

/** What the schedule's function needs besides: to call, and to read what is answered. */
export const startWorkers: readonly Statement[] = [
  {
    Sid: 'CallWorkers',
    Effect: 'Allow',
    Action: 'sqs:SendMessage',
    Resource: attributeOf(shardTasks, 'Arn'),
  },
  {
    Sid: 'ReadTheirAnswers',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: sub(`\${${stateBucket}.Arn}/${ANSWERS}*`),
  },
];
