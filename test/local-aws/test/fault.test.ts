// Shows each fault as the real SDK meets it.
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { SendEmailCommand } from '@aws-sdk/client-ses';
import { CreateTopicCommand, PublishCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { startLocal } from './clients.ts';

const Bucket = 'backups';

async function startFilled(attempts = 1) {
  const local = await startLocal({}, attempts);
  local.aws.createBucket(Bucket, { versioning: true });
  for (const key of ['mail/1', 'mail/2', 'web/1', 'web/2', 'web/3']) {
    local.aws.put(Bucket, key, `body of ${key}`);
  }
  return local;
}

function refusalOf(call: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  return call.then(
    () => ({ name: 'no refusal', status: undefined }),
    (error: { name: string; code?: string; $metadata?: { httpStatusCode?: number } }) => ({
      name: error.code ?? error.name,
      status: error.$metadata?.httpStatusCode,
    }),
  );
}

const list = (s3: S3Client, Prefix = '') => s3.send(new ListObjectsV2Command({ Bucket, Prefix }));

describe('an error', () => {
  it.each([
    ['SlowDown', 503],
    ['InternalError', 500],
    ['AccessDenied', 403],
    ['NoSuchBucket', 404],
    ['RequestTimeTooSkewed', 403],
    ['InvalidAccessKeyId', 403],
    ['ExpiredToken', 400],
    ['SignatureDoesNotMatch', 403],
  ])('%s reaches the client by name, with status %i', async (error, status) => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ operation: 'ListObjectsV2', fault: { error } });
    expect(await refusalOf(list(s3))).toEqual({ name: error, status });
    expect(aws.requests.records.at(-1)).toMatchObject({ status, code: error, faulted: true });
  });

  it('that passes is retried by the SDK until the store answers', async () => {
    const { aws, s3 } = await startFilled(3);
    const rule = aws.faults.add({ first: 2, fault: { error: 'InternalError' } });
    expect((await list(s3)).KeyCount).toBe(5);
    expect(rule.hits()).toBe(2);
    expect(aws.requests.records.map(({ status }) => status)).toEqual([500, 500, 200]);
  });

  it('may have a status and words of its own', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { error: 'Odd', status: 418, message: 'teapot' } });
    await expect(list(s3)).rejects.toMatchObject({
      name: 'Odd',
      message: 'teapot',
      $metadata: { httpStatusCode: 418 },
    });
  });

  it('of SNS and of SES comes in their own protocol', async () => {
    const { aws, sns, ses } = await startFilled();
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
    aws.faults.add({ service: 'sns', operation: 'Publish', fault: { error: 'Throttled' } });
    aws.faults.add({ service: 'ses', fault: { error: 'Throttling' } });
    const publish = sns.send(new PublishCommand({ TopicArn, Message: 'm' }));
    expect(await refusalOf(publish)).toEqual({ name: 'ThrottledException', status: 429 });
    const mail = new SendEmailCommand({
      Source: 'a@example.net',
      Destination: { ToAddresses: ['b@example.net'] },
      Message: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } },
    });
    expect(await refusalOf(ses.send(mail))).toEqual({ name: 'Throttling', status: 400 });
    expect(aws.outbox.topicMessages).toEqual([]);
  });
});

describe('a redirect', () => {
  it('names the region that the bucket is in', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ bucket: Bucket, fault: { redirectTo: 'us-west-2' } });
    expect(await refusalOf(list(s3))).toEqual({ name: 'PermanentRedirect', status: 301 });
    await expect(s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 301 },
      $response: { headers: { 'x-amz-bucket-region': 'us-west-2' } },
    });
  });
});

describe('latency', () => {
  it('delays the answer and changes nothing else', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { latencyMs: 60 } });
    const start = performance.now();
    expect((await list(s3)).KeyCount).toBe(5);
    expect(performance.now() - start).toBeGreaterThan(55);
  });

  it('lets requests wait side by side, and the log shows how many did', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { latencyMs: [40, 60] } });
    await Promise.all([list(s3), list(s3), list(s3)]);
    expect(aws.requests.peakInFlight()).toBe(3);
  });
});

