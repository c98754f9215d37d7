// The queue of calls for shards, as the run that calls sees it.
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { QueueError, type Workers } from '../monitor/judge-fleet.ts';
import { type Connection, clientConfig, nameOf } from './client.ts';

// What one batch may hold. Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const BATCH = 10;

/** Throws `QueueError` for the first batch of which not every call was taken. */
export function shardQueue(connection: Connection, url: string): Workers['send'] {
  const client = new SQSClient(clientConfig(connection));
  return async (calls) => {
    for (let from = 0; from < calls.length; from += BATCH) {
      const Entries = calls
        .slice(from, from + BATCH)
        .map((call) => ({ Id: `${call.index}`, MessageBody: JSON.stringify(call) }));
      try {
        const { Failed } = await client.send(
          new SendMessageBatchCommand({ QueueUrl: url, Entries }),
        );
        const [refused] = Failed ?? [];
        if (refused === undefined) continue;
        throw new QueueError(`the queue of shards took not every call (${refused.Code})`);
      } catch (cause) {
        if (cause instanceof QueueError) throw cause;
        throw new QueueError(`the queue of shards took no call (${nameOf(cause)})`, { cause });
      }
    }
  };
}
