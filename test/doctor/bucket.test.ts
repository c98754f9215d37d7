import { describe, expect, it } from 'vitest';
import { auditStatus } from '../../shared/doctor/audit.ts';
import { type BucketSettings, judgeBucket } from '../../shared/doctor/bucket.ts';
import { config, read, textsOf } from './readings.ts';

describe('judgeBucket', () => {
  const good: BucketSettings = {
    region: read('eu-west-1'),
    versioning: read('Enabled'),
    publicAccessBlocked: read(['a', 'b', 'c', 'd']),
    ownership: read('BucketOwnerEnforced'),
    encryption: read('AES256'),
  };
  it('is well with the bucket of the stack', () => {
    expect(auditStatus(judgeBucket(good, config))).toBe(0);
  });
  it.each([
    [
      'bucket',
      { region: read('us-east-1') },
      'fail: backups is in us-east-1, and the config says eu-west-1',
    ],
    [
      'versioning',
      { versioning: read('Suspended' as const) },
      'fail: suspended: a host can overwrite its backups without a trace',
    ],
    [
      'public access',
      { publicAccessBlocked: read(['a']) },
      'fail: 1 of 4 blocks are on: the bucket could be opened to the world',
    ],
    [
      'ownership',
      { ownership: read(undefined) },
      'warn: not set: an object can have an owner and an ACL of its own',
    ],
    [
      'encryption',
      { encryption: read('aws:kms') },
      'fail: aws:kms, and the stack sets AES256: anyone who holds the other key decides who can read',
    ],
  ])('reports what is wrong with %s', (check, over, words) => {
    const bad = judgeBucket({ ...good, ...over }, config).filter(({ status }) => status !== 'ok');
    expect([bad[0]?.check, ...textsOf(bad)]).toEqual([check, words]);
  });
  it('reports once that there is no bucket', () => {
    expect(textsOf(judgeBucket({ ...good, region: read(undefined) }, config))).toEqual([
      'fail: there is no bucket backups',
    ]);
  });
});
