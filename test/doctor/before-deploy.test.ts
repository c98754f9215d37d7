import { describe, expect, it } from 'vitest';
import {
  type BeforeDeploy,
  type BucketOwner,
  judgeBeforeDeploy,
} from '../../shared/doctor/before-deploy.ts';
import type { DeployedStack } from '../../shared/doctor/deployment.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { read, textsOf, unreadable } from './readings.ts';

const own = aConfig([aHost()], { bucket: 'acme' });
const existing = { ...own, existing: true };
const names = { stack: 'rollcall-prod', group: 'acme-hosts' };
const stack = (status: string): DeployedStack => ({
  ...{ name: 'rollcall-prod', status, outputs: {} },
  resources: [
    { id: 'BackupBucket', type: 'AWS::S3::Bucket', name: 'acme' },
    { id: 'HostGroup', type: 'AWS::IAM::Group', name: 'acme-hosts' },
  ],
});
const nothing: BeforeDeploy = {
  stack: read(undefined),
  bucket: read({ owner: 'nobody' }),
  group: read(undefined),
};
const ours = (of?: string, region = 'eu-west-1'): { bucket: BeforeDeploy['bucket'] } => ({
  bucket: read<BucketOwner>({ owner: 'us', region, stack: of }),
});
const failures = (found: BeforeDeploy, config = own) =>
  textsOf(judgeBeforeDeploy(found, config, names).filter(({ status }) => status !== 'ok'));

describe('judgeBeforeDeploy', () => {
  it('accepts a first deploy of free names', () => {
    expect(failures(nothing)).toEqual([]);
  });

  it('accepts a further deploy of the same stack', () => {
    const group = read({ stack: 'rollcall-prod' });
    const found = { stack: read(stack('UPDATE_COMPLETE')), ...ours('rollcall-prod'), group };
    expect(failures(found)).toEqual([]);
  });

  it.each([
    ['another account has', { bucket: read<BucketOwner>({ owner: 'another account' }) }],
    ['stayed when a stack was removed', ours()],
    ['another stack made', ours('rollcall-test')],
  ])('fails for a bucket that %s', (_, bucket) => {
    const textsOf = failures({ ...nothing, ...bucket });
    expect(textsOf).toEqual([expect.stringMatching(/^fail: .*\bacme\b/)]);
  });

  it('names the stage that has the bucket, and says how each gets its own', () => {
    const [, bucket] = judgeBeforeDeploy({ ...nothing, ...ours('rollcall-test') }, own, names);
    expect(bucket).toMatchObject({
      says: expect.stringContaining('rollcall-test'),
      fix: expect.stringContaining('ROLLCALL_HOSTS'),
    });
  });

  it('advises "existing: true" for a bucket that stayed', () => {
    const [, bucket] = judgeBeforeDeploy({ ...nothing, ...ours() }, own, names);
    expect(bucket).toMatchObject({ fix: expect.stringContaining('existing: true') });
  });

  it.each([
    ['is not there', read<BucketOwner>({ owner: 'nobody' }), 'no bucket acme'],
    ['is not ours', read<BucketOwner>({ owner: 'another account' }), 'another account'],
    ['is elsewhere', ours(undefined, 'us-west-2').bucket, 'acme is in us-west-2'],
  ])('fails for an existing bucket that %s', (_, bucket, words) => {
    const found = { ...nothing, bucket };
    expect(failures(found, { ...existing, region: 'eu-west-1' })).toEqual([
      expect.stringContaining(words),
    ]);
  });

  it('accepts an existing bucket of ours in the region', () => {
    const config = { ...existing, region: 'eu-west-1' };
    expect(failures({ ...nothing, ...ours() }, config)).toEqual([]);
  });

  it('fails for a group that another stage made, or no stack', () => {
    expect(failures({ ...nothing, group: read({ stack: 'rollcall-test' }) })).toEqual([
      expect.stringContaining('of the stack rollcall-test'),
    ]);
    expect(failures({ ...nothing, group: read({ stack: undefined }) })).toEqual([
      expect.stringContaining('no stack of this region made it'),
    ]);
  });

  it.each([
    ['ROLLBACK_COMPLETE', 'npx serverless remove'],
    ['DELETE_FAILED', 'npx serverless remove'],
    ['REVIEW_IN_PROGRESS', 'npx serverless remove'],
    ['UPDATE_ROLLBACK_FAILED', 'continue-update-rollback'],
    ['DELETE_IN_PROGRESS', 'wait'],
  ])('fails for a stack that is %s, which CloudFormation updates to nothing', (status, fix) => {
    const group = read({ stack: 'rollcall-prod' });
    const found = { stack: read(stack(status)), ...ours('rollcall-prod'), group };
    const [first] = judgeBeforeDeploy(found, own, names);
    expect(first).toMatchObject({ status: 'fail', fix: expect.stringContaining(fix) });
  });

  it('reports what it could not look at as unknown, never as ok', () => {
    const all = judgeBeforeDeploy(
      { stack: unreadable, bucket: unreadable, group: unreadable },
      own,
      names,
    );
    expect(all.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown']);
  });
});
