// Says what S3 does with single objects: whole, in ranges, in parts, under conditions, in versions.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { MATTERS } from './contract-matters.ts';
import { type ContractCheck, type ContractContext, expectRefusal } from './contract-target.ts';

/** The checks. */
export const objectChecks: readonly ContractCheck[] = [
  {
    name: 'S3 tags an object: the whole set at once, on its newest version, and nothing else of it changes',
    matters: MATTERS.janitor,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket({ versioned: true });
      const Key = 'web/1';
      await fill(Bucket, [Key, Key]);
      const tags = async (VersionId?: string) =>
        (await s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }))).TagSet;
      const tag = (...TagSet: { Key: string; Value: string }[]) =>
        s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
      const list = () => s3.send(new ListObjectVersionsCommand({ Bucket }));
      const { Versions: before = [] } = await list();
      expect(await tags()).toEqual([]);
      await tag({ Key: 'a', Value: '1' });
      await tag({ Key: 'expire', Value: 'yes' });
      expect(await tags()).toEqual([{ Key: 'expire', Value: 'yes' }]);
      expect(await tags(before.find(({ IsLatest }) => !IsLatest)?.VersionId)).toEqual([]);
      expect((await list()).Versions).toEqual(before);
      await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
      expect(await tags()).toEqual([]);
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      await expectRefusal(tag({ Key: 'a', Value: '1' }), /^(?:NoSuchKey|MethodNotAllowed)$/);
    },
  },
  {
    name: 'S3 returns bytes, type and metadata as they were put, and the MD5 as ETag',
    matters: MATTERS.swapped,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const Body = Buffer.from([0, 255, 10, 13, 128]);
      const Key = 'web/bytes';
      const Metadata = { host: 'web' };
      const ETag = `"${createHash('md5').update(Body).digest('hex')}"`;
      const put = await s3.send(
        new PutObjectCommand({ Bucket, Key, Body, Metadata, ContentType: 'x/y' }),
      );
      expect(put.ETag).toBe(ETag);
      const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
      expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(Body);
      const ContentLength = 5;
      expect(got).toMatchObject({ ContentType: 'x/y', Metadata, ETag, ContentLength });
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head).toMatchObject({ ContentType: 'x/y', Metadata, ETag, ContentLength });
    },
  },
  {
    name: 'S3 answers NoSuchKey to GET and 404 to HEAD of a key that is not there',
    matters: MATTERS.state,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      await expectRefusal(s3.send(new GetObjectCommand({ Bucket, Key: 'no' })), 'NoSuchKey', 404);
      await expectRefusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'no' })), 'NotFound', 404);
    },
  },
  {
    name: 'S3 reads the first, the middle and the last bytes, and none beyond the end',
    matters: MATTERS.recipients,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      const Key = 'abcdefghij';
      await fill(Bucket, [Key]);
      const read = async (Range: string) => {
        const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
        return [
          await got.Body?.transformToString(),
          got.ContentRange,
          got.$metadata.httpStatusCode,
        ];
      };
      expect(await read('bytes=0-2')).toEqual(['abc', 'bytes 0-2/10', 206]);
      expect(await read('bytes=4-5')).toEqual(['ef', 'bytes 4-5/10', 206]);
      expect(await read('bytes=8-')).toEqual(['ij', 'bytes 8-9/10', 206]);
      expect(await read('bytes=8-99')).toEqual(['ij', 'bytes 8-9/10', 206]);
      expect(await read('bytes=-3')).toEqual(['hij', 'bytes 7-9/10', 206]);
      expect(await read('bytes=-99')).toEqual(['abcdefghij', 'bytes 0-9/10', 206]);
      await expectRefusal(read('bytes=10-'), 'InvalidRange', 416);
    },
  },
  {
    name: 'S3 takes a stream in aws-chunked framing with a CRC32 trailer, and stores the payload alone',
    matters: MATTERS.uploaded,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const piece = Buffer.alloc(70_000, 'x');
      const Body = Readable.from([piece, piece]);
      await s3.send(new PutObjectCommand({ Bucket, Key: 's', Body, ContentLength: 140_000 }));
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 's' }));
      expect(await got.Body?.transformToString()).toBe('x'.repeat(140_000));
    },
  },
  {
    name: 'S3 refuses a body whose CRC32 or MD5 is wrong',
    matters: MATTERS.uploaded,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const input = { Bucket, Key: 'k', Body: 'body' };
      const crc = s3.send(new PutObjectCommand({ ...input, ChecksumCRC32: 'AAAAAA==' }));
      await expectRefusal(crc, /^(BadDigest|InvalidRequest)$/, 400);
      const ContentMD5 = 'AAAAAAAAAAAAAAAAAAAAAA==';
      await expectRefusal(
        s3.send(new PutObjectCommand({ ...input, ContentMD5 })),
        'BadDigest',
        400,
      );
      await expectRefusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })), 'NotFound');
    },
  },
  {
    name: 'S3 writes with If-None-Match only where nothing is',
    matters: MATTERS.state,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const put = (Body: string) =>
        s3.send(new PutObjectCommand({ Bucket, Key: 'state', Body, IfNoneMatch: '*' }));
      await put('first');
      await expectRefusal(put('second'), 'PreconditionFailed', 412);
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'state' }));
      expect(await got.Body?.transformToString()).toBe('first');
    },
  },
  {
    name: 'S3 writes with If-Match only over the version that was read',
    matters: MATTERS.state,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const put = (Body: string, IfMatch?: string) =>
        s3.send(new PutObjectCommand({ Bucket, Key: 'state', Body, ...(IfMatch && { IfMatch }) }));
      const { ETag } = await put('first');
      await put('second', ETag);
      await expectRefusal(put('third', ETag), 'PreconditionFailed', 412);
    },
  },
  {
    name: 'S3 joins the parts of a multipart upload, with -N behind the ETag',
    matters: MATTERS.uploaded,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const Key = 'web/volume';
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const bodies = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('tail')];
      const Parts = [];
      for (const [at, Body] of bodies.entries()) {
        const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body };
        const { ETag } = await s3.send(new UploadPartCommand(part));
        Parts.push({ PartNumber: at + 1, ETag });
      }
      const before = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect(before.KeyCount).toBe(0);
      const MultipartUpload = { Parts };
      const done = await s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }),
      );
      const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();
      const joined = md5(Buffer.concat(bodies.map(md5))).toString('hex');
      expect(done.ETag).toBe(`"${joined}-2"`);
      const Range = 'bytes=-6';
      const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
      expect(await got.Body?.transformToString()).toBe('aatail');
      expect(got.ContentRange).toBe(`bytes ${5242884 - 6}-5242883/5242884`);
    },
  },
  {
    name: 'S3 refuses to complete an upload with a small part in the middle',
    matters: MATTERS.uploaded,
    differs: { ministack: 'joins parts of any size' },
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const Key = 'web/volume';
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const Parts = [];
      for (const PartNumber of [1, 2]) {
        const part = { Bucket, Key, UploadId, PartNumber, Body: 'small' };
        Parts.push({ PartNumber, ETag: (await s3.send(new UploadPartCommand(part))).ETag });
      }
      const complete = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
      await expectRefusal(s3.send(new CompleteMultipartUploadCommand(complete)), 'EntityTooSmall');
    },
  },
  {
    name: 'S3 forgets an aborted upload',
    matters: MATTERS.uploaded,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const Key = 'k';
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
      const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'x' };
      await expectRefusal(s3.send(new UploadPartCommand(part)), 'NoSuchUpload', 404);
    },
  },
  {
    name: 'S3 copies an object inside a bucket',
    matters: MATTERS.operated,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['a b+c']);
      const CopySource = `${Bucket}/${encodeURIComponent('a b+c')}`;
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }));
      expect(await got.Body?.transformToString()).toBe('a b+c');
    },
  },
  {
    name: 'S3 tells the storage class in HEAD and in a listing',
    matters: MATTERS.cold,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const input = { Bucket, Key: 'k', Body: 'x', StorageClass: 'STANDARD_IA' } as const;
      await s3.send(new PutObjectCommand(input));
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
      const list = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect([head.StorageClass, list.Contents?.[0]?.StorageClass]).toEqual([
        'STANDARD_IA',
        'STANDARD_IA',
      ]);
    },
  },
  {
    name: 'S3 deletes many keys at once, and calls a missing one deleted',
    matters: MATTERS.removed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['a', 'b & <c>', 'd']);
      const Objects = ['a', 'b & <c>', 'nothing'].map((Key) => ({ Key }));
      const done = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      expect(done.Deleted?.map(({ Key }) => Key).sort()).toEqual(['a', 'b & <c>', 'nothing']);
      expect(done.Errors ?? []).toEqual([]);
      const left = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect(left.Contents?.map(({ Key }) => Key)).toEqual(['d']);
    },
  },
  {
    name: 'S3 keeps what an overwrite replaced, and reads each version by its id',
    matters: MATTERS.tampered,
    run: async (context) => {
      const { s3, Bucket, ids } = await putThrice(context);
      expect(new Set(ids).size).toBe(3);
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      expect(Versions.map(({ VersionId }) => VersionId)).toEqual([...ids].reverse());
      expect(Versions.map(({ IsLatest }) => IsLatest)).toEqual([true, false, false]);
      const old = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId: ids[0] }));
      expect(await old.Body?.transformToString()).toBe('1');
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
      expect(head.VersionId).toBe(ids[2]);
    },
  },
  {
    name: 'S3 hides a key behind a delete marker, and shows it again when the marker goes',
    matters: MATTERS.tampered,
    run: async (context) => {
      const { s3, Bucket, ids } = await putThrice(context);
      const hidden = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
      expect(hidden.DeleteMarker).toBe(true);
      await expectRefusal(s3.send(new GetObjectCommand({ Bucket, Key: 'k' })), 'NoSuchKey', 404);
      const list = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect(list.KeyCount).toBe(0);
      const all = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      expect(all.DeleteMarkers).toMatchObject([{ Key: 'k', IsLatest: true }]);
      expect(all.Versions?.map(({ IsLatest }) => IsLatest)).toEqual([false, false, false]);
      const VersionId = hidden.VersionId;
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }));
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
      expect(head.VersionId).toBe(ids[2]);
    },
  },
  {
    name: 'S3 answers 405 to a GET of a delete marker by its id',
    matters: MATTERS.tampered,
    run: async (context) => {
      const { s3, Bucket } = await putThrice(context);
      const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
      const get = s3.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId }));
      await expectRefusal(get, 'MethodNotAllowed', 405);
    },
  },
  {
    name: 'S3 deletes one version for good, and the one below becomes the latest',
    matters: MATTERS.tampered,
    run: async (context) => {
      const { s3, Bucket, ids } = await putThrice(context);
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: ids[2] }));
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
      expect([got.VersionId, await got.Body?.transformToString()]).toEqual([ids[1], '2']);
      const gone = s3.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId: ids[2] }));
      await expectRefusal(gone, 'NoSuchVersion', 404);
    },
  },
  {
    name: 'S3 with versioning suspended replaces the null version and keeps the others',
    matters: MATTERS.tampered,
    run: async ({ s3, bucket, settles }) => {
      const Bucket = await bucket({ versioned: true });
      const put = (Body: string) => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body }));
      const { VersionId } = await put('kept');
      const VersioningConfiguration = { Status: 'Suspended' } as const;
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      const listIds = async () => {
        const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
        return Versions.map((one) => one.VersionId);
      };
      await settles(async () => {
        await put('replaced');
        expect((await listIds())[0]).toBe('null');
      });
      await put('null');
      const ids = await listIds();
      expect(ids.filter((id) => id === 'null')).toEqual(['null']);
      expect([ids[0], ids.at(-1)]).toEqual(['null', VersionId]);
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId: 'null' }));
      expect(await got.Body?.transformToString()).toBe('null');
    },
  },
];

async function putThrice({ s3, bucket }: ContractContext) {
  const Bucket = await bucket({ versioned: true });
  const ids: (string | undefined)[] = [];
  for (const Body of ['1', '2', '3']) {
    ids.push((await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body }))).VersionId);
  }
  return { s3, Bucket, ids };
}
