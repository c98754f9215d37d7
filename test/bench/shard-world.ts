// An account for the bench of shards, in a process of its own: the fleet's bucket, a state bucket, topics, and a queue
// that tells of its calls.
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { startLocalAws } from '../local-aws/local-aws.ts';
import { BUCKET, type Fleet, objectsOf } from './fleet.ts';
import { CALLED_AT, STATE_BUCKET } from './shard-fleet.ts';

/** What it tells: once that it stands, and then each call. */
export type News =
  | { readonly env: Readonly<Record<string, string>>; readonly objects: number }
  | { readonly body: string };

const fleet: Fleet = JSON.parse(process.argv[2] ?? '');
const report = (news: News) => process.send?.(news);
const aws = await startLocalAws({
  now: () => CALLED_AT,
  onMessage: (_, { body }) => report({ body }),
});
for (const bucket of [BUCKET, STATE_BUCKET]) aws.createBucket(bucket, { versioning: true });
aws.setIdentity('backups@example.net', 'Success');
let objects = 0;
for (let host = 0; host < fleet.hosts; host += 1) {
  for (const { key, bytes, at } of objectsOf(host, fleet)) {
    aws.put(BUCKET, key, { bytes }, { modified: at });
    objects += 1;
  }
}
const { endpoint, region, credentials } = aws;
const sns = new SNSClient({ endpoint, region, credentials });
const topic = async (Name: string) =>
  (await sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? '';
report({
  env: {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    LEDGER_BUCKET: STATE_BUCKET,
    ALERTS_TOPIC_ARN: await topic('alerts'),
    OPS_TOPIC_ARN: await topic('ops'),
    SHARD_QUEUE_URL: aws.createQueue('calls'),
  },
  objects,
});
