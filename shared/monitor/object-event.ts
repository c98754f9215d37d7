// S3's events: what was written or removed, by whom and from where.
import * as v from 'valibot';
import { readValue } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Change } from '../rules/finding.ts';

/** One object that was written, or removed by somebody; lifecycle's own removals are not events here. */
export type ObjectEvent = Change & { readonly bucket: string };

/**
 * The events in messages, each with the id of its message, and the ids of messages that hold none that could be read.
 */
export function readObjectEvents(
  messages: readonly { readonly id: string; readonly body: unknown }[],
): { messageOf: Map<ObjectEvent, string>; unreadable: string[] } {
  const messageOf = new Map<ObjectEvent, string>();
  const unreadable: string[] = [];
  for (const { id, body } of messages) {
    try {
      for (const event of parseObjectEvents(body)) messageOf.set(event, id);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      unreadable.push(id);
    }
  }
  return { messageOf, unreadable };
}

const text = v.pipe(v.string(), v.nonEmpty());
/** Who and where from: nothing that an event must have, and of no other form. */
const optionalText = v.fallback(v.optional(text), undefined);
const instant = v.pipe(
  v.string(),
  v.transform((written): Instant => Date.parse(written)),
  v.check((at) => !Number.isNaN(at)),
);
const named = v.object({ name: text });

/** A record of a native notification; the key is form-encoded. */
const nativeRecord = v.pipe(
  v.object({
    eventName: v.pipe(text, v.regex(/^(?:s3:)?Object(?:Created|Removed):/)),
    ...{ eventTime: instant, s3: v.object({ bucket: named, object: v.object({ key: text }) }) },
    userIdentity: v.nullish(v.object({ principalId: optionalText }), {}),
    requestParameters: v.nullish(v.object({ sourceIPAddress: optionalText }), {}),
  }),
  v.transform(({ eventName, eventTime, s3, userIdentity, requestParameters }): ObjectEvent[] => [
    {
      what: eventName.includes('ObjectCreated:') ? 'created' : 'removed',
      bucket: s3.bucket.name,
      key: decodeForm(s3.object.key),
      at: eventTime,
      left: eventName.endsWith(':DeleteMarkerCreated') ? 'marker' : 'version',
      principal: userIdentity.principalId,
      address: requestParameters.sourceIPAddress,
    },
  ]),
);
/** Of something else than a write or a removal by somebody. */
const otherRecord = v.pipe(
  v.object({
    eventName: v.pipe(
      text,
      v.check((name) => !/^(?:s3:)?Object(?:Created|Removed):/.test(name)),
    ),
  }),
  v.transform((): ObjectEvent[] => []),
);

/** An event of EventBridge; the key is plain. */
const bridgeEvent = v.pipe(
  v.object({
    ...{ source: v.literal('aws.s3'), time: instant },
    'detail-type': v.picklist(['Object Created', 'Object Deleted']),
    detail: v.object({
      ...{ bucket: named, object: v.object({ key: text }) },
      ...{ 'deletion-type': optionalText, requester: optionalText },
      'source-ip-address': optionalText,
    }),
  }),
  v.transform(({ 'detail-type': type, time, detail }): ObjectEvent[] => [
    {
      what: type === 'Object Created' ? 'created' : 'removed',
      bucket: detail.bucket.name,
      key: detail.object.key,
      at: time,
      left: LEFT.get(detail['deletion-type']) ?? 'unknown',
      principal: detail.requester,
      address: detail['source-ip-address'],
    },
  ]),
);
const LEFT = new Map<string | undefined, ObjectEvent['left']>([
  ['Delete Marker Created', 'marker'],
  ['Permanently Deleted', 'version'],
]);
const otherBridgeEvent = v.pipe(
  v.looseObject({ source: v.literal('aws.s3'), detail: v.looseObject({}) }),
  v.check(
    ({ 'detail-type': type, detail }) =>
      (type !== 'Object Created' && type !== 'Object Deleted') ||
      detail.reason === 'Lifecycle Expiration',
  ),
  v.transform((): ObjectEvent[] => []),
);

const s3Message = v.union([
  v.pipe(
    v.object({ Event: v.literal('s3:TestEvent') }),
    v.transform((): ObjectEvent[] => []),
  ),
  v.pipe(
    v.object({ Records: v.array(v.union([nativeRecord, otherRecord])) }),
    v.transform(({ Records }) => Records.flat()),
  ),
  otherBridgeEvent,
  bridgeEvent,
]);

/**
 * Reads a native S3 notification (keys form-encoded, with the principal) or an EventBridge event (keys
 * plain, with a reason). `s3:TestEvent`, which S3 sends when it is set up, holds no events. Throws
 * `TypeError` for any other shape: an event that cannot be read must not be dropped.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function parseObjectEvents(event: unknown): ObjectEvent[] {
  const events = readValue(s3Message, event);
  if (events !== undefined) return events;
  throw new TypeError('this is neither an S3 notification nor an EventBridge event of aws.s3');
}

/** Form-encoded once by S3, so decoded once. What does not decode is kept, and is foreign. */
function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
