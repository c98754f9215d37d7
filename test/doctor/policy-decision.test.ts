import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackOf } from '../../scripts/stack/stack.ts';
import { decide, type PolicyRequest } from '../../shared/doctor/policy-decision.ts';
import { fullConfig } from '../stack/configs.ts';
import { account, resolveTemplate } from '../stack/resolve-template.ts';
import { allow } from '../stack/stack-account.ts';

const resources = resolveTemplate(stackOf(fullConfig).resources);
const bucketPolicy = resources.BackupBucketPolicy?.Properties.PolicyDocument;
const groupPolicy = resources.HostGroup?.Properties.Policies[0].PolicyDocument;
const bucket = 'arn:aws:s3:::acme-backups';

const request = (over: Partial<PolicyRequest> = {}): PolicyRequest => ({
  principal: `arn:aws:iam::${account}:user/backup-hosts/web`,
  action: 's3:PutObject',
  resource: `${bucket}/web/duplicity-full.20261123T031502Z.vol1.difftar.gpg`,
  ...over,
  context: {
    'aws:PrincipalArn': over.principal ?? `arn:aws:iam::${account}:user/backup-hosts/web`,
    'aws:username': 'web',
    'aws:SecureTransport': 'true',
    's3:TlsVersion': '1.3',
    ...over.context,
  },
});

describe('decide', () => {
  const principals = [
    'user/backup-hosts/web',
    'user/alice',
    'role/admin',
    'role/rollcall-prod-BreakGlassRole',
  ];
  const objectActions = [
    'PutObject',
    'GetObject',
    'DeleteObject',
    'DeleteObjectVersion',
    'PutObjectAcl',
    'AbortMultipartUpload',
  ];
  const bucketActions = [
    'ListBucket',
    'PutBucketVersioning',
    'PutLifecycleConfiguration',
    'DeleteBucket',
    'PutBucketPolicy',
  ];
  const keys = [
    'web/duplicity-full.x.vol1.difftar.gpg',
    'web/plain',
    'mail/duplicity-full.x.manifest.gpg',
  ];
  const contexts: Record<string, string>[] = [
    {},
    { 'aws:SecureTransport': 'false' },
    { 's3:TlsVersion': '1.1' },
  ];
  const headers: Record<string, string>[] = [
    { 's3:x-amz-storage-class': 'GLACIER' },
    { 's3:x-amz-storage-class': 'STANDARD' },
    { 's3:x-amz-server-side-encryption': 'aws:kms' },
    { 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' },
  ];
  const cases = principals.flatMap((who) => [
    ...objectActions.flatMap((change) =>
      keys.flatMap((key) => contexts.map((context) => [who, change, `/${key}`, context] as const)),
    ),
    ...bucketActions.flatMap((change) =>
      contexts.map((context) => [who, change, '', context] as const),
    ),
    ...headers.map((context) => [who, 'PutObject', `/${keys[0]}`, context] as const),
  ]);

  it(`answers ${cases.length} calls on the stack's bucket as a policy simulator does`, async () => {
    const different: unknown[] = [];
    for (const [who, change, key, more] of cases) {
      const principal = `arn:aws:iam::${account}:${who}`;
      const { action, resource, context } = request({
        ...{ principal, action: `s3:${change}`, resource: `${bucket}${key}`, context: more },
      });
      const { 'aws:username': name = '', ...rest } = context;
      const contextVariables = who.startsWith('user')
        ? { ...rest, 'aws:username': who.split('/').at(-1) ?? name }
        : rest;
      const simulated = await runSimulation(
        {
          request: {
            principal,
            action,
            resource: { resource, accountId: account },
            contextVariables,
          },
          identityPolicies: [
            { name: 'all', policy: { Version: '2012-10-17', Statement: [allow('*')] } },
          ],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          resourcePolicy: bucketPolicy,
        },
        {},
      );
      const theirs =
        simulated.resultType === 'error' ? simulated.errors : simulated.overallResult === 'Allowed';
      const ours =
        decide(bucketPolicy, { principal, action, resource, context: contextVariables }) !== 'deny';
      if (theirs !== ours) different.push([who, change, key, more, theirs, ours]);
    }
    expect(different).toEqual([]);
  });

  it.each([
    ['append', {}, 'allow'],
    ['append to another', { resource: `${bucket}/mail/duplicity-full.x.gpg` }, 'none'],
    ['append in the clear', { resource: `${bucket}/web/duplicity-full.x` }, 'none'],
    ['delete', { action: 's3:DeleteObject' }, 'none'],
    ['look at the bucket', { action: 's3:ListBucket', resource: bucket }, 'allow'],
  ])("answers by the group's policy whether a host may %s", (_, over, decision) => {
    expect(decide(groupPolicy, request(over))).toBe(decision);
  });

  const deny = (rest: object) => ({
    Statement: { Effect: 'Deny', Action: '*', Resource: '*', ...rest },
  });
  it.each([
    [
      'an operator it does not know',
      { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
      'unsure',
    ],
    ['NotPrincipal', { NotPrincipal: { AWS: 'x' } }, 'unsure'],
    ['a service', { Principal: { Service: 's3.amazonaws.com' } }, 'none'],
    ['the whole account', { Principal: { AWS: `arn:aws:iam::${account}:root` } }, 'deny'],
    ['a key that is absent', { Condition: { StringEquals: { 'aws:x': 'y' } } }, 'none'],
    ['a key that is absent, negated', { Condition: { StringNotEquals: { 'aws:x': 'y' } } }, 'deny'],
    [
      'a key that is absent, if it exists',
      { Condition: { StringEqualsIfExists: { 'aws:x': 'y' } } },
      'deny',
    ],
    ['a null', { Condition: { Null: { 'aws:x': 'true' } } }, 'deny'],
    [
      'an ARN whose star ends at a colon',
      { Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:*:user/backup-hosts/web' } } },
      'none',
    ],
    [
      'an unknown condition next to one that is not met',
      { Condition: { IpAddress: { a: 'b' }, Bool: { 'aws:SecureTransport': 'false' } } },
      'none',
    ],
  ])('reads %s', (_, rest, decision) => {
    expect(decide(deny(rest), request())).toBe(decision);
  });

  it('never throws, and never allows by what is no policy', () => {
    fc.assert(
      fc.property(fc.anything(), (document) => {
        expect(['none', 'unsure', 'deny', 'allow']).toContain(decide(document, request()));
      }),
    );
  });
});
