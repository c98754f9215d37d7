import { describe, expect, it } from 'vitest';
import { deployed } from './deployed.ts';
import { keepingRoll } from './rolls.ts';

describe('the bucket', () => {
  const { BackupBucket } = deployed();

  it('outlives its stack, except a first deployment that fails', () => {
    expect(BackupBucket.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(BackupBucket.UpdateReplacePolicy).toBe('Retain');
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

  it('expires after keepDays, keeps what expired for 8 days more, and sweeps behind itself', () => {
    expect(BackupBucket.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'expire',
        Status: 'Enabled',
        ExpirationInDays: 30,
        NoncurrentVersionExpiration: { NoncurrentDays: 8 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
      { Id: 'sweep-markers', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
    ]);
  });

  it('expires nothing but what is tagged, where the roll keeps the last good backup', () => {
    const { BackupBucket: keeping } = deployed(keepingRoll);
    expect(keeping.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'expire',
        Status: 'Enabled',
        ExpirationInDays: 30,
        TagFilters: [{ Key: 'expire', Value: 'yes' }],
      },
      {
        Id: 'forget',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 8 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
      { Id: 'sweep-markers', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
    ]);
  });

  it('has a policy that fits into the 20 KB that S3 takes', () => {
    const document = deployed().BackupBucketPolicy.Properties.PolicyDocument;
    expect(JSON.stringify(document).length).toBeLessThan(20_480);
  });
});
