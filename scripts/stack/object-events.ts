// What wakes the function that looks at one host: a manifest arrived, or something was removed.
import {
  attributeOf,
  bucketArn,
  policy,
  type Resources,
  ref,
  thisAccount,
  type Value,
} from './cloudformation.ts';
import { failedRuns } from './failed-runs.ts';

/** Logical id of the permission that the bucket's notification needs. */
export const s3MayInvoke = 'S3MayInvokeOnObject';

const functionArn = attributeOf('OnObjectLambdaFunction', 'Arn');

/**
 * How the names of duplicity's manifests end: encrypted or not, long or `--short-filenames`.
 * A manifest is uploaded last, so one event stands for one session, full or incremental.
 */
export const manifestSuffixes = ['.manifest', '.manifest.gpg', '.m', '.m.g'];

/** The notifications of a bucket of our own. Lifecycle sends other events, which nobody needs. */
export const wakingConfigurations = [
  // Not `:Put` alone: what is larger than one part arrives as CompleteMultipartUpload.
  ...manifestSuffixes.map((suffix) => ({
    Event: 's3:ObjectCreated:*',
    Function: functionArn,
    Filter: { S3Key: { Rules: [{ Name: 'suffix', Value: suffix }] } },
  })),
  { Event: 's3:ObjectRemoved:*', Function: functionArn },
];

/** Lets a bucket of our own call the function directly: free, and it names the culprit. */
export function ownBucketEvents(bucket: string): Resources {
  return {
    [s3MayInvoke]: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName: functionArn,
        Action: 'lambda:InvokeFunction',
        Principal: 's3.amazonaws.com',
        SourceArn: bucketArn(bucket),
        // Bucket names are free for all once given up; the ARN alone would trust a stranger's.
        SourceAccount: thisAccount,
      },
    },
  };
}

/**
 * Listens to a bucket that was there before by EventBridge, since a stack cannot add a notification
 * to it without replacing those it has. The operator switches EventBridge on, once.
 */
export function existingBucketEvents(bucket: string): Resources {
  return {
    ...rule('ManifestWritten', {
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [bucket] },
        object: { key: manifestSuffixes.map((suffix) => ({ suffix })) },
      },
    }),
    ...rule('ObjectDeleted', {
      'detail-type': ['Object Deleted'],
      detail: {
        bucket: { name: [bucket] },
        reason: [{ 'anything-but': ['Lifecycle Expiration'] }],
      },
    }),
    FailedRunsPolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [ref(failedRuns)],
        PolicyDocument: policy({
          Sid: 'RulesOfThisStackDropWhatTheyCannotDeliver',
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: attributeOf(failedRuns, 'Arn'),
          Condition: {
            ArnEquals: {
              'aws:SourceArn': [
                attributeOf('ManifestWrittenRule', 'Arn'),
                attributeOf('ObjectDeletedRule', 'Arn'),
              ],
            },
          },
        }),
      },
    },
  };
}

const rule = (name: string, pattern: { readonly [field: string]: Value }): Resources => ({
  [`${name}Rule`]: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['aws.s3'], ...pattern },
      Targets: [
        {
          Id: 'on-object',
          Arn: functionArn,
          RetryPolicy: { MaximumEventAgeInSeconds: 21_600, MaximumRetryAttempts: 20 },
          DeadLetterConfig: { Arn: attributeOf(failedRuns, 'Arn') },
        },
      ],
    },
  },
  [`${name}MayInvoke`]: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: functionArn,
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: attributeOf(`${name}Rule`, 'Arn'),
    },
  },
});
