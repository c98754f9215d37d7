import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPart } from '../../shared/aws/s3-objects.ts';
import { type AskS3, connectS3 } from '../../shared/aws/s3-requests.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';

let aws: LocalAws;
let s3: AskS3;

beforeAll(async () => {
  aws = await startLocalAws();
  const { credentials, endpoint } = aws;
  s3 = connectS3({ region: 'eu-west-1', endpoint, credentials });
  aws.createBucket('backups');
  aws.put('backups', 'ten', '0123456789');
  aws.put('backups', 'none', '');
  aws.put('backups', 'cold', '0123456789', { storageClass: 'DEEP_ARCHIVE' });
  aws.put('backups', 'cool', '0123456789', { storageClass: 'GLACIER_IR' });
});
afterAll(async () => {
  await aws.close();
});

describe('readPart', () => {
  it.each([
    ['ten', 0, 4, '0123'],
    ['ten', 6, 4, '6789'],
    ['ten', 6, 9999, '6789'],
    ['ten', 10, 4, ''],
    ['none', 0, 4096, ''],
    ['cool', 2, 2, '23'],
  ])('reads of %s from %i on %i bytes', async (key, from, bytes, text) => {
    const part = await readPart(s3, 'backups', key, { from, bytes });
    expect(new TextDecoder().decode(part)).toBe(text);
  });

  it('reads nothing of what is in cold storage', async () => {
    expect(await readPart(s3, 'backups', 'cold', { from: 0, bytes: 4 })).toBeUndefined();
  });

  it('reports that it could not look, and what to allow', async () => {
    aws.faults.add({ operation: 'GetObject', fault: { error: 'AccessDenied' } });
    await expect(readPart(s3, 'backups', 'ten', { from: 0, bytes: 4 })).rejects.toMatchObject({
      name: 'TargetUnreadableError',
      message: expect.stringContaining('the contents of a backup in s3://backups'),
      hint: expect.stringContaining('allow s3:GetObject'),
    });
    aws.faults.clear();
  });
});
