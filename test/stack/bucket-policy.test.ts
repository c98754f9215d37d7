// The bucket policy against every action that S3 has, and against those that it will have.
import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/doctor/policy-decision.ts';
import s3 from '../fixtures/s3-actions.json' with { type: 'json' };
import { configOf, fullConfig, keepingConfig } from './configs.ts';
import { deployed } from './deployed.ts';
import { account, accountWith, type Caller, type Context } from './stack-account.ts';

const bucket = 'arn:aws:s3:::acme-backups';
const volume = `${bucket}/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;
const actions = s3.actions.map(({ action }) => action);
const on = (type: string) => s3.actions.filter((one) => one.on.includes(type));
const named = (found: typeof s3.actions) => found.map(({ action }) => action);
const reads = ({ level }: { level: string }) => level === 'Read' || level === 'List';

// It grants a log service the right to deliver, whatever its access level is called.
const grants = 's3:AllowVendedLogDeliveryForResource';
const readings = (type: string) => named(on(type).filter(reads)).filter((one) => one !== grants);
const appending = ['s3:PutObject', 's3:AbortMultipartUpload'];
const viaCloudFormation = { 'aws:CalledVia': ['cloudformation.amazonaws.com'] };

const stack = accountWith(keepingConfig);
const administrator = stack.administrator('user/alice');

/** Which of the actions on the bucket, or on an object, somebody may do who was granted all of them. */
const allowed = async (caller: Caller, type: 'bucket' | 'object', context: Context = {}) => {
  const all = { ...caller, policies: administrator.policies };
  const may: string[] = [];
  for (const action of named(on(type))) {
    const resource = type === 'bucket' ? bucket : volume;
    if (await stack.may(all, action, resource, context)) may.push(action);
  }
  return may;
};

describe('the bucket policy, over every action of S3', () => {
  it(`knows ${actions.length} actions, those that were new in ${s3.updatedAt} too`, () => {
    expect(actions.length).toBeGreaterThan(170);
    expect(actions).toEqual(expect.arrayContaining(['s3:UpdateObjectEncryption']));
    expect(on('bucket').length + on('object').length).toBeGreaterThan(100);
  });

  it('lets an administrator do nothing to an object but read it and add another', async () => {
    expect(await allowed(administrator, 'object')).toEqual(
      [...readings('object'), ...appending].sort(),
    );
  });

  it('lets an administrator do nothing to the bucket but read its settings and list it', async () => {
    expect(await allowed(administrator, 'bucket')).toEqual(readings('bucket'));
  });

  it('lets a stack change every setting of the bucket, and no object', async () => {
    expect(await allowed(administrator, 'bucket', viaCloudFormation)).toEqual(named(on('bucket')));
    expect(await allowed(administrator, 'object', viaCloudFormation)).toEqual(
      await allowed(administrator, 'object'),
    );
  });

  it('lets the break-glass role do everything', async () => {
    for (const type of ['bucket', 'object'] as const) {
      expect(await allowed(stack.breakGlass, type)).toEqual(named(on(type)));
    }
  });

  it('lets the janitor tag in addition, and no more', async () => {
    const plain = await allowed(administrator, 'object');
    expect(await allowed(stack.janitor, 'object')).toEqual(
      [...plain, 's3:PutObjectTagging'].sort(),
    );
    expect(await allowed(stack.janitor, 'bucket')).toEqual(readings('bucket'));
  });

  it('denies tagging to everyone where there is no janitor', async () => {
    const without = accountWith(fullConfig);
    for (const caller of [administrator, stack.janitor]) {
      const all = { ...caller, policies: administrator.policies };
      expect(await without.may(all, 's3:PutObjectTagging', volume)).toBe(false);
    }
  });

  it('lets a host append and read in its own prefix, and list the bucket', async () => {
    expect(await allowed(stack.host('web'), 'object')).toEqual([
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:PutObject',
    ]);
    expect(await allowed(stack.host('mail'), 'object')).toEqual([]);
    expect(await allowed(stack.host('web'), 'bucket')).toEqual(['s3:ListBucket']);
  });

  it.each([
    ['re-encrypt a backup with a key of one’s own', 's3:UpdateObjectEncryption', volume],
    ['replicate a deletion into the bucket', 's3:ReplicateDelete', volume],
    ['replicate another object over a backup', 's3:ReplicateObject', volume],
    ['replicate the tag that lifecycle asks for', 's3:ReplicateTags', volume],
    ['send a backup to be replicated', 's3:InitiateReplication', volume],
    ['take a copy out of an archive', 's3:RestoreObject', volume],
    ['tag the bucket for an access rule', 's3:TagResource', bucket],
  ])('lets nobody but the break-glass role %s', async (_, action, resource) => {
    expect(actions).toContain(action);
    expect(await stack.may(administrator, action, resource)).toBe(false);
    expect(await stack.may(stack.breakGlass, action, resource)).toBe(true);
  });
});

describe('an action that is for neither the bucket nor an object, or that S3 does not have yet', () => {
  const policy = deployed(keepingConfig).BackupBucketPolicy.Properties.PolicyDocument;
  const by = (principal: string, action: string, resource: string, context = {}) =>
    decide(policy, {
      ...{ principal: `arn:aws:iam::${account}:${principal}`, action, resource },
      context: {
        'aws:PrincipalArn': `arn:aws:iam::${account}:${principal}`,
        'aws:SecureTransport': 'true',
        's3:TlsVersion': '1.3',
        ...context,
      },
    });
  const unknown = ['s3:EraseObject', 's3:GetObjectForGood', 's3:ListAndErase', 's3:PutObjectAside'];

  // The simulator refuses the question, and so the doctor's reader of policies answers it.
  it('is denied on both, as S3 may take it there one day', () => {
    const elsewhere = s3.actions.filter(
      ({ on }) => !on.includes('bucket') && !on.includes('object'),
    );
    expect(elsewhere.length).toBeGreaterThan(50);
    for (const { action } of elsewhere) {
      expect([action, by('user/alice', action, bucket)]).toEqual([action, 'deny']);
      expect([action, by('user/alice', action, volume)]).toEqual([action, 'deny']);
    }
  });

  it.each(unknown)('is denied, such as %s, to all but the break-glass role', (action) => {
    expect(actions).not.toContain(action);
    for (const resource of [bucket, volume]) {
      expect(by('user/alice', action, resource)).toBe('deny');
      expect(by('user/backup-hosts/web', action, resource)).toBe('deny');
      expect(by('role/rollcall-prod-JanitorRole', action, resource)).toBe('deny');
      expect(by('role/rollcall-prod-BreakGlassRole', action, resource)).toBe('none');
    }
  });

  it('is denied on an object to a stack too, and not on the bucket, so that it can deploy', () => {
    const called = { 'aws:CalledVia': 'cloudformation.amazonaws.com' };
    expect(by('user/alice', 's3:EraseObject', volume, called)).toBe('deny');
    expect(by('user/alice', 's3:PutBucketNovelty', bucket, called)).toBe('none');
  });
});

describe('the size of the bucket policy', () => {
  const size = (config = fullConfig) =>
    JSON.stringify(deployed(config).BackupBucketPolicy.Properties.PolicyDocument).length;

  it('is below the 20 KB that S3 takes, and the same for one host and for five thousand', () => {
    expect(size(keepingConfig)).toBeLessThan(20_480);
    expect(size(configOf(5000))).toBe(size(configOf(1)));
  });
});