describe('a reset', () => {
  it('before the answer is a connection error', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { reset: 'before' } });
    expect(await refusalOf(list(s3))).toEqual({ name: 'ECONNRESET', status: undefined });
    expect(aws.requests.records.at(-1)?.status).toBe(0);
  });

  it('in the middle of a listing is a connection error too', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ operation: 'ListObjectsV2', fault: { reset: 'mid-body' } });
    expect((await refusalOf(list(s3))).name).toBe('ECONNRESET');
  });

  it('in the middle of an object breaks its stream after the first half', async () => {
    const { aws, s3 } = await startFilled();
    aws.put(Bucket, 'big', { bytes: 1_000_000 });
    aws.faults.add({ operation: 'GetObject', fault: { reset: 'mid-body' } });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'big' }));
    expect(got.ContentLength).toBe(1_000_000);
    await expect(got.Body?.transformToByteArray()).rejects.toThrow();
  });
});

describe('a hang', () => {
  it('never answers, so that only the client can end it', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { hang: true } });
    const abortSignal = AbortSignal.timeout(100);
    const call = s3.send(new ListObjectsV2Command({ Bucket }), { abortSignal });
    expect((await refusalOf(call)).name).toBe('AbortError');
    expect(aws.requests.records.at(-1)).toMatchObject({ status: 0, bytesOut: 0 });
  });

  it('holds a request before it is done, or its answer when it is, for as long as is asked', async () => {
    const { aws, s3 } = await startFilled();
    for (const hold of ['undone', 'done'] as const) {
      const { promise: until, resolve: release } = Promise.withResolvers<void>();
      const rule = aws.faults.add({ operation: 'PutObject', fault: { hold, until } });
      const sent = s3.send(new PutObjectCommand({ Bucket, Key: hold, Body: 'held' }));
      while (rule.hits() === 0) await new Promise((round) => setImmediate(round));
      expect(aws.head(Bucket, hold) !== undefined).toBe(hold === 'done');
      release();
      await sent;
      expect(aws.head(Bucket, hold)).toBeDefined();
    }
  });
});

describe('a truncated body', () => {
  it('is an answer of 200 that cannot be read', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { truncate: 0.6 } });
    await expect(list(s3)).rejects.toThrow();
    expect(aws.requests.records.at(-1)?.status).toBe(200);
  });

  it('of nothing at all reads as an empty listing to the SDK, which says so by having no fields', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { truncate: 0 } });
    const page = await list(s3);
    expect([page.Contents, page.KeyCount, page.Name]).toEqual([undefined, undefined, undefined]);
  });
});

describe('an empty page', () => {
  it('has no key and a token that leads to the page it held back', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ operation: 'ListObjectsV2', nth: [1, 3], fault: { page: 'empty' } });
    const counts: (number | undefined)[] = [];
    const keys: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: s3, pageSize: 3 }, { Bucket })) {
      counts.push(page.KeyCount);
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(counts).toEqual([0, 3, 0, 2]);
    expect(keys).toEqual(['mail/1', 'mail/2', 'web/1', 'web/2', 'web/3']);
  });

  it('goes on in ListObjects and ListObjectVersions as well', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ nth: [2, 5], fault: { page: 'empty' } });
    const keys: (string | undefined)[] = [];
    let Marker: string | undefined = '';
    for (let more: boolean | undefined = true; more; ) {
      const input = { Bucket, Marker, MaxKeys: 3 };
      const page: ListObjectsCommandOutput = await s3.send(new ListObjectsCommand(input));
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      Marker = page.NextMarker ?? page.Contents?.at(-1)?.Key;
      more = page.IsTruncated;
    }
    expect(keys).toHaveLength(5);
    const versions: (string | undefined)[] = [];
    let markers = {};
    for (let more: boolean | undefined = true; more; ) {
      const input = { Bucket, MaxKeys: 3, ...markers };
      const page = await s3.send(new ListObjectVersionsCommand(input));
      versions.push(...(page.Versions ?? []).map(({ Key }) => Key));
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      markers = { KeyMarker, VersionIdMarker };
      more = page.IsTruncated;
    }
    expect(versions).toEqual(keys);
    expect(aws.requests.records.map(({ faulted }) => faulted)).toEqual([
      ...[false, true, false],
      ...[false, true, false],
    ]);
  });
});

