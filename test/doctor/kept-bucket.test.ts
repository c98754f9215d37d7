import { describe, expect, it } from 'vitest';
import { judgeBeforeDeploy, judgeKeptBucket } from '../../shared/doctor/before-deploy.ts';
import { existingConfig, fullConfig } from '../stack/configs.ts';
import { read, textsOf } from './readings.ts';

const stackFor = (bucket: string, made = true) => ({
  name: 'rollcall-prod',
  status: 'UPDATE_COMPLETE',
  outputs: { BackupBucketName: bucket },
  resources: made ? [{ id: 'BackupBucket', type: 'AWS::S3::Bucket', name: bucket }] : [],
});

describe('judgeKeptBucket', () => {
  it.each([
    ['a first deploy', undefined, fullConfig],
    ['a stack of which the first deploy failed', { ...stackFor(''), outputs: {} }, fullConfig],
    ['the same bucket', stackFor('acme-backups'), fullConfig],
    ['the same existing bucket', stackFor('acme-backups', false), existingConfig],
  ])('reports nothing for %s', (_, stack, config) => {
    expect(judgeKeptBucket(stack, config)).toEqual([]);
  });

  it.each([
    ['of the stack', true, fullConfig],
    ['that was there before', false, existingConfig],
    ['of the stack, by one that is there already', true, existingConfig],
  ])('fails for another bucket in place of one %s, and says the way', (_, made, config) => {
    const [check, ...more] = judgeKeptBucket(stackFor('old-backups', made), config);
    expect(more).toEqual([]);
    expect(check).toMatchObject({
      status: 'fail',
      says: expect.stringMatching(/old-backups.* acme-backups.*fall out of their group/),
      fix: expect.stringMatching(/"bucket: old-backups" again.*docs\/setup\.md#another-bucket/),
    });
  });

  it('fails for "existing: true" on a bucket that the stack made, as its policy would go', () => {
    expect(textsOf(judgeKeptBucket(stackFor('acme-backups'), existingConfig))).toEqual([
      expect.stringMatching(/^fail: .*its policy would be taken away/),
    ]);
  });

  it('is asked before a deploy', () => {
    const found = {
      stack: read(stackFor('old-backups')),
      bucket: read({ owner: 'nobody' } as const),
      group: read(undefined),
    };
    const names = { stack: 'rollcall-prod', group: 'acme-backups-hosts' };
    const failed = judgeBeforeDeploy(found, fullConfig, names).filter(
      ({ status }) => status !== 'ok',
    );
    expect(failed.map(({ check }) => check)).toEqual(['bucket name']);
  });
});
