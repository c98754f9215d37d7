// S3's events: what was written or removed, by whom and from where.
import type { Instant } from '../duplicity/time.ts';
import type { Removal } from '../rules/finding.ts';

/** One object that was written, or removed by somebody; lifecycle's own removals are not events here. */
export type ObjectEvent = Removal & {
  readonly what: 'created' | 'removed';
  readonly bucket: string;
};

type Json = Record<string, unknown>;

/** The events in messages, each with the id of its message, and the ids of messages that hold none that could be read. */
export function readObjectEvents(
  messages: readonly { readonly id: string; readonly body: unknown }[],
): { messageOf: Map<ObjectEvent, string>; unread: string[] } {
  const messageOf = new Map<ObjectEvent, string>();
  const unread: string[] = [];
  for (const { id, body } of messages) {
    try {
      for (const event of parseObjectEvents(body)) messageOf.set(event, id);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      unread.push(id);
    }
  }
  return { messageOf, unread };
}

/**
 * Reads a native S3 notification (keys form-encoded, with the principal) or an EventBridge event (keys
 * plain, with a reason). `s3:TestEvent`, which S3 sends when it is set up, holds no events. Throws
 * `TypeError` for any other shape: an event that cannot be read must not pass in silence.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function parseObjectEvents(event: unknown): ObjectEvent[] {
  const envelope = recordOf(event);
  if (envelope.Event === 's3:TestEvent') return [];
  if (Array.isArray(envelope.Records)) return envelope.Records.flatMap(readNative);
  if (envelope.source === 'aws.s3') return readEventBridge(envelope);
  throw new TypeError('this is neither an S3 notification nor an EventBridge event of aws.s3');
}

function readNative(record: unknown): ObjectEvent[] {
  const { eventName, eventTime, s3, userIdentity, requestParameters } = recordOf(record);
  const name = textOf(eventName, 'eventName').replace(/^s3:/, '');
  const what = name.startsWith('ObjectCreated:')
    ? 'created'
    : name.startsWith('ObjectRemoved:')
      ? 'removed'
      : undefined;
  if (what === undefined) return [];
  const { bucket, object } = recordOf(s3);
  return [
    {
      what,
      bucket: textOf(recordOf(bucket).name, 's3.bucket.name'),
      key: decodeForm(textOf(recordOf(object).key, 's3.object.key')),
      at: instantOf(eventTime),
      left: name.endsWith(':DeleteMarkerCreated') ? 'marker' : 'version',
      principal: optionalText(recordOf(userIdentity ?? {}).principalId),
      address: optionalText(recordOf(requestParameters ?? {}).sourceIPAddress),
    },
  ];
}

function readEventBridge(envelope: Json): ObjectEvent[] {
  const type = envelope['detail-type'];
  const detail = recordOf(envelope.detail);
  const what =
    type === 'Object Created' ? 'created' : type === 'Object Deleted' ? 'removed' : undefined;
  if (what === undefined || detail.reason === 'Lifecycle Expiration') return [];
  const deletion = detail['deletion-type'];
  return [
    {
      what,
      bucket: textOf(recordOf(detail.bucket).name, 'detail.bucket.name'),
      key: textOf(recordOf(detail.object).key, 'detail.object.key'),
      at: instantOf(envelope.time),
      left:
        deletion === 'Delete Marker Created'
          ? 'marker'
          : deletion === 'Permanently Deleted'
            ? 'version'
            : 'unknown',
      principal: optionalText(detail.requester),
      address: optionalText(detail['source-ip-address']),
    },
  ];
}

/** Form-encoded once by S3, so decoded once. What does not decode is kept, and is foreign. */
function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function instantOf(value: unknown): Instant {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw new TypeError('the event does not say when it happened');
  return at;
}

function recordOf(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new TypeError('the event is not of a shape that S3 sends');
}

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`the event has no ${where}`);
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
