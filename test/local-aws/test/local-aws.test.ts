// Shows what the server does around the calls: refuses the unknown, asks the policy, keeps the log, has its own clock.
import { request } from 'node:http';
import { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketPolicyStatusCommand,
  GetObjectCommand,
  GetObjectTorrentCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSendStatisticsCommand } from '@aws-sdk/client-ses';
import { CreatePlatformApplicationCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { monday, startLocal } from './clients.ts';

const Bucket = 'backups';

describe('a call that is not known', () => {
  it('is NotImplemented, whichever the service, and is in the log', async () => {
    const { aws, s3, sns, ses } = await startLocal();
    aws.createBucket(Bucket);
    aws.put(Bucket, 'k', 'x');
    const Attributes = {};
    const put = { Bucket, Key: 'k', Body: 'y' };
    const calls = [
      () => s3.send(new GetBucketAclCommand({ Bucket })),
      () => s3.send(new GetObjectTorrentCommand({ Bucket, Key: 'k' })),
      () => s3.send(new PutObjectCommand({ ...put, Tagging: 'a=b' })),
      () => s3.send(new PutObjectCommand({ ...put, ChecksumAlgorithm: 'CRC32C' })),
      () =>
        sns.send(new CreatePlatformApplicationCommand({ Name: 'n', Platform: 'p', Attributes })),
      () => ses.send(new GetSendStatisticsCommand({})),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        name: 'NotImplemented',
        $metadata: { httpStatusCode: 501 },
      });
    }
    expect(new Set(aws.requests.records.map(({ status }) => status))).toEqual(new Set([501]));
    expect(aws.head(Bucket, 'k')?.content.head.toString()).toBe('x');
  });

  it('names what it does not support', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const acl = s3.send(new GetBucketAclCommand({ Bucket }));
    await expect(acl).rejects.toThrow('local AWS does not implement GET on a bucket with ?acl');
    const tagged = s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'a=b' }));
    await expect(tagged).rejects.toThrow('the header x-amz-tagging on PutObject');
  });
});

describe('authorize', () => {
  it('lets a test act as a host key that may write and not read or delete', async () => {
    const allowed = new Set(['s3:PutObject', 's3:ListBucket']);
    const asked: unknown[] = [];
    const { aws, s3, s3As } = await startLocal({
      authorize: (call) => {
        asked.push(call);
        return call.principal !== 'AKIAWEB' || allowed.has(call.action);
      },
    });
    aws.createBucket(Bucket, { versioning: true });
    aws.put(Bucket, 'web/0', 'x', { versionId: 'v1' });
    const host = s3As('AKIAWEB');
    await host.send(new PutObjectCommand({ Bucket, Key: 'web/1', Body: 'x' }));
    expect(asked.at(-1)).toEqual({
      ...{ service: 's3', operation: 'PutObject', action: 's3:PutObject', bucket: Bucket },
      ...{ key: 'web/1', prefix: undefined, principal: 'AKIAWEB' },
    });
    await host.send(new ListObjectsV2Command({ Bucket, Prefix: 'web/' }));
    const denied = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
    const get = host.send(new GetObjectCommand({ Bucket, Key: 'web/0', VersionId: 'v1' }));
    await expect(get).rejects.toMatchObject(denied);
    expect(asked.at(-1)).toMatchObject({ action: 's3:GetObjectVersion' });
    const head = host.send(new HeadObjectCommand({ Bucket, Key: 'web/0' }));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    const Objects = [{ Key: 'web/0' }];
    const batch = await host.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(batch.Errors).toMatchObject([{ Key: 'web/0', Code: 'AccessDenied' }]);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'web/0' }));
    expect(await got.Body?.transformToString()).toBe('x');
  });

  it('denies, not 404, to who may not list what is not there', async () => {
    const { aws, s3 } = await startLocal({
      authorize: ({ action }) => action !== 's3:ListBucket',
    });
    aws.createBucket(Bucket);
    const get = s3.send(new GetObjectCommand({ Bucket, Key: 'absent' }));
    await expect(get).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the request log', () => {
  it('says of each request who asked what of which place, and how it ended', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'web/1', Body: 'body' }));
    await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'web/' }));
    await s3.send(new GetObjectCommand({ Bucket, Key: 'absent' })).catch(() => {});
    const principal = 'AKIALOCALADMIN';
    const base = { service: 's3', bucket: Bucket, principal, at: monday, faulted: false };
    const none = undefined;
    expect(aws.requests.records).toEqual([
      {
        ...base,
        ...{ operation: 'PutObject', key: 'web/1', prefix: none, bytesIn: 4, bytesOut: 0 },
        ...{ status: 200, code: none },
      },
      {
        ...base,
        ...{ operation: 'ListObjectsV2', key: none, prefix: 'web/', bytesIn: 0 },
        ...{ bytesOut: expect.any(Number), status: 200, code: none },
      },
      {
        ...base,
        ...{ operation: 'GetObject', key: 'absent', prefix: none, bytesIn: 0 },
        ...{ bytesOut: expect.any(Number), status: 404, code: 'NoSuchKey' },
      },
    ]);
  });

  it('counts by operation and by what AWS bills, until it is cleared', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    for (const Key of ['a', 'b']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'xx' }));
    await s3.send(new ListObjectsV2Command({ Bucket }));
    await s3.send(new HeadObjectCommand({ Bucket, Key: 'absent' })).catch(() => {});
    expect(aws.requests.counts()).toMatchObject({
      requests: 4,
      errors: 1,
      bytesIn: 4,
      byOperation: { PutObject: 2, ListObjectsV2: 1, HeadObject: 1 },
      byKind: { PUT: 2, LIST: 1, GET: 1, DELETE: 0, SNS: 0, SES: 0, OTHER: 0 },
    });
    aws.requests.clear();
    expect(aws.requests.counts().requests).toBe(0);
  });
});

