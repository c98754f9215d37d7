// Sends a bucket's events to where its notification configuration says, or to the listener when it says nothing.
import { childOf, childrenOf, readXml, textOf, type XmlElement } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import {
  composeEvent,
  composeTestEvent,
  type ObjectChange,
  type S3Event,
  type S3TestEvent,
} from './event.ts';

/** Where an event goes: an ARN, `eventbridge`, or `listener` when the bucket has no configuration. */
export type EventDestination = string;

/** Told of every event that a bucket sends; a promise it returns is awaited by `settled`. */
export type EventListener = (event: S3Event, destination: EventDestination) => unknown;

/** Told of the test event that S3 sends to each queue and topic when they are configured. */
export type TestEventListener = (event: S3TestEvent, destination: EventDestination) => unknown;

/** One line of the configuration, as it filters. */
type Rule = {
  readonly id: string;
  readonly destination: EventDestination;
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
};

const targets = [
  ['CloudFunctionConfiguration', 'CloudFunction'],
  ['QueueConfiguration', 'Queue'],
  ['TopicConfiguration', 'Topic'],
] as const;

/** The events that one change causes: one per rule it fits, one for EventBridge when that is on. */
export function composeEvents(
  bucket: Bucket,
  change: ObjectChange,
  context: { region: string; at: number; sequencer: string },
): { event: S3Event; destination: EventDestination }[] {
  return readRules(bucket)
    .filter((rule) => fits(rule, change))
    .map((rule) => ({
      event: composeEvent(change, { ...context, configurationId: rule.id }),
      destination: rule.destination,
    }));
}

/** The test events that configuring the bucket causes. Lambdas get none: S3 only checks its permission there. */
export function composeTestEvents(
  bucket: Bucket,
  at: number,
): { event: S3TestEvent; destination: EventDestination }[] {
  return readRules(bucket)
    .map(({ destination }) => destination)
    .filter((destination) => /^arn:[^:]+:(sqs|sns):/.test(destination))
    .map((destination) => ({ event: composeTestEvent(bucket.name, at), destination }));
}

function readRules(bucket: Bucket): Rule[] {
  const source = bucket.settings.get('notification');
  const everything = { events: ['s3:*'], prefix: '', suffix: '' };
  if (source === undefined) return [{ id: 'all', destination: 'listener', ...everything }];
  const root = readXml(source);
  const rules = targets.flatMap(([name, destination]) =>
    childrenOf(root, name).map((rule, at) => ({
      id: textOf(rule, 'Id') ?? `${name}-${at + 1}`,
      destination: textOf(rule, destination) ?? '',
      events: childrenOf(rule, 'Event').map(({ text }) => text),
      prefix: readFilter(rule, 'prefix'),
      suffix: readFilter(rule, 'suffix'),
    })),
  );
  const bridge = childOf(root, 'EventBridgeConfiguration');
  return bridge ? [...rules, { id: '', destination: 'eventbridge', ...everything }] : rules;
}

function readFilter(rule: XmlElement, name: string): string {
  const filters = childrenOf(childOf(childOf(rule, 'Filter'), 'S3Key'), 'FilterRule');
  const filter = filters.find((one) => textOf(one, 'Name')?.toLowerCase() === name);
  return textOf(filter, 'Value') ?? '';
}

function fits(rule: Rule, change: ObjectChange): boolean {
  const named = rule.events.some(
    (event) =>
      event === `s3:${change.name}` ||
      (event.endsWith('*') && `s3:${change.name}`.startsWith(event.slice(0, -1))),
  );
  return named && change.key.startsWith(rule.prefix) && change.key.endsWith(rule.suffix);
}
