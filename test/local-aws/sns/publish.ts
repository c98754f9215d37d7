// Publishes: checks a message as SNS checks it, and delivers to each confirmed subscription that wants it.
import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Outbox } from '../outbox.ts';
import { type QueryActions, readEntries } from '../query-protocol.ts';
import { element, group } from '../xml.ts';
import { type AttributeValue, matchesFilter } from './filter-policy.ts';
import { findTopic, invalid, type SnsState, subscriptionsOf } from './topics.ts';

const largestMessage = 262_144;
const largestSms = 1600;

/** Publish and PublishBatch. */
export function createPublishActions(
  sns: SnsState,
  outbox: Outbox,
  now: () => number,
): QueryActions {
  return {
    Publish: (form) => {
      const message = readMessage(form);
      const phone = form.get('PhoneNumber');
      const messageId =
        phone === null
          ? publishToTopic(
              sns,
              outbox,
              now(),
              form.get('TopicArn') ?? form.get('TargetArn') ?? '',
              message,
            )
          : sendSms(outbox, now(), phone, message);
      return [element('MessageId', messageId)];
    },
    PublishBatch: (form) => {
      const topicArn = findTopic(sns, form.get('TopicArn') ?? '').arn;
      const entries = readEntries(form, 'PublishBatchRequestEntries.member');
      if (entries.length === 0)
        throw new AwsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
      if (entries.length > 10)
        throw new AwsError(
          'TooManyEntriesInBatchRequest',
          'The batch request contains more entries than permissible.',
        );
      const done: string[] = [];
      const refused: string[] = [];
      for (const entry of entries) {
        const id = element('Id', entry.get('Id') ?? '');
        try {
          const messageId = publishToTopic(sns, outbox, now(), topicArn, readMessage(entry));
          done.push(group('member', [id, element('MessageId', messageId)]));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          const why = [element('Code', error.code), element('Message', error.message)];
          refused.push(group('member', [id, ...why, element('SenderFault', true)]));
        }
      }
      return [group('Successful', done), group('Failed', refused)];
    },
  };
}

type Message = {
  readonly subject: string | undefined;
  readonly texts: { readonly default: string; readonly [protocol: string]: string };
  readonly attributes: Record<string, string>;
  readonly values: Record<string, readonly AttributeValue[]>;
};

function readMessage(form: URLSearchParams): Message {
  const text = form.get('Message') ?? '';
  if (text === '') throw invalid('Empty message');
  const subject = form.get('Subject') ?? undefined;
  checkSubject(subject);
  const entries = readEntries(form, 'MessageAttributes.entry').map((entry) => ({
    name: entry.get('Name') ?? '',
    type: entry.get('Value.DataType') ?? '',
    value: entry.get('Value.StringValue') ?? entry.get('Value.BinaryValue') ?? '',
  }));
  const size = entries.reduce(
    (sum, { name, type, value }) => sum + Buffer.byteLength(name + type + value),
    Buffer.byteLength(text),
  );
  if (size > largestMessage) throw invalid('Message too long');
  return {
    subject,
    texts: form.get('MessageStructure') === 'json' ? readTexts(text) : { default: text },
    attributes: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
    values: Object.fromEntries(
      entries.map(({ name, type, value }) => [name, readValues(type, value)]),
    ),
  };
}

// "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long." (SNS API
// Reference, Publish)
function checkSubject(subject: string | undefined): void {
  if (subject === undefined) return;
  if (!/^[^\p{Cc}\p{Zl}\p{Zp}]{1,99}$/u.test(subject)) throw invalid('Subject');
}

function readTexts(text: string): Message['texts'] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  const texts = parsed as Record<string, unknown>;
  const fallback = texts?.default;
  if (typeof fallback !== 'string')
    throw invalid('Message Structure - No default entry in JSON message body');
  const strings = Object.entries(texts).filter(([, value]) => typeof value === 'string');
  return { ...Object.fromEntries(strings as [string, string][]), default: fallback };
}

function readValues(type: string, value: string): readonly AttributeValue[] {
  if (type === '' || value === '')
    throw invalid('The message attribute must have a type and a value');
  if (type === 'Number') return [Number(value)];
  return type === 'String.Array' ? (JSON.parse(value) as AttributeValue[]) : [value];
}

function publishToTopic(
  sns: SnsState,
  outbox: Outbox,
  at: number,
  topicArn: string,
  message: Message,
): string {
  if (topicArn === '')
    throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  const topic = findTopic(sns, topicArn);
  const messageId = randomUUID();
  const { subject, texts, attributes } = message;
  outbox.topicMessages.push({
    messageId,
    topicArn,
    subject,
    text: texts.default,
    attributes,
    sentAt: at,
  });
  for (const { protocol, endpoint, confirmed, filter } of subscriptionsOf(sns, topic.arn)) {
    if (!confirmed || (filter && !matchesFilter(filter, message.values))) continue;
    const text = texts[protocol] ?? texts.default;
    outbox.deliveries.push({ messageId, topicArn, protocol, endpoint, subject, text });
    if (protocol === 'sms')
      outbox.sms.push({ messageId, to: endpoint, text, topicArn, sentAt: at });
  }
  return messageId;
}

function sendSms(outbox: Outbox, at: number, to: string, message: Message): string {
  if (!/^\+\d{6,15}$/.test(to))
    throw invalid(`PhoneNumber Reason: ${to} is not valid to publish to`);
  const text = message.texts.sms ?? message.texts.default;
  if (text.length > largestSms) throw invalid('Message too long');
  const messageId = randomUUID();
  outbox.sms.push({ messageId, to, text, topicArn: undefined, sentAt: at });
  return messageId;
}
