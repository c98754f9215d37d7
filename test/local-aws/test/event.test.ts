// Shows the events that S3 sends: which, in what shape, and to whom.
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { S3Event, S3EventRecord } from '../s3/event.ts';
import { toEventBridge } from '../s3/event-bridge.ts';
import { monday, startLocal } from './clients.ts';

const Bucket = 'backups';
const Key = 'web/a b+ü.manifest.gpg';

async function startListening(versioning = true) {
  const records: S3EventRecord[] = [];
  const destinations: string[] = [];
  const tests: unknown[] = [];
  const local = await startLocal({
    onEvent: ({ Records }, destination) => {
      records.push(...Records);
      destinations.push(destination);
    },
    onTestEvent: (event) => void tests.push(event),
  });
  local.aws.createBucket(Bucket, { versioning });
  const configure = (NotificationConfiguration: NotificationConfiguration) =>
    local.s3.send(
      new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    );
  return { ...local, records, destinations, tests, configure };
}

describe('an event', () => {
  it('tells of a put who put what, from where, as which version', async () => {
    const { aws, records, s3As } = await startListening();
    const put = await s3As('AKIAWEB').send(new PutObjectCommand({ Bucket, Key, Body: 'four' }));
    await aws.settled();
    expect(records).toEqual([
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'eu-west-1',
        eventTime: '2026-11-23T04:00:00.000Z',
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: expect.stringMatching(/^AWS:AIDA[A-Z2-7]{17}$/) },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-request-id': put.$metadata.requestId,
          'x-amz-id-2': expect.any(String),
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'all',
          bucket: {
            name: Bucket,
            ownerIdentity: { principalId: expect.any(String) },
            arn: 'arn:aws:s3:::backups',
          },
          object: {
            key: 'web/a+b%2B%C3%BC.manifest.gpg',
            size: 4,
            eTag: put.ETag?.replaceAll('"', ''),
            versionId: put.VersionId,
            sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
          },
        },
      },
    ]);
  });

  it('is sent for copies, joined uploads, hidden and deleted objects, by their own names', async () => {
    const { aws, s3, records } = await startListening();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
    const part = { Bucket, Key: 'c', UploadId, PartNumber: 1 };
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const upload = { Bucket, Key: 'c', UploadId, MultipartUpload };
    await s3.send(new CompleteMultipartUploadCommand(upload));
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId }));
    const Objects = [{ Key: 'b' }];
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    await aws.settled();
    expect(records.map(({ eventName, s3: { object } }) => [eventName, object.key])).toEqual([
      ['ObjectCreated:Put', 'a'],
      ['ObjectCreated:Copy', 'b'],
      ['ObjectCreated:CompleteMultipartUpload', 'c'],
      ['ObjectRemoved:DeleteMarkerCreated', 'a'],
      ['ObjectRemoved:Delete', 'a'],
      ['ObjectRemoved:DeleteMarkerCreated', 'b'],
    ]);
    const marker = records[3]?.s3.object;
    expect(marker).toMatchObject({ versionId: VersionId });
    expect(marker).not.toHaveProperty('size');
    const sequence = records.map(({ s3: { object } }) => object.sequencer);
    expect([...sequence].sort()).toEqual(sequence);
    expect(new Set(sequence).size).toBe(6);
  });

  it('has no version id on a bucket without versioning', async () => {
    const { aws, s3, records } = await startListening(false);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'never there' }));
    await aws.settled();
    expect(records.map(({ eventName }) => eventName)).toEqual([
      'ObjectCreated:Put',
      'ObjectRemoved:Delete',
    ]);
    for (const {
      s3: { object },
    } of records)
      expect(object).not.toHaveProperty('versionId');
  });

  it('is not sent for what a test writes directly', async () => {
    const { aws, records } = await startListening();
    aws.put(Bucket, 'a', 'x');
    aws.remove(Bucket, 'a');
    await aws.settled();
    expect(records).toEqual([]);
  });

  it('that its listener cannot take is reported by settled', async () => {
    const { aws, s3 } = await startLocal({
      onEvent: () => Promise.reject(new Error('no state bucket')),
    });
    aws.createBucket(Bucket);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await expect(aws.settled()).rejects.toMatchObject({
      message: '1 event listener calls failed',
      errors: [{ message: 'no state bucket' }],
    });
    await aws.settled();
  });
});

