import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readBeforeDeploy } from '../../shared/aws/names-in-use.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws({});
});
afterAll(() => aws.close());

const names = { stack: 'rollcall-prod', group: 'acme-hosts' };
const readBucket = async (bucket: string) => {
  const { region, endpoint, credentials } = aws;
  return (await readBeforeDeploy({ region, endpoint, credentials }, bucket, names)).bucket;
};

it('reports a bucket name as free when S3 does not know it', async () => {
  expect(await readBucket('free')).toEqual({ read: true, value: { owner: 'nobody' } });
});

it("takes a 403 for another account's bucket, unless the account's own list has it", async () => {
  const rule = aws.faults.add({
    operation: 'HeadBucket',
    fault: { error: 'AccessDenied', status: 403 },
  });
  expect(await readBucket('ours')).toEqual({ read: true, value: { owner: 'another account' } });
  const s3 = new S3Client({ ...aws, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'ours' }));
  // Ours, and the next question is which stack made it.
  expect(JSON.stringify(await readBucket('ours'))).not.toContain('another account');
  rule.remove();
});

it('reports what it could not read while S3 is in trouble', async () => {
  const rule = aws.faults.add({
    operation: 'HeadBucket',
    fault: { error: 'InternalError', status: 501 },
  });
  expect(await readBucket('free')).toMatchObject({
    read: false,
    why: expect.stringContaining('could not read the bucket free'),
  });
  rule.remove();
});

it("does not call a bucket another account's when the own list may not be read", async () => {
  const head = aws.faults.add({
    operation: 'HeadBucket',
    fault: { error: 'AccessDenied', status: 403 },
  });
  const list = aws.faults.add({
    operation: 'ListBuckets',
    fault: { error: 'AccessDenied', status: 403 },
  });
  expect(await readBucket('whose')).toMatchObject({
    read: false,
    fix: expect.stringContaining('s3:ListAllMyBuckets'),
  });
  head.remove();
  list.remove();
});
