// Who is notified: one topic for what the checks find, another for trouble with the checks themselves.
import { createHash } from 'node:crypto';
import type { Alerts } from '../../shared/config/config.ts';
import {
  alertSubscribers,
  opsSubscribers,
  type Subscriber,
  textedOnly,
} from '../../shared/config/recipients.ts';
import {
  policy,
  type Resources,
  ref,
  type Statement,
  thisAccount,
  type Value,
} from './cloudformation.ts';

/** Logical id of the topic that findings are published to. */
export const alertsTopic = 'AlertsTopic';

/** Logical id of the topic that alarms ring, which must not pass through what they watch. */
export const opsTopic = 'OpsTopic';

/** Both topics, their policies, and one subscription an address of the config. */
export function topics(alerts: Alerts): Resources {
  return {
    ...topic(alertsTopic, tlsOnly(alertsTopic)),
    ...subscriptions(alertsTopic, alertSubscribers(alerts), {
      sms: { FilterPolicyScope: 'MessageAttributes', FilterPolicy: textedOnly },
    }),
    ...topic(opsTopic, tlsOnly(opsTopic), alarmsOfThisAccount),
    ...subscriptions(opsTopic, opsSubscribers(alerts)),
  };
}

// No KMS key: with the one that AWS manages for SNS, CloudWatch could not publish its alarms.
const topic = (id: string, ...statements: readonly Statement[]): Resources => ({
  [id]: { Type: 'AWS::SNS::Topic', Properties: {} },
  [`${id}Policy`]: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: { Topics: [ref(id)], PolicyDocument: policy(...statements) },
  },
});

const tlsOnly = (id: string): Statement => ({
  Sid: 'TlsOnly',
  Effect: 'Deny',
  Principal: '*',
  Action: 'sns:Publish',
  Resource: ref(id),
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

// A topic policy replaces the default one, by which CloudWatch could publish.
const alarmsOfThisAccount: Statement = {
  Sid: 'AlarmsOfThisAccount',
  Effect: 'Allow',
  Principal: { Service: 'cloudwatch.amazonaws.com' },
  Action: 'sns:Publish',
  Resource: ref(opsTopic),
  Condition: { StringEquals: { 'aws:SourceAccount': thisAccount } },
};

const subscriptions = (
  topicId: string,
  subscribers: readonly Subscriber[],
  more: { readonly [protocol: string]: { readonly [property: string]: Value } } = {},
): Resources =>
  Object.fromEntries(
    subscribers.map(({ protocol, endpoint }) => [
      // Named for the address and not for its place in the list: were they numbered, taking out
      // the first would renew all the others, and everybody would have to confirm again.
      `${topicId}${protocol}${createHash('sha256').update(endpoint).digest('hex').slice(0, 12)}`,
      {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: ref(topicId),
          Protocol: protocol,
          Endpoint: endpoint,
          ...more[protocol],
        },
      },
    ]),
  );
