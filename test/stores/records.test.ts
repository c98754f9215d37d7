// What every place of records promises, whatever it is made of.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RecordConflictError, RecordError } from '../../shared/monitor/state.ts';
import { directoryRecords } from '../../shared/stores/directory-records.ts';
import { s3Records } from '../../shared/stores/s3-records.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { memoryRecords } from '../support/records-in-memory.ts';

let aws: LocalAws;
let count = 0;
const parent = mkdtempSync(join(tmpdir(), 'rollcall-records-'));
const bucketRecords = () => {
  count += 1;
  aws.createBucket(`ledger-${count}`, { versioning: true });
  return s3Records({ region: aws.region, endpoint: aws.endpoint }, `ledger-${count}`);
};
let bucketAround: ReturnType<typeof s3Records> | undefined;
const prefixed = () => {
  bucketAround = bucketRecords();
  const connection = { region: aws.region, endpoint: aws.endpoint };
  return s3Records(connection, `ledger-${count}`, 'monitor/eu/');
};
const folderRecords = () => {
  count += 1;
  return directoryRecords(join(parent, `state-${count}`));
};

beforeAll(async () => {
  aws = await startLocalAws();
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.credentials.secretAccessKey);
});
afterEach(() => aws.faults.clear());
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(parent, { recursive: true });
  await aws.close();
});

describe.each([
  ['a bucket', bucketRecords],
  ['a bucket under a prefix', () => prefixed()],
  ['a folder', folderRecords],
  ['memory, for tests', memoryRecords],
])('%s as the place of records', (_, records) => {
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

  it('takes one of many writes that are based on the same, and refuses the others', async () => {
    const kept = records();
    const tag = await kept.write('hosts/0of1.json', 'old', undefined);
    const writes = Array.from({ length: 8 }, (__, at) =>
      kept.write('hosts/0of1.json', `${at}`, tag),
    );
    const done = await Promise.allSettled(writes);
    const [won, ...more] = done.flatMap((one, at) => (one.status === 'fulfilled' ? [`${at}`] : []));
    expect(more).toEqual([]);
    for (const one of done)
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(RecordConflictError);
    expect((await kept.read('hosts/0of1.json')).text).toBe(won);
  });

  it('replaces a page in any case, and lists pages by prefix', async () => {
    const kept = records();
    expect(await kept.list('reports/')).toEqual([]);
    await kept.replace('reports/2026/11/24.json', 'b');
    await kept.replace('reports/2026/11/23.json', 'a');
    await kept.replace('reports/2026/11/24.json', 'c');
    expect((await kept.read('reports/2026/11/24.json')).text).toBe('c');
    await kept.replace('status.html', '<p>');
    await kept.write('state.json', '{}', undefined);
    expect(await kept.list('reports/')).toEqual([
      'reports/2026/11/23.json',
      'reports/2026/11/24.json',
    ]);
    expect(await kept.list('reports/2026/11/24')).toEqual(['reports/2026/11/24.json']);
    expect(await kept.list('')).toEqual([
      'reports/2026/11/23.json',
      'reports/2026/11/24.json',
      'state.json',
      'status.html',
    ]);
  });

  it('replaces what was written, and writes on top of what was replaced', async () => {
    const kept = records();
    const first = await kept.write('page.json', 'one', undefined);
    await kept.replace('page.json', 'two');
    await expect(kept.write('page.json', 'three', first)).rejects.toThrow(RecordConflictError);
    const { text, tag } = await kept.read('page.json');
    expect(text).toBe('two');
    await kept.write('page.json', 'three', tag);
    await kept.replace('other.json', 'one');
    await expect(kept.write('other.json', 'two', undefined)).rejects.toThrow(RecordConflictError);
    await kept.write('other.json', 'two', (await kept.read('other.json')).tag);
    expect((await kept.read('other.json')).text).toBe('two');
  });

  it('keeps every character of a page', async () => {
    const kept = records();
    const text = 'a\u0000\r\n\u{1F600} \u00e9'.repeat(40_000);
    await kept.write('state.json', text, undefined);
    expect((await kept.read('state.json')).text).toBe(text);
  });
});

describe('a bucket as the place of records', () => {
  it('is written where the store compares tags without their quotes, and still refuses an old one', async () => {
    const kept = bucketRecords();
    const first = await kept.write('state.json', 'one', undefined);
    expect(first).toMatch(/^"/);
    const fault = { error: 'PreconditionFailed', status: 412 };
    aws.faults.add({ ...{ service: 's3', operation: 'PutObject', first: 1 }, fault });
    const second = await kept.write('state.json', 'two', first);
    await expect(kept.write('state.json', 'three', first)).rejects.toThrow(RecordConflictError);
    await kept.write('state.json', 'three', second);
    expect((await kept.read('state.json')).text).toBe('three');
  });

  it('has nothing of what lies outside of its prefix', async () => {
    const kept = prefixed();
    await bucketAround?.replace('reports/2026/11/23.json', 'of another');
    expect(await kept.list('reports/')).toEqual([]);
    await kept.replace('status.html', '<p>');
    expect(await bucketAround?.list('')).toContain('monitor/eu/status.html');
  });

  it('reports which object it could not reach, and why', async () => {
    const kept = bucketRecords();
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } });
    await expect(kept.list('reports/')).rejects.toThrow(RecordError);
    await expect(kept.replace('x', 'x')).rejects.toThrow(/x could not be written \(AccessDenied/);
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
