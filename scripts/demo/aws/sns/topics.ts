// Keeps the topics and who is subscribed to them, confirmed or not.
import { AwsError } from '../aws-error.ts';
import { composeMap, type QueryActions, readEntries, requireParameter } from '../query-protocol.ts';
import { composeVersionId } from '../s3/version.ts';
import { element, group } from '../xml.ts';
import { type FilterPolicy, parseFilterPolicy } from './filter-policy.ts';

export type Subscription = {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
  filter: FilterPolicy | undefined;
  confirmed: boolean;
};

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
// The others need an endpoint that answers back, which is not here to ask.
const unconfirmed = new Set(['email', 'email-json', 'http', 'https']);

/** The actions on topics and subscriptions. */
export function createTopicActions(sns: SnsState): QueryActions {
  return {
    CreateTopic: (form) => {
      const name = requireParameter(form, 'Name');
      if (!/^[\w-]{1,256}(\.fifo)?$/.test(name)) throw invalid('Topic Name');
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
    Subscribe: (form) => subscribe(sns, form),
    Unsubscribe: (form) => {
      const arn = requireParameter(form, 'SubscriptionArn');
      if (!arn.startsWith('arn:')) throw invalid('SubscriptionArn');
      sns.subscriptions.delete(arn);
      return undefined;
    },
    ListSubscriptions: (form) =>
      composePage('Subscriptions', [...sns.subscriptions.values()].map(describe), form),
    ListSubscriptionsByTopic: (form) => {
      const topic = findTopic(sns, requireParameter(form, 'TopicArn'));
      return composePage('Subscriptions', subscriptionsOf(sns, topic.arn).map(describe), form);
    },
    GetSubscriptionAttributes: (form) => {
      const one = findSubscription(sns, requireParameter(form, 'SubscriptionArn'));
      return [
        composeMap('Attributes', {
          SubscriptionArn: one.arn,
          TopicArn: one.topicArn,
          Owner: sns.account,
          Protocol: one.protocol,
          Endpoint: one.endpoint,
          PendingConfirmation: String(!one.confirmed),
          ConfirmationWasAuthenticated: 'false',
          ...one.attributes,
        }),
      ];
    },
    SetSubscriptionAttributes: (form) => {
      const one = findSubscription(sns, requireParameter(form, 'SubscriptionArn'));
      setAttribute(one, requireParameter(form, 'AttributeName'), form.get('AttributeValue') ?? '');
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

function subscribe(sns: SnsState, form: URLSearchParams): string[] {
  const topic = findTopic(sns, requireParameter(form, 'TopicArn'));
  const protocol = requireParameter(form, 'Protocol');
  const endpoint = requireParameter(form, 'Endpoint');
  if (!isEndpoint(protocol, endpoint)) throw invalid(`${protocol} endpoint`);
  const same = subscriptionsOf(sns, topic.arn).find(
    (one) => one.protocol === protocol && one.endpoint === endpoint,
  );
  const subscription: Subscription = same ?? {
    arn: `${topic.arn}:${uuidOf(`${topic.arn} ${protocol} ${endpoint}`)}`,
    topicArn: topic.arn,
    protocol,
    endpoint,
    attributes: {},
    filter: undefined,
    confirmed: sns.clicksLinks || !unconfirmed.has(protocol),
  };
  for (const entry of readEntries(form, 'Attributes.entry')) {
    setAttribute(subscription, entry.get('key') ?? '', entry.get('value') ?? '');
  }
  sns.subscriptions.set(subscription.arn, subscription);
  // Who subscribes a mailbox never learns at once that it was confirmed, unless it asks for the ARN.
  const known = !unconfirmed.has(protocol) || form.get('ReturnSubscriptionArn') === 'true';
  return [element('SubscriptionArn', known ? subscription.arn : 'pending confirmation')];
}

function setAttribute(subscription: Subscription, name: string, value: string): void {
  if (name === 'FilterPolicyScope' && value !== 'MessageAttributes') {
    throw new AwsError('NotImplemented', 'local AWS filters on message attributes only');
  }
  if (name === 'FilterPolicy')
    subscription.filter = value === '' ? undefined : parseFilterPolicy(value);
  subscription.attributes[name] = value;
}

function findSubscription(sns: SnsState, arn: string): Subscription {
  const subscription = sns.subscriptions.get(arn);
  if (!subscription) throw new AwsError('NotFound', 'Subscription does not exist');
  return subscription;
}

function describe(one: Subscription): string {
  return group('member', [
    element('TopicArn', one.topicArn),
    element('Protocol', one.protocol),
    element('SubscriptionArn', one.confirmed ? one.arn : 'PendingConfirmation'),
    element('Owner', one.topicArn.split(':')[4] ?? ''),
    element('Endpoint', one.endpoint),
  ]);
}

function composePage(name: string, all: readonly string[], form: URLSearchParams): string[] {
  const start = Number(form.get('NextToken') ?? '0');
  if (!Number.isInteger(start) || start < 0) throw invalid('NextToken');
  const end = start + pageSize;
  const next = end < all.length ? [element('NextToken', end)] : [];
  return [group(name, all.slice(start, end)), ...next];
}

function isEndpoint(protocol: string, endpoint: string): boolean {
  if (protocol.startsWith('email')) return /^[^@\s]+@[^@\s]+$/.test(endpoint);
  if (protocol === 'sms') return /^\+?\d{6,15}$/.test(endpoint);
  if (protocol === 'http' || protocol === 'https') return endpoint.startsWith(`${protocol}://`);
  return endpoint.startsWith('arn:');
}

function uuidOf(seed: string): string {
  const hex = Buffer.from(composeVersionId(seed), 'base64url').toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

function invalid(what: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${what}`);
}
