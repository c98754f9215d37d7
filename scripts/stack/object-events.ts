// What wakes the function that looks at one host: a file of a backup was written, or something was removed.
import {
  attributeOf,
  bucketArn,
  policy,
  type Resource,
  type Resources,
  ref,
  type Statement,
  thisAccount,
  type Value,
} from './cloudformation.ts';
import { failedRuns } from './function-role.ts';

/** Logical id of the queue of events. */
export const objectEvents = 'ObjectEvents';

/** Logical id of the permission that the bucket's notification needs. */
export const mayQueueEvents = 'ObjectEventsPolicy';

const queueArn = attributeOf(objectEvents, 'Arn');

/** The longest that one run of the function may take, in seconds. */
export const onObjectTimeout = 60;

// Of as many hosts, at the 90 ms that a host may take on a bad day (docs/past-one-run.md): four fifths of the timeout.
const BATCH = 500;

// How the names of duplicity's files end: long or `--short-filenames`, plain, compressed or encrypted.
const kinds = { manifests: ['manifest', 'm'], files: ['difftar', 'dt', 'sigtar', 'st'] };
const packed = (short: boolean) => (short ? ['', '.z', '.g'] : ['', '.gz', '.gpg']);

/**
 * The endings that wake: of manifests, which are uploaded last, so that one stands for one session; and of
 * volumes and signatures, which must not come any more once their manifest is there.
 */
export const wakingSuffixes = [
  ...kinds.manifests.flatMap((end) => [`.${end}`, end === 'm' ? '.m.g' : `.${end}.gpg`]),
  ...kinds.files.flatMap((end) => packed(end.length === 2).map((more) => `.${end}${more}`)),
];

/** The notifications of a bucket of our own. Lifecycle sends other events, which nobody needs. */
export const wakingConfigurations = [
  // Not `:Put` alone: what is larger than one part arrives as CompleteMultipartUpload.
  ...wakingSuffixes.map((suffix) => ({
    Event: 's3:ObjectCreated:*',
    Queue: queueArn,
    Filter: { S3Key: { Rules: [{ Name: 'suffix', Value: suffix }] } },
  })),
  { Event: 's3:ObjectRemoved:*', Queue: queueArn },
];

/** Lets a bucket of our own speak to the queue directly: it names the culprit. */
export function ownBucketEvents(bucket: string): Resources {
  return {
    ...queue,
    [mayQueueEvents]: mayQueue(objectEvents, 's3.amazonaws.com', {
      ArnEquals: { 'aws:SourceArn': bucketArn(bucket) },
      // Bucket names are free for all once given up; the ARN alone would trust somebody else's.
      StringEquals: { 'aws:SourceAccount': thisAccount },
    }),
  };
}

/**
 * Listens to a bucket that was there before by EventBridge, since a stack cannot add a notification
 * to it without replacing those it has. The operator switches EventBridge on, once.
 */
export function existingBucketEvents(bucket: string): Resources {
  const rules = {
    ArnEquals: {
      'aws:SourceArn': [
        attributeOf('FileWrittenRule', 'Arn'),
        attributeOf('ObjectDeletedRule', 'Arn'),
      ],
    },
  };
  return {
    ...queue,
    ...rule('FileWritten', {
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [bucket] },
        object: { key: wakingSuffixes.map((suffix) => ({ suffix })) },
      },
    }),
    ...rule('ObjectDeleted', {
      'detail-type': ['Object Deleted'],
      detail: {
        bucket: { name: [bucket] },
        reason: [{ 'anything-but': ['Lifecycle Expiration'] }],
      },
    }),
    [mayQueueEvents]: mayQueue(objectEvents, 'events.amazonaws.com', rules),
    FailedRunsPolicy: mayQueue(failedRuns, 'events.amazonaws.com', rules),
  };
}

/**
 * The queue between the bucket and the function: a flood of events becomes runs of up to 500 each, two at a
 * time. An ordinary event waits for company for 20 seconds at most.
 */
const queue: Resources = {
  [objectEvents]: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      SqsManagedSseEnabled: true,
      // A batch that failed is tried again after it. Six timeouts and five tries leave Lambda time to start a run that was
      // throttled: "Creating and configuring an Amazon SQS event source mapping", AWS Lambda Developer Guide.
      VisibilityTimeout: 6 * onObjectTimeout,
      RedrivePolicy: { deadLetterTargetArn: attributeOf(failedRuns, 'Arn'), maxReceiveCount: 5 },
    },
  },
  ObjectEventsToFunction: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      FunctionName: attributeOf('OnObjectLambdaFunction', 'Arn'),
      EventSourceArn: queueArn,
      BatchSize: BATCH,
      MaximumBatchingWindowInSeconds: 20,
      // What cannot be read goes to the failed runs by itself, and not with all that came with it.
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    },
  },
};

/** What the function's role needs to be fed from the queue. */
export const takeEvents: Statement = {
  Sid: 'TakeEventsFromTheirQueue',
  Effect: 'Allow',
  Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  Resource: queueArn,
};

const mayQueue = (id: string, Service: string, Condition: Value): Resource => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: [ref(id)],
    PolicyDocument: policy({
      Sid: 'OnlyTheSourceOfThisStackSends',
      Effect: 'Allow',
      Principal: { Service },
      Action: 'sqs:SendMessage',
      Resource: attributeOf(id, 'Arn'),
      Condition,
    }),
  },
});

const rule = (name: string, pattern: { readonly [field: string]: Value }): Resources => ({
  [`${name}Rule`]: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['aws.s3'], ...pattern },
      Targets: [
        {
          Id: 'object-events',
          Arn: queueArn,
          RetryPolicy: { MaximumEventAgeInSeconds: 21_600, MaximumRetryAttempts: 20 },
          DeadLetterConfig: { Arn: attributeOf(failedRuns, 'Arn') },
        },
      ],
    },
  },
});
