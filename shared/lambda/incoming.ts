// What Lambda hands over of a queue: messages, each with an event of S3's in it.
import * as v from 'valibot';
import { readJson, readValue } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';

/** One message; `body` is `undefined` where it is no JSON. */
export type QueueMessage = { readonly id: string; readonly body: unknown };

const batch = v.object({
  Records: v.array(v.object({ messageId: v.string(), body: v.string() })),
});
const scheduled = v.object({ scheduledAt: v.string() });

/**
 * The messages of a batch. Throws `TypeError` for anything else: what cannot be read must not be dropped.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function readBatch(event: unknown): QueueMessage[] {
  const read = readValue(batch, event);
  if (read === undefined) throw new TypeError('this is no batch of messages of a queue');
  return read.Records.map(({ messageId, body }) => ({
    ...{ id: messageId, body: readJson(v.unknown(), body) },
  }));
}

/**
 * The instant of `{"scheduledAt": ISO}`, which a retry carries unchanged; `undefined` for any other event, such
 * as a run by hand. Source: EventBridge Scheduler's `<aws.scheduler.scheduled-time>`.
 */
export function readScheduledAt(event: unknown): Instant | undefined {
  const at = Date.parse(readValue(scheduled, event)?.scheduledAt ?? '');
  return Number.isNaN(at) ? undefined : at;
}
