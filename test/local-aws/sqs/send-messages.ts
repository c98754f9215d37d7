// Answers the one call of SQS that a function makes: to put messages into a queue.
import { createHash, randomUUID } from 'node:crypto';
import { AwsError, notImplemented } from '../aws-error.ts';
import type { Plan } from '../plan.ts';
import type { WireRequest } from '../wire-request.ts';
import type { SqsState } from './queues.ts';

const MOST_BYTES = 1024 * 1024;

/** The plan for a call in SQS's protocol, which has its action in a header and JSON in both bodies. */
export function planSqs(sqs: SqsState, { headers, body }: WireRequest): Plan {
  const [, operation = ''] = `${headers['x-amz-target']}`.split('.');
  if (operation !== 'SendMessageBatch') throw notImplemented(`the action ${operation} of SQS`);
  return {
    operation,
    action: 'sqs:SendMessage',
    answer: () => ({
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify(sendBatch(sqs, JSON.parse(body.toString('utf8')))),
    }),
  };
}

type Batch = { QueueUrl?: string; Entries?: { Id?: string; MessageBody?: string }[] };

function sendBatch(
  { queues, onMessage }: SqsState,
  { QueueUrl = '', Entries = [] }: Batch,
): object {
  if (!queues.has(QueueUrl)) {
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', { status: 400 });
  }
  const refuse = (code: string) => new AwsError(code, code, { status: 400 });
  if (Entries.length === 0) throw refuse('EmptyBatchRequest');
  if (Entries.length > 10) throw refuse('TooManyEntriesInBatchRequest');
  const bytes = Entries.reduce((sum, one) => sum + Buffer.byteLength(one.MessageBody ?? ''), 0);
  if (bytes > MOST_BYTES) throw refuse('BatchRequestTooLong');
  if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length) {
    throw refuse('BatchEntryIdsNotDistinct');
  }
  const Successful = Entries.map(({ Id, MessageBody = '' }) => {
    const message = { messageId: randomUUID(), body: MessageBody };
    onMessage(QueueUrl, message);
    const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
    return { Id, MessageId: message.messageId, MD5OfMessageBody };
  });
  return { Successful, Failed: [] };
}
