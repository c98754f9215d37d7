import { describe, expect, it } from 'vitest';
import { fullConfig } from './configs.ts';
import { account, accountWith, allow, type Call } from './stack-account.ts';

const stack = accountWith(fullConfig);
const bucket = 'arn:aws:s3:::acme-backups';
const web = `${bucket}/web`;
const volume = `${web}/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;
const manifest = `${web}/duplicity-full.20261123T031702Z.manifest.gpg`;

describe('the key of a host', () => {
  const host = stack.host('web');

  it.each<Call>([
    ['a volume', 's3:PutObject', volume],
    ['a part of a large volume, without headers', 's3:PutObject', volume],
    [
      'a volume with its class said',
      's3:PutObject',
      volume,
      { 's3:x-amz-storage-class': 'STANDARD' },
    ],
    [
      'a volume with the encryption said that the bucket has anyway',
      's3:PutObject',
      volume,
      { 's3:x-amz-server-side-encryption': 'AES256' },
    ],
    ['a manifest', 's3:PutObject', manifest],
    ['signatures', 's3:PutObject', `${web}/duplicity-full-signatures.20261123T031702Z.sigtar.gpg`],
    [
      'an increment',
      's3:PutObject',
      `${web}/duplicity-inc.20261122T031702Z.to.20261123T031702Z.vol1.difftar.gpg`,
    ],
    [
      'a volume with --file-prefix',
      's3:PutObject',
      `${web}/nas-duplicity-full.20261123T031702Z.vol1.difftar.gpg`,
    ],
    ['over TLS 1.2', 's3:PutObject', volume, { 's3:TlsVersion': '1.2' }],
  ])('uploads %s', async (_, action, resource, context) => {
    expect(await stack.may(host, action, resource, context)).toBe(true);
  });

  it.each<Call>([
    ['gives up an upload', 's3:AbortMultipartUpload', volume],
    ['looks whether the bucket is there, as duplicity does first', 's3:ListBucket', bucket],
    ['lists its own prefix', 's3:ListBucket', bucket, { 's3:prefix': 'web/' }],
    ['lists below its own prefix', 's3:ListBucket', bucket, { 's3:prefix': 'web/duplicity-full' }],
  ])('%s', async (_, action, resource, context) => {
    expect(await stack.may(host, action, resource, context)).toBe(true);
  });

  it.each<Call>([
    ['delete a volume', 's3:DeleteObject', volume],
    ['delete a version of a volume', 's3:DeleteObjectVersion', volume],
    [
      'upload an unencrypted volume',
      's3:PutObject',
      `${web}/duplicity-full.20261123T031702Z.vol1.difftar.gz`,
    ],
    [
      'upload an unencrypted manifest',
      's3:PutObject',
      `${web}/duplicity-full.20261123T031702Z.manifest`,
    ],
    ['upload a --short-filenames name', 's3:PutObject', `${web}/df.toxqtp.m.g`],
    ['upload what is no backup', 's3:PutObject', `${web}/index.html`],
    [
      'upload next to the prefixes',
      's3:PutObject',
      `${bucket}/duplicity-full.20261123T031702Z.manifest.gpg`,
    ],
    ['upload for another host', 's3:PutObject', volume.replace('/web/', '/mail/')],
    [
      'upload for a host that its own name begins',
      's3:PutObject',
      volume.replace('/web/', '/web2/'),
    ],
    ['upload to another bucket', 's3:PutObject', volume.replace('acme-backups', 'other-bucket')],
    ['read its own volume', 's3:GetObject', volume],
    ['read an older version of its own volume', 's3:GetObjectVersion', volume],
    ['read the volume of another host', 's3:GetObject', volume.replace('/web/', '/mail/')],
    ['list the prefix of another host', 's3:ListBucket', bucket, { 's3:prefix': 'mail/' }],
    ['list a prefix that its own name begins', 's3:ListBucket', bucket, { 's3:prefix': 'web2/' }],
    ['list with the empty prefix said', 's3:ListBucket', bucket, { 's3:prefix': '' }],
    ['list versions', 's3:ListBucketVersions', bucket, { 's3:prefix': 'web/' }],
    ['list uploads under way', 's3:ListBucketMultipartUploads', bucket],
    ['list the parts of an upload', 's3:ListMultipartUploadParts', volume],
    [
      'give up the upload of another host',
      's3:AbortMultipartUpload',
      volume.replace('/web/', '/mail/'),
    ],
    ['tag', 's3:PutObjectTagging', volume],
    ['tag a version', 's3:PutObjectVersionTagging', volume],
    ['take tags away', 's3:DeleteObjectTagging', volume],
    ['set an ACL', 's3:PutObjectAcl', volume],
    ['set the ACL of a version', 's3:PutObjectVersionAcl', volume],
    ['lock for a hundred years', 's3:PutObjectRetention', volume],
    ['put on a legal hold', 's3:PutObjectLegalHold', volume],
    ['pass by retention', 's3:BypassGovernanceRetention', volume],
    ['restore from an archive', 's3:RestoreObject', volume],
    ['change the lifecycle', 's3:PutLifecycleConfiguration', bucket],
    ['suspend versions', 's3:PutBucketVersioning', bucket],
    ['change the bucket policy', 's3:PutBucketPolicy', bucket],
    ['delete the bucket policy', 's3:DeleteBucketPolicy', bucket],
    ['delete the bucket', 's3:DeleteBucket', bucket],
    ['make the bucket public', 's3:PutBucketPublicAccessBlock', bucket],
    ['silence the events', 's3:PutBucketNotification', bucket],
    ['copy the bucket away', 's3:PutReplicationConfiguration', bucket],
    ['set the default encryption', 's3:PutEncryptionConfiguration', bucket],
    ['ask where the bucket is', 's3:GetBucketLocation', bucket],
    ['list all buckets', 's3:ListAllMyBuckets', '*'],
    ['upload to Glacier', 's3:PutObject', volume, { 's3:x-amz-storage-class': 'GLACIER' }],
    [
      'upload to the deep archive',
      's3:PutObject',
      volume,
      { 's3:x-amz-storage-class': 'DEEP_ARCHIVE' },
    ],
    [
      'encrypt with a key of its own',
      's3:PutObject',
      volume,
      { 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    ],
    [
      'encrypt with a KMS key',
      's3:PutObject',
      volume,
      { 's3:x-amz-server-side-encryption': 'aws:kms' },
    ],
    ['upload without TLS', 's3:PutObject', volume, { 'aws:SecureTransport': 'false' }],
    ['upload over TLS 1.1', 's3:PutObject', volume, { 's3:TlsVersion': '1.1' }],
    [
      'publish an alert',
      'sns:Publish',
      `arn:aws:sns:eu-west-1:${account}:rollcall-prod-AlertsTopic`,
    ],
    ['make itself another key', 'iam:CreateAccessKey', host.arn],
    ['join another group', 'iam:AddUserToGroup', `arn:aws:iam::${account}:group/admins`],
  ])('cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(host, action, resource, context)).toBe(false);
  });
});

describe('a host whose user was given too much by mistake', () => {
  const host = stack.host('web', { Version: '2012-10-17', Statement: [allow('s3:*')] });

  it.each<Call>([
    ['delete', 's3:DeleteObject', volume],
    ['delete a version', 's3:DeleteObjectVersion', volume],
    ['tag', 's3:PutObjectTagging', volume],
    ['read an older version', 's3:GetObjectVersion', volume],
    ['list versions', 's3:ListBucketVersions', bucket],
    ['suspend versions', 's3:PutBucketVersioning', bucket],
    ['change the bucket policy', 's3:PutBucketPolicy', bucket],
    ['read what another host wrote', 's3:GetObject', volume.replace('/web/', '/mail/')],
    ['write for another host', 's3:PutObject', volume.replace('/web/', '/mail/')],
  ])('still cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(host, action, resource, context)).toBe(false);
  });

  it('can be allowed to read its own prefix', async () => {
    expect(await stack.may(host, 's3:GetObject', volume)).toBe(true);
  });
});
