// Keeps the topics, and the state of SNS that publishing and subscribing share.
import { AwsError, notImplemented } from '../aws-error.ts';
import { composeMap, type QueryActions, readEntries, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';
import type { FilterPolicy } from './filter-policy.ts';

/** Somebody who is to hear of a topic, confirmed or not. */
export type Subscription = {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
  filter: FilterPolicy | undefined;
  confirmed: boolean;
};

/** A topic. */
export type Topic = { readonly arn: string; readonly attributes: Record<string, string> };

/** The part of the account that is SNS. */
export type SnsState = {
  readonly region: string;
  readonly account: string;
  readonly topics: Map<string, Topic>;
  readonly subscriptions: Map<string, Subscription>;
  /** Whether the person behind a mailbox clicks the link of a confirmation mail at once. */
  readonly clicksLinks: boolean;
};

const pageSize = 100;

/** The actions on topics. */
export function createTopicActions(sns: SnsState): QueryActions {
  return {
    CreateTopic: (form) => {
      const name = requireParameter(form, 'Name');
      if (name.endsWith('.fifo')) throw notImplemented('FIFO topics');
      if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
      const arn = `arn:aws:sns:${sns.region}:${sns.account}:${name}`;
      const given = readEntries(form, 'Attributes.entry').map(
        (entry) => [entry.get('key') ?? '', entry.get('value') ?? ''] as const,
      );
      const attributes = { TopicArn: arn, Owner: sns.account, ...Object.fromEntries(given) };
      if (!sns.topics.has(arn)) sns.topics.set(arn, { arn, attributes });
      return [element('TopicArn', arn)];
    },
    DeleteTopic: (form) => {
      const arn = requireParameter(form, 'TopicArn');
      sns.topics.delete(arn);
      for (const one of subscriptionsOf(sns, arn)) sns.subscriptions.delete(one.arn);
      return undefined;
    },
    ListTopics: (form) => {
      const all = [...sns.topics.values()].map(({ arn }) =>
        group('member', [element('TopicArn', arn)]),
      );
      return composePage('Topics', all, form);
    },
    GetTopicAttributes: (form) => {
      const topic = findTopic(sns, requireParameter(form, 'TopicArn'));
      const all = subscriptionsOf(sns, topic.arn);
      const confirmed = all.filter((one) => one.confirmed).length;
      return [
        composeMap('Attributes', {
          ...topic.attributes,
          SubscriptionsConfirmed: String(confirmed),
          SubscriptionsPending: String(all.length - confirmed),
          SubscriptionsDeleted: '0',
        }),
      ];
    },
    SetTopicAttributes: (form) => {
      const topic = findTopic(sns, requireParameter(form, 'TopicArn'));
      topic.attributes[requireParameter(form, 'AttributeName')] = form.get('AttributeValue') ?? '';
      return undefined;
    },
  };
}

/** The topic, or NotFound. */
export function findTopic(sns: SnsState, arn: string): Topic {
  const topic = sns.topics.get(arn);
  if (!topic) throw new AwsError('NotFound');
  return topic;
}

/** Everybody subscribed to a topic, confirmed or not, oldest first. */
export function subscriptionsOf(sns: SnsState, topicArn: string): Subscription[] {
  return [...sns.subscriptions.values()].filter((one) => one.topicArn === topicArn);
}

/** One page of a list, a hundred at a time, and the token for the next. */
export function composePage(name: string, all: readonly string[], form: URLSearchParams): string[] {
  const start = Number(form.get('NextToken') ?? '0');
  if (!Number.isInteger(start) || start < 0) throw invalid('NextToken');
  const end = start + pageSize;
  const next = end < all.length ? [element('NextToken', end)] : [];
  return [group(name, all.slice(start, end)), ...next];
}

/** InvalidParameter, in SNS's words. */
export function invalid(what: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${what}`);
}
