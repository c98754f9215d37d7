// Who is subscribed to a topic, and whether each of them has said yes.
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import type { Subscription } from '../doctor/subscriptions.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

/**
 * Everybody subscribed to a topic. Throws `AwsCallError`.
 * Source: https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
 */
export async function readSubscriptions(
  connection: Connection,
  topicArn: string,
): Promise<Subscription[]> {
  const client = new SNSClient(clientConfig(connection));
  const subscriptions: Subscription[] = [];
  const deed = `read who is subscribed to ${topicArn.split(':').at(-1)}`;
  await askAws(deed, 'sns:ListSubscriptionsByTopic', async () => {
    const pages = paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn });
    for await (const { Subscriptions = [] } of pages) {
      for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
        subscriptions.push({
          protocol: Protocol,
          endpoint: Endpoint,
          // An unconfirmed one has the word "PendingConfirmation" there.
          confirmed: SubscriptionArn.startsWith('arn:'),
        });
      }
    }
  });
  return subscriptions;
}
