// Says what S3 does with buckets and their configurations.
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { MATTERS } from './contract-matters.ts';
import { type ContractCheck, expectRefusal } from './contract-target.ts';

const lock = {
  ObjectLockConfiguration: {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 14 } },
  },
} as const;

/** The checks. */
export const bucketChecks: readonly ContractCheck[] = [
  {
    name: 'S3 knows a bucket it made by HeadBucket, its location and ListBuckets',
    matters: MATTERS.looked,
    run: async ({ s3, region, bucket, settles }) => {
      const Bucket = await bucket();
      const head = await s3.send(new HeadBucketCommand({ Bucket }));
      expect(head.BucketRegion).toBe(region);
      const location = await s3.send(new GetBucketLocationCommand({ Bucket }));
      expect(location.LocationConstraint).toBe(region);
      await settles(async () => {
        const { Buckets } = await s3.send(new ListBucketsCommand({}));
        expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
      });
      const again = s3.send(new CreateBucketCommand({ Bucket }));
      await expectRefusal(again, 'BucketAlreadyOwnedByYou', 409);
    },
  },
  {
    name: 'S3 answers NoSuchBucket to a listing of, and 404 to HeadBucket of a bucket that is not there',
    matters: MATTERS.looked,
    run: async ({ s3, name }) => {
      const Bucket = name('absent');
      await expectRefusal(s3.send(new HeadBucketCommand({ Bucket })), 'NotFound', 404);
      await expectRefusal(s3.send(new ListObjectsV2Command({ Bucket })), 'NoSuchBucket', 404);
    },
  },
  {
    name: 'S3 deletes only an empty bucket',
    matters: MATTERS.removed,
    run: async ({ s3, bucket, fill, settles }) => {
      const Bucket = await bucket();
      const full = await bucket();
      await fill(full, ['a']);
      await s3.send(new DeleteBucketCommand({ Bucket }));
      await settles(() => expectRefusal(s3.send(new HeadBucketCommand({ Bucket })), 'NotFound'));
      await expectRefusal(
        s3.send(new DeleteBucketCommand({ Bucket: full })),
        'BucketNotEmpty',
        409,
      );
    },
  },
  {
    name: 'S3 says nothing of versioning until it is switched, then what it is',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket();
      const status = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
      expect(await status()).toBeUndefined();
      for (const Status of ['Enabled', 'Suspended'] as const) {
        const VersioningConfiguration = { Status };
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
        await settles(async () => expect(await status()).toBe(Status));
      }
    },
  },
  {
    name: 'S3 returns a lifecycle as it was put, and NoSuchLifecycleConfiguration before',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket();
      const read = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
      await expectRefusal(read(), 'NoSuchLifecycleConfiguration', 404);
      const Rules = [
        {
          ID: 'expire',
          Status: 'Enabled' as const,
          Filter: { Prefix: '' },
          Expiration: { Days: 6 },
        },
        {
          ID: 'clean-up',
          Status: 'Enabled' as const,
          Filter: { Prefix: '' },
          Expiration: { ExpiredObjectDeleteMarker: true },
          NoncurrentVersionExpiration: { NoncurrentDays: 8 },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ];
      const LifecycleConfiguration = { Rules };
      await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
      await settles(async () => expect((await read()).Rules).toEqual(Rules));
    },
  },
  {
    name: 'S3 tells with an object when its lifecycle rule will hide it',
    matters: MATTERS.countdown,
    differs: { ministack: 'sends no x-amz-expiration' },
    run: async ({ s3, bucket, fill, settles }) => {
      const Bucket = await bucket();
      const Rules = [
        {
          ID: 'six days',
          Status: 'Enabled' as const,
          Filter: { Prefix: 'web/' },
          Expiration: { Days: 6 },
        },
      ];
      const LifecycleConfiguration = { Rules };
      await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
      await fill(Bucket, ['web/1', 'mail/1']);
      await settles(async () => {
        const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'web/1' }));
        const day = 86_400_000;
        const due = Number(head.LastModified) + 6 * day;
        const midnight = new Date(Math.floor(due / day) * day + day).toUTCString();
        // HeadObject, S3 API Reference: "The value of the rule-id is URL-encoded", which has two spellings of a space.
        const text = decodeURIComponent((head.Expiration ?? '').replaceAll('+', ' '));
        expect(text).toBe(`expiry-date="${midnight}", rule-id="six days"`);
      });
      const other = await s3.send(new HeadObjectCommand({ Bucket, Key: 'mail/1' }));
      expect(other.Expiration).toBeUndefined();
    },
  },
  {
    name: 'S3 returns notifications as they were put, and none before',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket();
      const read = () => s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
      expect((await read()).EventBridgeConfiguration).toBeUndefined();
      const NotificationConfiguration = { EventBridgeConfiguration: {} };
      await s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
      );
      await settles(async () => expect((await read()).EventBridgeConfiguration).toEqual({}));
    },
  },
  {
    name: 'S3 returns a policy as it was put, and NoSuchBucketPolicy before',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket();
      const read = () => s3.send(new GetBucketPolicyCommand({ Bucket }));
      await expectRefusal(read(), 'NoSuchBucketPolicy', 404);
      const statement = { Effect: 'Deny', Principal: '*', Action: 's3:DeleteObjectVersion' };
      const Resource = `arn:aws:s3:::${Bucket}/*`;
      const policy = { Version: '2012-10-17', Statement: [{ ...statement, Resource }] };
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
      await settles(async () => expect(JSON.parse((await read()).Policy ?? '')).toEqual(policy));
    },
  },
  {
    name: 'S3 makes a bucket encrypted from the start',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
      const [rule] = encryption.ServerSideEncryptionConfiguration?.Rules ?? [];
      expect(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256');
    },
  },
  {
    name: 'S3 makes a bucket closed to the public from the start',
    matters: MATTERS.doctor,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
      expect(block.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      });
    },
  },
  {
    name: 'S3 returns Object Lock as it was put, and then keeps versioning on',
    matters: MATTERS.lock,
    differs: { ministack: 'lets versioning be suspended' },
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket({ versioned: true });
      const read = () => s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
      await expectRefusal(read(), 'ObjectLockConfigurationNotFoundError', 404);
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ...lock }));
      await settles(async () =>
        expect((await read()).ObjectLockConfiguration).toEqual(lock.ObjectLockConfiguration),
      );
      const VersioningConfiguration = { Status: 'Suspended' } as const;
      const suspend = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration });
      await expectRefusal(s3.send(suspend), 'InvalidBucketState', 409);
    },
  },
  {
    name: 'S3 refuses Object Lock on a bucket without versioning',
    matters: MATTERS.lock,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const put = s3.send(new PutObjectLockConfigurationCommand({ Bucket, ...lock }));
      await expectRefusal(put, 'InvalidBucketState', 409);
    },
  },
  {
    name: 'S3 keeps a locked version from deletion, but not from a delete marker',
    matters: MATTERS.lock,
    run: async ({ s3, bucket, fill, settles }) => {
      const Bucket = await bucket({ versioned: true });
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ...lock }));
      // What is written before the lock holds everywhere has no retention, and goes.
      const version = await settles(async () => {
        await fill(Bucket, ['k']);
        const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
        const written = { Bucket, Key: 'k', VersionId };
        await expectRefusal(s3.send(new DeleteObjectCommand(written)), 'AccessDenied', 403);
        return written;
      });
      const hidden = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
      expect(hidden.DeleteMarker).toBe(true);
      const BypassGovernanceRetention = true;
      await s3.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention }));
      await expectRefusal(s3.send(new HeadObjectCommand(version)), 'NotFound', 404);
    },
  },
];
