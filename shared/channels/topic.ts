// The topic as a channel: one publish that gives each protocol the text that it can carry.
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Connection, clientConfig } from '../aws/client.ts';
import { composePublication } from '../messages/compose-message.ts';
import type { Channel } from '../monitor/notify.ts';

/**
 * Publishes to a topic; `name` is what a failure is called by. The attribute `urgency` lets subscriptions filter: a
 * digest becomes an SMS only as the weekly test. The other one makes the SMS `Transactional`: without it they are
 * promotional, which AWS calls noncritical. Sources: SNS API reference, "Publish"; SNS Developer Guide, "Publishing to
 * a topic", "Setting message attributes".
 */
export function snsChannel(connection: Connection, name: string, topicArn: string): Channel {
  const client = new SNSClient(clientConfig(connection));
  return {
    name,
    send: async (message) => {
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: message.subject,
          MessageStructure: 'json',
          Message: composePublication(message),
          MessageAttributes: {
            urgency: { DataType: 'String', StringValue: message.urgency },
            'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
          },
        }),
      );
    },
  };
}
