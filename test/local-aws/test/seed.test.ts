// Shows the direct way into the buckets: dates, sizes without bytes, recorded listings.
import { readFileSync } from 'node:fs';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { RecordedListing } from '../s3/seed.ts';
import { monday, startLocal } from './clients.ts';

const Bucket = 'backups';
const day = 86_400_000;

function readListing(name: string): RecordedListing {
  const path = new URL(`../../fixtures/listings/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as RecordedListing;
}

describe('put', () => {
  it('backdates an object, for HEAD and for listings', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    aws.put(Bucket, 'web/old', 'x', { modified: '2026-11-20T02:00:07Z' });
    const modified = new Date('2026-11-20T02:00:07Z');
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'web/old' }));
    const list = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect([head.LastModified, list.Contents?.[0]?.LastModified]).toEqual([modified, modified]);
  });

  it('takes a version id, an ETag and a storage class as given', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket, { versioning: true });
    const given = { versionId: 'v1', etag: 'abc-3', storageClass: 'GLACIER' };
    aws.put(Bucket, 'web/1', { bytes: 7 }, { ...given, modified: monday - day });
    aws.put(Bucket, 'web/1', { bytes: 9 }, { versionId: 'v2' });
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toMatchObject([
      { VersionId: 'v2', IsLatest: true, Size: 9, LastModified: new Date(monday) },
      {
        ...{ VersionId: 'v1', IsLatest: false, Size: 7, LastModified: new Date(monday - day) },
        ...{ ETag: '"abc-3"', StorageClass: 'GLACIER' },
      },
    ]);
  });

  it('holds the first bytes of an object that is huge otherwise', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const head = Buffer.from([0x85, 0x01, 0x8c, 0x03]);
    aws.put(Bucket, 'web/volume', { bytes: 200 * 1024 ** 3, head });
    const read = async (Range: string) => {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'web/volume', Range }));
      return [...((await got.Body?.transformToByteArray()) ?? [])];
    };
    expect(await read('bytes=0-5')).toEqual([0x85, 0x01, 0x8c, 0x03, 0, 0]);
    expect(await read('bytes=-2')).toEqual([0, 0]);
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'web/volume' }));
    expect(ContentLength).toBe(200 * 1024 ** 3);
  });

  it('lists a sized object like any other, and stacks versions on it', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket, { versioning: true });
    aws.put(Bucket, 'web/1', { bytes: 1000 }, { modified: monday - day });
    const before = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const first = before.Versions?.[0];
    expect(first).toMatchObject({ Size: 1000, IsLatest: true });
    expect(first?.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'web/1', Body: 'over' }));
    aws.put(Bucket, 'web/1', { bytes: 2000 }, { modified: monday + 1000 });
    const after = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(after.Versions?.map(({ Size }) => Size)).toEqual([2000, 4, 1000]);
    expect(after.Versions?.[2]).toEqual({ ...first, IsLatest: false });
    const VersionId = first?.VersionId;
    const old = await s3.send(new HeadObjectCommand({ Bucket, Key: 'web/1', VersionId }));
    expect(old.ETag).toBe(first?.ETag);
  });

  it('replaces a sized object where versioning is off', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    aws.put(Bucket, 'web/1', { bytes: 1000 });
    aws.put(Bucket, 'web/1', { bytes: 2000 });
    aws.put(Bucket, 'web/2', 'bytes');
    aws.put(Bucket, 'web/2', { bytes: 3000 });
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions?.map(({ Size, VersionId }) => [Size, VersionId])).toEqual([
      [2000, 'null'],
      [3000, 'null'],
    ]);
  });

  it('reports which bucket is missing', async () => {
    const { aws } = await startLocal();
    expect(() => aws.put('absent', 'k', 'x')).toThrow('no bucket absent: call createBucket first');
  });
});

describe('remove', () => {
  it('puts a delete marker of that moment, or takes one version for good', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket, { versioning: true });
    aws.put(Bucket, 'web/1', 'x', { versionId: 'v1' });
    aws.remove(Bucket, 'web/1', { modified: '2026-11-23T00:00:00Z' });
    const hidden = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(hidden.DeleteMarkers).toMatchObject([
      { LastModified: new Date('2026-11-23T00:00:00Z') },
    ]);
    expect(aws.head(Bucket, 'web/1')).toBeUndefined();
    aws.remove(Bucket, 'web/1', { versionId: 'v1' });
    expect(aws.versions(Bucket, 'web/1')).toMatchObject([{ deleteMarker: true }]);
  });
});

describe('load', () => {
  it('lists what was recorded', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const recorded = readListing('whole-bucket');
    expect(aws.load(Bucket, recorded)).toBe(recorded.Contents?.length);
    const list = await s3.send(new ListObjectsV2Command({ Bucket }));
    const shown = list.Contents?.map((one) => ({
      ...one,
      LastModified: `${one.LastModified?.toISOString().slice(0, 19)}.000Z`,
    }));
    // A checksum cannot be recorded by a listing, so that none is kept.
    const kept = recorded.Contents?.map((one) => ({ ...one, ChecksumAlgorithm: undefined }));
    expect(shown).toEqual(kept);
  });

  it('puts recorded versions and markers back in their order, on a bucket that then has versions', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const version = (VersionId: string, LastModified: string, IsLatest: boolean) => ({
      ...{ Key: 'web/1', VersionId, LastModified, IsLatest },
      ...{ ETag: '"e"', Size: 1, StorageClass: 'STANDARD' },
    });
    const Versions = [
      version('v3', '2026-11-23T02:00:00.000Z', false),
      version('v2', '2026-11-22T02:00:00.000Z', false),
      version('v1', '2026-11-22T02:00:00.000Z', false),
    ];
    const marker = { Key: 'web/1', VersionId: 'm', IsLatest: true };
    const DeleteMarkers = [{ ...marker, LastModified: '2026-11-23T03:00:00.000Z' }];
    expect(aws.load(Bucket, { Versions, DeleteMarkers })).toBe(4);
    const list = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(list.DeleteMarkers?.map(({ VersionId }) => VersionId)).toEqual(['m']);
    expect(list.Versions?.map(({ VersionId }) => VersionId)).toEqual(['v3', 'v2', 'v1']);
  });
});

describe('a lifecycle rule', () => {
  it('dates the end of an object from its own day, rounded up to midnight', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const Status = 'Enabled' as const;
    const Rules = [
      { ID: 'six', Status, Filter: { Prefix: '' }, Expiration: { Days: 6 } },
      { ID: 'late', Status, Filter: { Prefix: '' }, Expiration: { Days: 30 } },
      { ID: 'off', Status: 'Disabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 1 } },
    ];
    const LifecycleConfiguration = { Rules };
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    const dependencies = async (modified: string) => {
      aws.put(Bucket, 'k', 'x', { modified });
      return (await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Expiration;
    };
    const on = (date: string) => `expiry-date="${date} 00:00:00 GMT", rule-id="six"`;
    // A set written over midnight dies volume by volume.
    expect(await dependencies('2026-11-20T23:59:59Z')).toBe(on('Fri, 27 Nov 2026'));
    expect(await dependencies('2026-11-21T00:00:00Z')).toBe(on('Sat, 28 Nov 2026'));
    expect(await dependencies('2026-11-21T00:40:00Z')).toBe(on('Sat, 28 Nov 2026'));
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    expect(put.Expiration).toBe(on('Mon, 30 Nov 2026'));
  });

  it('hides what has expired, forgets what was hidden, and sweeps the marker, when it is run', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket, { versioning: true });
    const Status = 'Enabled' as const;
    const tag = { Key: 'expire', Value: 'yes' };
    const all = { Status, Filter: { Prefix: '' } };
    const Rules = [
      { ID: 'six', Status, Filter: { Tag: tag }, Expiration: { Days: 6 } },
      {
        ...all,
        ID: 'clean-up',
        NoncurrentVersionExpiration: { NoncurrentDays: 8 },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
    ];
    const LifecycleConfiguration = { Rules };
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    for (const Key of ['tagged', 'plain'])
      aws.put(Bucket, Key, 'x', { modified: '2026-11-01T03:00Z' });
    const Tagging = { TagSet: [tag] };
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging }));
    const left = (at: string) => {
      aws.runLifecycle(Bucket, at);
      const answered = (key: string) =>
        aws
          .versions(Bucket, key)
          .map(({ deleteMarker, modifiedAt }) =>
            deleteMarker ? new Date(modifiedAt).toISOString().slice(0, 16) : 'x',
          );
      return [answered('tagged'), answered('plain')];
    };
    expect(left('2026-11-07T23:59Z')).toEqual([['x'], ['x']]);
    expect(left('2026-11-08T02:00Z')).toEqual([['2026-11-08T00:00', 'x'], ['x']]);
    expect(left('2026-11-16T23:59Z')).toEqual([['2026-11-08T00:00', 'x'], ['x']]);
    expect(left('2026-11-17T00:00Z')).toEqual([[], ['x']]);
    expect(left('2036-11-17T00:00Z')).toEqual([[], ['x']]);
  });

  it('is refused when it asks for the tag of an unfinished upload or of a marker', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const Filter = { Tag: { Key: 'expire', Value: 'yes' } };
    const tagged = { Status: 'Enabled' as const, Filter };
    for (const rule of [
      { ...tagged, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      { ...tagged, Expiration: { ExpiredObjectDeleteMarker: true } },
    ]) {
      const LifecycleConfiguration = { Rules: [rule] };
      const put = new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration });
      await expect(s3.send(put)).rejects.toMatchObject({ name: 'InvalidRequest' });
    }
  });

  it('is refused when it mixes days with the sweeping of markers', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const Expiration = { Days: 6, ExpiredObjectDeleteMarker: true };
    const Rules = [{ Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration }];
    const LifecycleConfiguration = { Rules };
    await expect(
      s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration })),
    ).rejects.toMatchObject({ name: 'MalformedXML' });
  });
});
