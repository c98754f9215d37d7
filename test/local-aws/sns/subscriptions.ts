// Subscribes: who is to hear of a topic, by which protocol, and whether they have confirmed.
import { randomUUID } from 'node:crypto';
import { AwsError, notImplemented } from '../aws-error.ts';
import { composeMap, type QueryActions, readEntries, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';
import { parseFilterPolicy } from './filter-policy.ts';
import {
  composePage,
  findTopic,
  invalid,
  type SnsState,
  type Subscription,
  subscriptionsOf,
} from './topics.ts';

// These need an endpoint that answers back, which is not here to ask.
const unconfirmed = new Set(['email', 'email-json', 'http', 'https']);

/** The actions on subscriptions. */
export function createSubscriptionActions(sns: SnsState): QueryActions {
  return {
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

function subscribe(sns: SnsState, form: URLSearchParams): string[] {
  const topic = findTopic(sns, requireParameter(form, 'TopicArn'));
  const protocol = requireParameter(form, 'Protocol');
  const endpoint = requireParameter(form, 'Endpoint');
  if (!isEndpoint(protocol, endpoint)) throw invalid(`${protocol} endpoint`);
  const same = subscriptionsOf(sns, topic.arn).find(
    (one) => one.protocol === protocol && one.endpoint === endpoint,
  );
  const subscription: Subscription = same ?? {
    arn: `${topic.arn}:${randomUUID()}`,
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
    throw notImplemented('filter policies on anything but message attributes');
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

function isEndpoint(protocol: string, endpoint: string): boolean {
  if (protocol.startsWith('email')) return /^[^@\s]+@[^@\s]+$/.test(endpoint);
  if (protocol === 'sms') return /^\+?\d{6,15}$/.test(endpoint);
  if (protocol === 'http' || protocol === 'https') return endpoint.startsWith(`${protocol}://`);
  return endpoint.startsWith('arn:');
}
