import { describe, expect, it } from 'vitest';
import { readerPolicy } from '../../scripts/stack/reader-policy.ts';
import { decide } from '../../shared/doctor/policy-decision.ts';
import { fullConfig } from './configs.ts';
import { account, accountWith, allow, type Call, type Caller } from './stack-account.ts';

const stack = accountWith(fullConfig);
const bucket = 'arn:aws:s3:::acme-backups';
const state = 'arn:aws:s3:::rollcall-prod-ledgerbucket';
const volume = `${bucket}/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;
const hostAt = (name: string, prefix = `${name}/`) => ({
  name,
  target: { bucket: 'acme-backups', prefix },
});
const terms = { requireMfa: false, until: undefined, drillsIn: undefined };
const reader = (policy: object): Caller => ({
  arn: `arn:aws:iam::${account}:user/backup-readers/restore-web`,
  policies: [policy],
  context: { 'aws:username': 'restore-web' },
});

describe('the key of a reader, under the policy of the bucket', () => {
  const web = reader(readerPolicy([hostAt('web')], 'aws', terms));

  it.each<Call>([
    ['a volume', 's3:GetObject', volume],
    ['an old version, for restore-set', 's3:GetObjectVersion', volume],
    ['whether the bucket is there, as duplicity looks first', 's3:ListBucket', bucket],
    ['the names of its host', 's3:ListBucket', bucket, { 's3:prefix': 'web/' }],
    ['names behind a --file-prefix', 's3:ListBucket', bucket, { 's3:prefix': 'web/nas-' }],
    ['the versions of its host', 's3:ListBucketVersions', bucket, { 's3:prefix': 'web/dup' }],
  ])('reads %s', async (_, action, resource, context) => {
    expect(await stack.may(web, action, resource, context)).toBe(true);
  });

  it.each<Call>([
    ['a volume of another host', 's3:GetObject', volume.replace('/web/', '/mail/')],
    ['a version of another host', 's3:GetObjectVersion', volume.replace('/web/', '/mail/')],
    ['a host whose name begins so', 's3:GetObject', volume.replace('/web/', '/web2/')],
    ['the names of another host', 's3:ListBucket', bucket, { 's3:prefix': 'mail/' }],
    ['the versions of another host', 's3:ListBucketVersions', bucket, { 's3:prefix': 'mail/' }],
    ['the versions of all', 's3:ListBucketVersions', bucket],
    ['a volume without TLS', 's3:GetObject', volume, { 'aws:SecureTransport': 'false' }],
    ['what the monitor remembers', 's3:GetObject', `${state}/state.json`],
    ['the policy of the bucket', 's3:GetBucketPolicy', bucket],
  ])('does not read %s', async (_, action, resource, context) => {
    expect(await stack.may(web, action, resource, context)).toBe(false);
  });

  it.each([
    's3:PutObject',
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:PutObjectTagging',
    's3:PutObjectAcl',
    's3:AbortMultipartUpload',
    's3:RestoreObject',
    's3:BypassGovernanceRetention',
    's3:ReplicateDelete',
    's3:UpdateObjectEncryption',
  ])('may not %s', async (action) => {
    expect(decide(web.policies[0], asked(action, volume))).toBe('none');
    for (const page of ['drills/web/20261123T081500Z.json', 'operator/said.json']) {
      expect(decide(web.policies[0], asked(action, `${state}/${page}`))).toBe('none');
    }
  });

  it.each([
    's3:PutBucketPolicy',
    's3:PutLifecycleConfiguration',
    's3:DeleteBucket',
    'iam:PutUserPolicy',
    'sts:AssumeRole',
  ])('may not %s', async (action) =>
    expect(decide(web.policies[0], asked(action, bucket))).toBe('none'),
  );
});

const asked = (action: string, resource: string, context = {}) => ({
  ...{ principal: reader({}).arn, action, resource },
  context: { 'aws:SecureTransport': 'true', 's3:prefix': 'web/', ...context },
});

describe('the terms of a reader', () => {
  it('may include receipts of a host whose name has slashes, where restore-drill leaves them', () => {
    const policy = readerPolicy([hostAt('office/nas')], 'aws', { ...terms, drillsIn: 'state' });
    expect(JSON.stringify(policy)).toContain('arn:aws:s3:::state/drills/office_nas/*');
  });

  it('may include receipts of drills, of its hosts alone', async () => {
    const drillsIn = 'rollcall-prod-ledgerbucket';
    const policy = readerPolicy([hostAt('web')], 'aws', { ...terms, drillsIn });
    const may = (key: string, action = 's3:PutObject') =>
      stack.may(reader(policy), action, `${state}/${key}`);
    expect(await may('drills/web/20261123T081500Z.json')).toBe(true);
    expect(await may('drills/db/20261123T081500Z.json')).toBe(false);
    expect(await may('state.json')).toBe(false);
    expect(await may('drills/web/20261123T081500Z.json', 's3:GetObject')).toBe(false);
  });

  it('may be receipts alone: then nothing can be read', async () => {
    const drillsIn = 'rollcall-prod-ledgerbucket';
    const policy = readerPolicy([hostAt('web')], 'aws', { ...terms, drillsIn, reads: false });
    expect(policy.Statement).toEqual([
      {
        ...{ Effect: 'Allow', Action: 's3:PutObject' },
        Resource: [`arn:aws:s3:::${drillsIn}/drills/web/*`],
      },
    ]);
  });

  it('may require a second factor', async () => {
    const policy = readerPolicy([hostAt('web')], 'aws', { ...terms, requireMfa: true });
    const context = { 'aws:MultiFactorAuthPresent': 'true' };
    expect(await stack.may(reader(policy), 's3:GetObject', volume)).toBe(false);
    expect(await stack.may(reader(policy), 's3:ListBucket', bucket)).toBe(false);
    expect(await stack.may(reader(policy), 's3:GetObject', volume, context)).toBe(true);
  });

  it('may end after a last day', async () => {
    const until = '2027-01-01T00:00:00Z';
    const policy = readerPolicy([hostAt('web')], 'aws', { ...terms, until });
    const at = (time: string) =>
      stack.may(reader(policy), 's3:GetObject', volume, { 'aws:CurrentTime': time });
    expect(await at('2026-12-31T23:59:59Z')).toBe(true);
    expect(await at('2027-01-01T00:00:00Z')).toBe(false);
  });

  it('hold for several hosts, also below other prefixes and in other buckets', async () => {
    const elsewhere = { name: 'nas', target: { bucket: 'acme-offsite', prefix: 'office/nas/' } };
    const policy = readerPolicy([hostAt('web'), hostAt('db'), elsewhere], 'aws', terms);
    const reads = (resource: string) => stack.may(reader(policy), 's3:GetObject', resource);
    expect(await reads(volume)).toBe(true);
    expect(await reads(`${bucket}/db/x`)).toBe(true);
    expect(await reads('arn:aws:s3:::acme-offsite/office/nas/x')).toBe(true);
    expect(await reads(`${bucket}/office/nas/x`)).toBe(false);
    expect(await reads('arn:aws:s3:::acme-offsite/web/x')).toBe(false);
  });

  it('do not matter to somebody who was granted everything: the bucket still refuses deletion', async () => {
    const all = reader({ Version: '2012-10-17', Statement: [allow('*')] });
    expect(await stack.may(all, 's3:DeleteObjectVersion', volume)).toBe(false);
  });
});