describe('the same token', () => {
  it('comes again with every page, and the same keys with it', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ operation: 'ListObjectsV2', fault: { page: 'same-token' } });
    const tokens: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    for (let round = 0; round < 4; round += 1) {
      const token = ContinuationToken === undefined ? {} : { ContinuationToken };
      const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ...token }));
      expect([page.KeyCount, page.IsTruncated]).toEqual([2, true]);
      ContinuationToken = page.NextContinuationToken;
      tokens.push(ContinuationToken);
    }
    expect(tokens[0]).toBeTruthy();
    expect(new Set(tokens).size).toBe(1);
  });

  it('leads back, or to ever more empty pages, as is asked', async () => {
    const { aws, s3 } = await startFilled();
    const tokens = async (page: 'looping' | 'endless') => {
      const rule = aws.faults.add({ operation: 'ListObjectsV2', fault: { page } });
      const seen: (string | undefined)[] = [];
      for (let asked = 0; asked < 6; asked += 1) {
        const ContinuationToken = seen.at(-1);
        const answer = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
        expect(answer.KeyCount).toBe(page === 'looping' ? 5 : 0);
        seen.push(answer.NextContinuationToken);
      }
      rule.remove();
      return new Set(seen).size;
    };
    expect(await tokens('looping')).toBe(2);
    expect(await tokens('endless')).toBe(6);
  });

  it('comes again from ListObjectVersions as the same markers', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ operation: 'ListObjectVersions', fault: { page: 'same-token' } });
    const read = (markers = {}) =>
      s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...markers }));
    const first = await read();
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = first;
    const second = await read({ KeyMarker, VersionIdMarker });
    expect([second.NextKeyMarker, second.NextVersionIdMarker]).toEqual([
      KeyMarker,
      VersionIdMarker,
    ]);
    expect(second.IsTruncated).toBe(true);
  });
});

describe('a rule', () => {
  it('strikes only the operation, bucket, prefix and caller it names', async () => {
    const { aws, s3, s3As } = await startFilled();
    aws.createBucket('other');
    const error = 'AccessDenied';
    aws.faults.add({ operation: ['ListObjectsV2', 'GetObject'], prefix: 'web/', fault: { error } });
    aws.faults.add({ bucket: 'other', fault: { error } });
    aws.faults.add({ principal: 'AKIAMAIL', fault: { error } });
    expect((await refusalOf(list(s3, 'web/'))).name).toBe(error);
    expect((await list(s3, 'mail/')).KeyCount).toBe(2);
    const get = s3.send(new GetObjectCommand({ Bucket, Key: 'web/1' }));
    expect((await refusalOf(get)).name).toBe(error);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'web/4', Body: 'x' }));
    const other = s3.send(new ListObjectsV2Command({ Bucket: 'other' }));
    expect((await refusalOf(other)).name).toBe(error);
    expect((await refusalOf(list(s3As('AKIAMAIL'), 'mail/'))).name).toBe(error);
  });

  it('strikes the nth match, and is gone when removed', async () => {
    const { aws, s3 } = await startFilled();
    const rule = aws.faults.add({ nth: 2, fault: { error: 'InternalError' } });
    const names: string[] = [];
    for (let round = 0; round < 3; round += 1) names.push((await refusalOf(list(s3))).name);
    expect(names).toEqual(['no refusal', 'InternalError', 'no refusal']);
    aws.faults.add({ fault: { error: 'SlowDown' } }).remove();
    aws.faults.add({ fault: { error: 'SlowDown' } });
    aws.faults.clear();
    expect((await refusalOf(list(s3))).name).toBe('no refusal');
    expect(rule.hits()).toBe(1);
  });

  it('strikes by chance alike in every run with the same seed', async () => {
    const { aws } = await startFilled();
    const target = { service: 's3', operation: 'ListObjectsV2', principal: 'p' };
    const nowhere = { bucket: undefined, key: undefined, prefix: undefined };
    const throwDice = (seed: number) => {
      const rule = { probability: 0.3, seed, fault: { error: 'SlowDown' } };
      const { remove } = aws.faults.add(rule);
      const struck = Array.from({ length: 1000 }, () =>
        aws.faults.decide({ ...target, ...nowhere }).error ? 1 : 0,
      );
      remove();
      return struck;
    };
    const hits = throwDice(7).reduce<number>((sum, one) => sum + one, 0);
    expect(throwDice(7)).toEqual(throwDice(7));
    expect(throwDice(7)).not.toEqual(throwDice(8));
    expect(hits).toBeGreaterThan(250);
    expect(hits).toBeLessThan(350);
  });

  it('adds up with others: late, and then refused', async () => {
    const { aws, s3 } = await startFilled();
    aws.faults.add({ fault: { latencyMs: 50 } });
    aws.faults.add({ fault: { error: 'SlowDown' } });
    const start = performance.now();
    expect((await refusalOf(list(s3))).name).toBe('SlowDown');
    expect(performance.now() - start).toBeGreaterThan(45);
  });
});
