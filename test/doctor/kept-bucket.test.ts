import { describe, expect, it } from 'vitest';
import { judgeBeforeDeploy, judgeKeptBucket } from '../../shared/doctor/before-deploy.ts';
import { existingRoll, fullRoll } from '../stack/configs.ts';
import { read, said } from './readings.ts';

const stackFor = (bucket: string, made = true) => ({
  name: 'rollcall-prod',
  status: 'UPDATE_COMPLETE',
  outputs: { BackupBucketName: bucket },
  resources: made ? [{ id: 'BackupBucket', type: 'AWS::S3::Bucket', name: bucket }] : [],
});

describe('judgeKeptBucket', () => {
  it.each([
    ['a first deploy', undefined, fullRoll],
    ['a stack of which the first deploy failed', { ...stackFor(''), outputs: {} }, fullRoll],
    ['the same bucket', stackFor('acme-backups'), fullRoll],
    ['the same existing bucket', stackFor('acme-backups', false), existingRoll],
  ])('says nothing of %s', (_, stack, roll) => {
    expect(judgeKeptBucket(stack, roll)).toEqual([]);
  });

  it.each([
    ['of the stack', true, fullRoll],
    ['that was there before', false, existingRoll],
    ['of the stack, by one that is there already', true, existingRoll],
  ])('fails for another bucket in place of one %s, and says the way', (_, made, roll) => {
    const [check, ...more] = judgeKeptBucket(stackFor('old-backups', made), roll);
    expect(more).toEqual([]);
    expect(check).toMatchObject({
      status: 'fail',
      says: expect.stringMatching(/old-backups.* acme-backups.*fall out of their group/),
      fix: expect.stringMatching(/"bucket: old-backups" again.*docs\/setup\.md#another-bucket/),
    });
  });

  it('fails for "existing: true" on a bucket that the stack made, as its policy would go', () => {
    expect(said(judgeKeptBucket(stackFor('acme-backups'), existingRoll))).toEqual([
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
    const failed = judgeBeforeDeploy(found, fullRoll, names).filter(
      ({ status }) => status !== 'ok',
    );
    expect(failed.map(({ check }) => check)).toEqual(['bucket name']);
  });
});
