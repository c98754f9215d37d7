// The bucket that the hosts share: versions, a lifecycle, and no way to lose it by accident.
import type { Config } from '../../shared/config/config.ts';
import { EXPIRE_TAG } from '../../shared/rules/lifecycle.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { attributeOf, type Resources, type Value } from './cloudformation.ts';
import { janitorRole } from './janitor-resources.ts';
import { mayQueueEvents, wakingConfigurations } from './object-events.ts';

/** Days that a deleted, overwritten or expired object can still be brought back. */
export const undeleteDays = 8;

/**
 * The bucket and its policy.
 *
 * Its name is a literal wherever it is needed: the bucket notifies a function, whose role reads
 * the bucket, and a `Ref` in the role would close the circle.
 */
export function backupBucket(config: Config, admins: readonly string[]): Resources {
  const taggers = config.keepLastGood ? [attributeOf(janitorRole, 'Arn')] : [];
  return {
    BackupBucket: {
      Type: 'AWS::S3::Bucket',
      // A first deployment that fails takes its empty bucket with it, so that the next can start.
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      // S3 tries the notification when it is set, so the queue must be open to it by then.
      DependsOn: [mayQueueEvents],
      Properties: {
        BucketName: config.bucket,
        ...privateBucket,
        LifecycleConfiguration: { Rules: lifecycle(config) },
        NotificationConfiguration: { QueueConfigurations: wakingConfigurations },
      },
    },
    BackupBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      // Should `bucket` be renamed past what refuses it, the old one keeps its denials.
      UpdateReplacePolicy: 'Retain',
      DependsOn: ['BackupBucket'],
      Properties: {
        Bucket: config.bucket,
        PolicyDocument: bucketPolicy(config.bucket, admins, taggers),
      },
    },
  };
}

/**
 * The rules. With `keepLastGood` nothing is hidden but what the janitor tagged, and that no sooner than the config
 * says.
 *
 * CloudFormation refuses a rule that only sweeps markers ("AWS::S3::Bucket Rule" lists what a rule needs), and S3 one that
 * sweeps them and has days or a tag ("LifecycleExpiration", S3 API): so they are swept where old versions are removed.
 */
function lifecycle({ keepDays, keepLastGood }: Config) {
  const { key: Key, value: Value } = EXPIRE_TAG;
  return [
    {
      Id: 'expire',
      Status: 'Enabled',
      ExpirationInDays: keepDays,
      ...(keepLastGood ? { TagFilters: [{ Key, Value }] } : {}),
    },
    {
      Id: 'clean-up',
      Status: 'Enabled',
      NoncurrentVersionExpiration: { NoncurrentDays: undeleteDays },
      // Parts of an unfinished upload are billed, and no listing shows them.
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      // Left-over markers make listings slow.
      ExpiredObjectDeleteMarker: true,
    },
  ];
}

/** Properties of an `AWS::S3::Bucket`. Versions are not optional: a PutObject overwrites for good without them. */
export const privateBucket: { readonly [property: string]: Value } = {
  VersioningConfiguration: { Status: 'Enabled' },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ],
  },
};