describe('a notification configuration', () => {
  const lambda = 'arn:aws:lambda:eu-west-1:123456789012:function:on-object';
  const queue = 'arn:aws:sqs:eu-west-1:123456789012:events';

  it('picks events by name, prefix and suffix, and says who gets them', async () => {
    const { aws, s3, records, destinations, configure } = await startListening();
    const FilterRules = [{ Name: 'suffix' as const, Value: '.manifest.gpg' }];
    const Filter = { Key: { FilterRules } };
    await configure({
      LambdaFunctionConfigurations: [
        { LambdaFunctionArn: lambda, Events: ['s3:ObjectCreated:*'], Filter, Id: 'manifests' },
        { LambdaFunctionArn: lambda, Events: ['s3:ObjectRemoved:*'], Id: 'removals' },
      ],
    });
    for (const key of ['web/vol1.gpg', 'web/x.manifest.gpg']) {
      await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));
    }
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'web/vol1.gpg' }));
    await aws.settled();
    expect(
      records.map(({ s3: { configurationId, object } }) => [configurationId, object.key]),
    ).toEqual([
      ['manifests', 'web/x.manifest.gpg'],
      ['removals', 'web/vol1.gpg'],
    ]);
    expect(destinations).toEqual([lambda, lambda]);
  });

  it('with EventBridge sends everything there, next to the other destinations', async () => {
    const { aws, s3, destinations, configure } = await startListening();
    await configure({
      EventBridgeConfiguration: {},
      QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectCreated:Put'] }],
    });
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await aws.settled();
    expect(destinations).toEqual([queue, 'eventbridge', 'eventbridge']);
  });

  it('that is empty sends nothing', async () => {
    const { aws, s3, records, configure } = await startListening();
    await configure({});
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await aws.settled();
    expect(records).toEqual([]);
  });

  it('is tried on queues with a test event that has no records', async () => {
    const { aws, tests, configure } = await startListening();
    await configure({
      LambdaFunctionConfigurations: [{ LambdaFunctionArn: lambda, Events: ['s3:ObjectCreated:*'] }],
      QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectRemoved:*'] }],
    });
    await aws.settled();
    expect(tests).toEqual([
      {
        Service: 'Amazon S3',
        Event: 's3:TestEvent',
        Time: '2026-11-23T04:00:00.000Z',
        Bucket,
        RequestId: expect.any(String),
        HostId: expect.any(String),
      },
    ]);
  });
});

describe('toEventBridge', () => {
  it('says the same in its own words: the key plain, the account for the user, a reason', async () => {
    const events: S3Event[] = [];
    const { aws, s3 } = await startLocal({ onEvent: (event) => void events.push(event) });
    aws.createBucket(Bucket, { versioning: true });
    const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'four' }));
    const hidden = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    const VersionId = put.VersionId;
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    await aws.settled();
    const [created, marked, deleted] = events.flatMap((event) => toEventBridge(event, aws.account));
    expect(created).toMatchObject({
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: aws.account,
      time: new Date(monday).toISOString().replace('.000', ''),
      resources: ['arn:aws:s3:::backups'],
      detail: {
        bucket: { name: Bucket },
        object: { key: Key, size: 4, 'version-id': put.VersionId },
        requester: aws.account,
        'source-ip-address': '127.0.0.1',
        reason: 'PutObject',
      },
    });
    expect(created?.detail).not.toHaveProperty('deletion-type');
    expect(marked).toMatchObject({
      'detail-type': 'Object Deleted',
      detail: {
        object: { key: Key, 'version-id': hidden.VersionId },
        reason: 'DeleteObject',
        'deletion-type': 'Delete Marker Created',
      },
    });
    expect(deleted?.detail['deletion-type']).toBe('Permanently Deleted');
  });
});
