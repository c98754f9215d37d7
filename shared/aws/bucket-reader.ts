// The settings of a bucket, each read on its own, so that one that may not be read hides no other.
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRuleFilter,
  type NotificationConfiguration,
  type LifecycleRule as RuleOfS3,
  S3Client,
} from '@aws-sdk/client-s3';
import type { LifecycleRule, Notifications } from '../doctor/bucket.ts';
import { askAws, type Connection, s3ClientConfig } from './client.ts';

/** One question each; every answer may throw `AwsCallError`. `undefined` = not set. */
export type BucketReader = {
  readonly region: () => Promise<string | undefined>;
  readonly versioning: () => Promise<'Enabled' | 'Suspended' | undefined>;
  readonly publicAccessBlocked: () => Promise<readonly string[]>;
  readonly ownership: () => Promise<string | undefined>;
  readonly encryption: () => Promise<string | undefined>;
  readonly lifecycle: () => Promise<readonly LifecycleRule[]>;
  readonly notifications: () => Promise<Notifications>;
  readonly policy: () => Promise<unknown>;
  /** All that S3 answers about them, to be put again. */
  readonly lifecycleConfiguration: () => Promise<{
    readonly Rules: readonly RuleOfS3[];
    readonly minimumSize: string | undefined;
  }>;
  readonly notificationConfiguration: () => Promise<NotificationConfiguration>;
};

/** A way to ask about one bucket. */
export function connectBucketReader(connection: Connection, bucket: string): BucketReader {
  const s3 = new S3Client({
    ...s3ClientConfig(connection),
    // A bucket elsewhere is an answer here, and no error.
    followRegionRedirects: true,
  });
  const Bucket = bucket;
  const ask = <Answer>(
    what: string,
    action: string,
    call: () => Promise<Answer>,
    absent: string[] = [],
  ) => askAws(`read ${what} of ${bucket}`, `s3:${action}`, call, absent);
  const lifecycleConfiguration = async () => {
    const answer = await ask(
      'the lifecycle',
      'GetLifecycleConfiguration',
      () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      ['NoSuchLifecycleConfiguration'],
    );
    const { Rules = [], TransitionDefaultMinimumObjectSize: minimumSize } = answer ?? {};
    return { Rules, minimumSize };
  };
  const notificationConfiguration = async () => {
    const answer = await ask('the notifications', 'GetBucketNotification', () =>
      s3.send(new GetBucketNotificationConfigurationCommand({ Bucket })),
    );
    const { $metadata, ...configuration } = answer ?? { $metadata: {} };
    return configuration;
  };
  return {
    lifecycleConfiguration,
    notificationConfiguration,
    region: async () => {
      const head = await ask(
        'the region',
        'ListBucket',
        () => s3.send(new HeadBucketCommand({ Bucket })),
        ['NotFound', 'NoSuchBucket'],
      );
      return head === undefined ? undefined : (head.BucketRegion ?? connection.region);
    },
    versioning: async () => {
      const answer = await ask('the versioning', 'GetBucketVersioning', () =>
        s3.send(new GetBucketVersioningCommand({ Bucket })),
      );
      return answer?.Status;
    },
    publicAccessBlocked: async () => {
      const answer = await ask(
        'the public access block',
        'GetBucketPublicAccessBlock',
        () => s3.send(new GetPublicAccessBlockCommand({ Bucket })),
        ['NoSuchPublicAccessBlockConfiguration'],
      );
      const switches = Object.entries(answer?.PublicAccessBlockConfiguration ?? {});
      return switches.filter(([, on]) => on === true).map(([name]) => name);
    },
    ownership: async () => {
      const answer = await ask(
        'the ownership',
        'GetBucketOwnershipControls',
        () => s3.send(new GetBucketOwnershipControlsCommand({ Bucket })),
        ['OwnershipControlsNotFoundError'],
      );
      return answer?.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
    },
    encryption: async () => {
      const answer = await ask(
        'the encryption',
        'GetEncryptionConfiguration',
        () => s3.send(new GetBucketEncryptionCommand({ Bucket })),
        ['ServerSideEncryptionConfigurationNotFoundError'],
      );
      const [rule] = answer?.ServerSideEncryptionConfiguration?.Rules ?? [];
      return rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
    },
    lifecycle: async () => {
      const { Rules } = await lifecycleConfiguration();
      return Rules.filter(({ Status }) => Status === 'Enabled').map((rule) => ({
        id: rule.ID ?? '',
        prefix: rule.Filter?.And?.Prefix ?? rule.Filter?.Prefix ?? rule.Prefix ?? '',
        tag: tagOf(rule.Filter),
        expireDays: rule.Expiration?.Days,
        expireDate: rule.Expiration?.Date?.toISOString().slice(0, 10),
        noncurrentDays: rule.NoncurrentVersionExpiration?.NoncurrentDays,
        abortDays: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
        sweepsMarkers: rule.Expiration?.ExpiredObjectDeleteMarker === true,
      }));
    },
    notifications: async () => {
      const answer = await notificationConfiguration();
      return {
        eventBridge: answer.EventBridgeConfiguration !== undefined,
        queues: (answer.QueueConfigurations ?? []).map((one) => ({
          arn: one.QueueArn ?? '',
          events: one.Events ?? [],
          suffix:
            one.Filter?.Key?.FilterRules?.find(({ Name }) => Name?.toLowerCase() === 'suffix')
              ?.Value ?? '',
        })),
      };
    },
    policy: async () => {
      const answer = await ask(
        'the policy',
        'GetBucketPolicy',
        () => s3.send(new GetBucketPolicyCommand({ Bucket })),
        ['NoSuchBucketPolicy'],
      );
      return answer?.Policy === undefined ? undefined : JSON.parse(answer.Policy);
    },
  };
}

function tagOf(filter: LifecycleRuleFilter | undefined): string | undefined {
  const tags = filter?.Tag === undefined ? (filter?.And?.Tags ?? []) : [filter.Tag];
  return tags.length === 0 ? undefined : tags.map(({ Key, Value }) => `${Key}=${Value}`).join('&');
}
