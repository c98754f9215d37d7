import { describe, expect, it, vi } from 'vitest';
import { undeleteDays } from '../../scripts/stack/backup-bucket.ts';
import { connectBucketReader } from '../../shared/aws/bucket-reader.ts';
import { startReadingLifecycle } from '../../shared/aws/s3-objects.ts';
import { connectS3 } from '../../shared/aws/s3-requests.ts';
import { judgeLifecycle } from '../../shared/doctor/bucket.ts';
import { startLocal } from '../local-aws/test/clients.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';
import { fullConfig, keepingConfig } from './configs.ts';
import { deployed } from './deployed.ts';

describe('the bucket', () => {
  const { BackupBucket } = deployed();

  it('outlives its stack, except a first deployment that fails', () => {
    expect(BackupBucket.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(BackupBucket.UpdateReplacePolicy).toBe('Retain');
  });

  it('keeps its policy and its hosts when a stack turns to another bucket, and loses the policy with the stack', () => {
    const { BackupBucketPolicy, HostGroup } = deployed();
    for (const one of [BackupBucketPolicy, HostGroup]) {
      expect(one.UpdateReplacePolicy).toBe('Retain');
      // Kept, the policy would lock its owner out: the role that it lets through goes with the stack.
      expect(one.DeletionPolicy).toBeUndefined();
    }
  });

  it('keeps versions, is encrypted, and is nobody else’s', () => {
    expect(BackupBucket.Properties).toMatchObject({
      BucketName: 'acme-backups',
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  const cleanUp = {
    Id: 'clean-up',
    Status: 'Enabled',
    NoncurrentVersionExpiration: { NoncurrentDays: 8 },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    ExpiredObjectDeleteMarker: true,
  };

  it('expires after keepDays, keeps what expired for 8 days more, and sweeps behind itself', () => {
    expect(BackupBucket.Properties.LifecycleConfiguration.Rules).toEqual([
      { Id: 'expire', Status: 'Enabled', ExpirationInDays: 30 },
      cleanUp,
    ]);
  });

  it('expires nothing but what is tagged, where the config keeps the last good backup', () => {
    const { BackupBucket: keeping } = deployed(keepingConfig);
    expect(keeping.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'expire',
        Status: 'Enabled',
        ExpirationInDays: 30,
        TagFilters: [{ Key: 'expire', Value: 'yes' }],
      },
      cleanUp,
    ]);
  });

  it.each([
    ['hides by days', fullConfig, [{ prefix: '', hides: { days: 30 } }]],
    ['hides what is tagged', keepingConfig, []],
  ])(
    'has rules that S3 takes, the doctor is content with, and a countdown reads, where it %s',
    async (_, config, hiding) => {
      const { aws, s3 } = await startLocal();
      aws.createBucket(config.bucket, { versioning: true });
      await putLifecycle(s3, config, config.bucket);
      vi.stubEnv('AWS_ACCESS_KEY_ID', aws.credentials.accessKeyId);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.credentials.secretAccessKey);
      const connection = { region: aws.region, endpoint: aws.endpoint };
      const value = await connectBucketReader(connection, config.bucket).lifecycle();
      const checks = judgeLifecycle({ read: true, value }, config, undeleteDays);
      expect(checks.map(({ status }) => status)).toEqual(['ok']);
      expect(await startReadingLifecycle(connectS3(connection))(config.bucket)).toEqual({
        rules: [...hiding, { prefix: '', noncurrentDays: undeleteDays }],
      });
    },
  );

  it('has a policy that fits into the 20 KB that S3 takes', () => {
    const document = deployed().BackupBucketPolicy.Properties.PolicyDocument;
    expect(JSON.stringify(document).length).toBeLessThan(20_480);
  });
});
