// An account in a process of its own, so that what it takes is not counted as a monitor's: the fleet's bucket, a state
// bucket, topics, a mailbox. It is filled, slowed and read by messages.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { startLocalAws } from '../local-aws/local-aws.ts';
import { BUCKET, type Fleet, NOW, objectsOf, STATE_BUCKET } from './fleet.ts';

/** `keep` and `restore`: the state bucket as it is now, and as it was kept. */
export type Order =
  | { readonly fill: Fleet }
  /** Another day: each host has a new set, and the oldest is gone. */
  | { readonly live: Fleet; readonly day: number }
  | { readonly latencyMs: number }
  | { readonly read: string }
  | { readonly keep: true }
  | { readonly restore: true }
  | { readonly count: true };

/** What it was asked since the last order; `text` of what was to be read. */
export type Answer = {
  readonly env: Readonly<Record<string, string>>;
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesOut: number;
  readonly objects: number;
  readonly mails: number;
  readonly text?: string | undefined;
};

/** Instead of an answer: a task for a worker. */
export type Task = { readonly task: string };

const aws = await startLocalAws({
  now: () => NOW,
  onMessage: (_, { body }) => process.send?.({ task: body } satisfies Task),
});
for (const bucket of [BUCKET, STATE_BUCKET]) aws.createBucket(bucket, { versioning: true });
aws.setIdentity('backups@example.net', 'Success');
const { endpoint, region, credentials } = aws;
const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
const sns = new SNSClient({ endpoint, region, credentials });
const topic = async (Name: string) =>
  (await sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? '';
const env = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_ENDPOINT_URL: endpoint,
  AWS_DEFAULT_REGION: region,
  AWS_REGION: region,
  LEDGER_BUCKET: STATE_BUCKET,
  ALERTS_TOPIC_ARN: await topic('alerts'),
  OPS_TOPIC_ARN: await topic('ops'),
  SHARD_QUEUE_URL: aws.createQueue('calls'),
};
let objects = 0;
let kept = new Map<string, string>();

async function readAll(): Promise<Map<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: STATE_BUCKET }));
  const pages = Contents.map(async ({ Key = '' }) => [Key, await read(Key)] as const);
  return new Map(await Promise.all(pages));
}

async function read(Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: STATE_BUCKET, Key }));
  return (await Body?.transformToString()) ?? '';
}

async function carryOut(order: Order): Promise<string | undefined> {
  if ('fill' in order) {
    for (let host = 0; host < order.fill.hosts; host += 1) {
      for (const { key, bytes, at } of objectsOf(host, order.fill)) {
        aws.put(BUCKET, key, { bytes }, { modified: at });
        objects += 1;
      }
    }
  } else if ('live' in order) {
    const { live, day } = order;
    for (let host = 0; host < live.hosts; host += 1) {
      for (const { key, bytes, at } of objectsOf(host, { ...live, days: 1 }, day)) {
        aws.put(BUCKET, key, { bytes }, { modified: at });
      }
      for (const { key } of objectsOf(host, { ...live, days: 1 }, day - live.days)) {
        for (const { versionId } of aws.versions(BUCKET, key))
          aws.remove(BUCKET, key, { versionId });
      }
    }
  } else if ('latencyMs' in order) {
    aws.faults.clear();
    if (order.latencyMs > 0) aws.faults.add({ fault: { latencyMs: order.latencyMs } });
  } else if ('read' in order) return read(order.read);
  else if ('keep' in order) kept = await readAll();
  else if ('restore' in order) {
    for (const Key of (await readAll()).keys()) {
      await s3.send(new DeleteObjectCommand({ Bucket: STATE_BUCKET, Key }));
    }
    for (const [Key, Body] of kept) {
      await s3.send(new PutObjectCommand({ Bucket: STATE_BUCKET, Key, Body }));
    }
  }
  return undefined;
}

// Whatever ends the bench ends its account.
process.on('disconnect', () => process.exit());
process.on('message', async (order: Order) => {
  const { byOperation, bytesOut } = aws.requests.counts();
  const text = await carryOut(order);
  aws.requests.clear();
  const mails = aws.outbox.mails.length;
  aws.outbox.clear();
  process.send?.({ env, requests: byOperation, bytesOut, objects, mails, text } satisfies Answer);
});
process.send?.({ env, requests: {}, bytesOut: 0, objects, mails: 0 } satisfies Answer);
