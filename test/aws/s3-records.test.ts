import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RecordConflictError, RecordError } from '../../shared/monitor/state.ts';
import { s3Records } from '../../shared/stores/s3-records.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';

let aws: LocalAws;
let buckets = 0;
const records = () => {
  buckets += 1;
  aws.createBucket(`ledger-${buckets}`, { versioning: true });
  return s3Records({ region: aws.region, endpoint: aws.endpoint }, `ledger-${buckets}`);
};

beforeAll(async () => {
  aws = await startLocalAws();
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.credentials.secretAccessKey);
});
afterEach(() => aws.faults.clear());
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

describe('s3Records', () => {
  it('has nothing at first, and then what was written', async () => {
    const kept = records();
    expect(await kept.read('state.json')).toEqual({ text: undefined, tag: undefined });
    const tag = await kept.write('state.json', 'one', undefined);
    expect(await kept.read('state.json')).toEqual({ text: 'one', tag });
    await kept.write('state.json', 'two', tag);
    expect((await kept.read('state.json')).text).toBe('two');
  });

  it('refuses a write that is based on less than the newest', async () => {
    const kept = records();
    const old = await kept.write('state.json', 'one', undefined);
    await kept.write('state.json', 'two', old);
    await expect(kept.write('state.json', 'three', old)).rejects.toThrow(RecordConflictError);
    await expect(kept.write('state.json', 'four', undefined)).rejects.toThrow(RecordConflictError);
    expect((await kept.read('state.json')).text).toBe('two');
  });

  it('replaces a page in any case, and lists pages by prefix', async () => {
    const kept = records();
    await kept.replace('reports/2026/11/24.json', 'b');
    await kept.replace('reports/2026/11/23.json', 'a');
    await kept.replace('reports/2026/11/24.json', 'c');
    expect((await kept.read('reports/2026/11/24.json')).text).toBe('c');
    await kept.replace('status.html', '<p>');
    expect(await kept.list('reports/')).toEqual([
      'reports/2026/11/23.json',
      'reports/2026/11/24.json',
    ]);
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } });
    await expect(kept.list('reports/')).rejects.toThrow(RecordError);
    await expect(kept.replace('x', 'x')).rejects.toThrow(/x could not be written \(AccessDenied/);
  });

  it('reports which object it could not reach, and why', async () => {
    const kept = records();
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } });
    await expect(kept.read('state.json')).rejects.toThrow(RecordError);
    await expect(kept.write('state.json', 'x', undefined)).rejects.toThrow(
      /could not be written \(AccessDenied \(403\)\)/,
    );
    const gone = s3Records({ region: aws.region, endpoint: aws.endpoint }, 'no-such-bucket');
    aws.faults.clear();
    await expect(gone.read('state.json')).rejects.toThrow(
      /could not be read \(NoSuchBucket \(404\)\)/,
    );
  });
});
