// What Lambda hands over of a queue: messages, each with an event of S3's in it.
import type { Instant } from '../duplicity/time.ts';

/** One message; `body` is `undefined` where it is no JSON. */
export type QueueMessage = { readonly id: string; readonly body: unknown };

/**
 * The messages of a batch. Throws `TypeError` for anything else: what cannot be read must not pass in silence.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function readBatch(event: unknown): QueueMessage[] {
  const { Records } = (event ?? {}) as { Records?: unknown };
  if (!Array.isArray(Records)) throw new TypeError('this is no batch of a queue');
  return Records.map((record) => {
    const { messageId, body } = (record ?? {}) as { messageId?: unknown; body?: unknown };
    if (typeof messageId !== 'string' || typeof body !== 'string') {
      throw new TypeError('this is no message of a queue');
    }
    return { id: messageId, body: parse(body) };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The instant of `{"scheduledAt": ISO}`, which a retry carries unchanged; `undefined` for any other event, such
 * as a run by hand. Source: EventBridge Scheduler's `<aws.scheduler.scheduled-time>`.
 */
export function readScheduledAt(event: unknown): Instant | undefined {
  const { scheduledAt } = (event ?? {}) as { scheduledAt?: unknown };
  const at = typeof scheduledAt === 'string' ? Date.parse(scheduledAt) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