describe('peakInFlight', () => {
  it('is one for a client that waits for each answer', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    for (let round = 0; round < 20; round += 1) await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(aws.requests.peakInFlight()).toBe(1);
  });
});

describe('the clock', () => {
  it('dates new objects, and moves when the test moves it', async () => {
    let now = monday;
    const { aws, s3 } = await startLocal({ now: () => now });
    aws.createBucket(Bucket);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    now += 86_400_000;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'x' }));
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ LastModified }) => Number(LastModified))).toEqual([
      monday,
      monday + 86_400_000,
    ]);
  });
});

describe('a bucket policy', () => {
  const publish = (Effect: string, Principal: unknown) => {
    const Statement = [{ Effect, Principal, Action: 's3:GetObject', Resource: '*' }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    return new PutBucketPolicyCommand({ Bucket, Policy });
  };

  it('that lets anybody in is refused while the bucket blocks those', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    await s3.send(publish('Deny', '*'));
    await expect(s3.send(publish('Allow', '*'))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('that lets anybody in is called public', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const isPublic = async (Effect: string, Principal: unknown) => {
      await s3.send(publish(Effect, Principal));
      return (await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic;
    };
    expect(await isPublic('Allow', { AWS: ['*'] })).toBe(true);
    expect(await isPublic('Deny', '*')).toBe(false);
    expect(await isPublic('Allow', { AWS: 'arn:aws:iam::123456789012:root' })).toBe(false);
  });
});

describe('an object', () => {
  it('keeps the headers it was put with', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const headers = {
      ...{ ContentType: 'text/html', CacheControl: 'no-store', ContentEncoding: 'gzip' },
      ...{ ContentLanguage: 'en', ContentDisposition: 'inline' },
    };
    // A stream is framed as aws-chunked, which must not stay behind as the object's own encoding.
    const Body = Readable.from([Buffer.from('x')]);
    const put = { Bucket, Key: 'k', Body, ContentLength: 1, ...headers };
    await s3.send(new PutObjectCommand(put));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).toMatchObject(headers);
  });

  it('is refused to who expects another owner of the bucket', async () => {
    const { aws, s3 } = await startLocal();
    aws.createBucket(Bucket);
    const list = (ExpectedBucketOwner: string) =>
      s3.send(new ListObjectsV2Command({ Bucket, ExpectedBucketOwner }));
    await list(aws.account);
    await expect(list('999999999999')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the endpoint', () => {
  it('is on the loopback only, and free again after close', async () => {
    const { aws } = await startLocal();
    expect(aws.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('knows the bucket from the host name as well as from the path', async () => {
    const { aws } = await startLocal();
    aws.createBucket(Bucket);
    aws.put(Bucket, 'web/1', 'virtual');
    const { port } = new URL(aws.endpoint);
    const host = `${Bucket}.s3.eu-west-1.amazonaws.com`;
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: '/web/1', headers: { host } });
      asked.on('response', (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      asked.on('error', reject).end();
    });
    expect(text).toBe('virtual');
  });

  it('refuses a path that is no URL, in the words of S3', async () => {
    const { aws } = await startLocal();
    const answer = await fetch(`${aws.endpoint}/${Bucket}/%ff`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('<Code>InvalidURI</Code>');
  });

  it('takes whatever keys a client signs with', async () => {
    const { aws } = await startLocal();
    aws.createBucket(Bucket);
    const credentials = { accessKeyId: 'AKIAANY', secretAccessKey: 'wrong' };
    const { endpoint, region } = aws;
    const client = new S3Client({ endpoint, region, credentials });
    await client.send(new ListObjectsV2Command({ Bucket }));
    client.destroy();
    expect(aws.requests.records[0]).toMatchObject({ principal: 'AKIAANY', status: 200 });
  });
});
