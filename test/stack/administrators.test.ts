import { describe, expect, it } from 'vitest';
import { fullConfig } from './configs.ts';
import { account, accountWith, type Call } from './stack-account.ts';

const stack = accountWith(fullConfig);
const bucket = 'arn:aws:s3:::acme-backups';
const volume = `${bucket}/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;

describe('an administrator', () => {
  const administrator = stack.administrator('user/alice');
  const viaCloudFormation = { 'aws:CalledVia': ['cloudformation.amazonaws.com'] };

  it.each<Call>([
    ['read a backup, to restore it', 's3:GetObject', volume],
    ['read an older version', 's3:GetObjectVersion', volume],
    ['list versions', 's3:ListBucketVersions', bucket],
    ['read the bucket policy', 's3:GetBucketPolicy', bucket],
  ])('can %s', async (_, action, resource) => {
    expect(await stack.may(administrator, action, resource)).toBe(true);
  });

  const destroying: Call[] = [
    ['delete', 's3:DeleteObject', volume],
    ['delete a version', 's3:DeleteObjectVersion', volume],
    ['tag for a lifecycle rule', 's3:PutObjectTagging', volume],
    ['lock for a hundred years', 's3:PutObjectRetention', volume],
  ];
  const reconfiguring: Call[] = [
    ['change the lifecycle', 's3:PutLifecycleConfiguration', bucket],
    ['suspend versions', 's3:PutBucketVersioning', bucket],
    ['change the bucket policy', 's3:PutBucketPolicy', bucket],
    ['delete the bucket policy', 's3:DeleteBucketPolicy', bucket],
    ['delete the bucket', 's3:DeleteBucket', bucket],
    ['silence the events', 's3:PutBucketNotification', bucket],
    ['copy the bucket away', 's3:PutReplicationConfiguration', bucket],
  ];

  it.each([...destroying, ...reconfiguring])('cannot %s by hand', async (_, action, resource) => {
    expect(await stack.may(administrator, action, resource)).toBe(false);
  });

  it.each(reconfiguring)('can %s by deploying or removing a stack', async (_, action, resource) => {
    expect(await stack.may(administrator, action, resource, viaCloudFormation)).toBe(true);
  });

  it.each(destroying)('cannot %s through a stack', async (_, action, resource) => {
    expect(await stack.may(administrator, action, resource, viaCloudFormation)).toBe(false);
  });

  it.each([...destroying, ...reconfiguring])(
    'can %s with the break-glass role',
    async (_, action, resource) => {
      expect(await stack.may(stack.breakGlass, action, resource)).toBe(true);
    },
  );

  it('can be named in ROLLCALL_ADMINS', async () => {
    const named = accountWith(fullConfig, [`arn:aws:iam::${account}:role/sso/*`]);
    const alice = named.administrator('role/sso/alice');
    expect(await named.may(alice, 's3:DeleteObjectVersion', volume)).toBe(true);
    expect(await named.may(alice, 's3:PutBucketVersioning', bucket)).toBe(true);
    expect(await named.may(named.administrator('role/bob'), 's3:DeleteObject', volume)).toBe(false);
  });

  it('is held to TLS as everybody is, even with the break-glass role', async () => {
    const plain = { 'aws:SecureTransport': 'false' };
    expect(await stack.may(stack.breakGlass, 's3:GetObject', volume, plain)).toBe(false);
  });
});

describe('the break-glass role', () => {
  it('ends at the backup bucket', async () => {
    expect(await stack.may(stack.breakGlass, 's3:DeleteObject', 'arn:aws:s3:::payroll/x')).toBe(
      false,
    );
    expect(
      await stack.may(stack.breakGlass, 'iam:CreateUser', `arn:aws:iam::${account}:user/eve`),
    ).toBe(false);
  });
});
