// SES and SNS as channels: a mail, plain text with the page next to it; and one publish to a topic, which gives each
// protocol the text that it can carry.
import { type Connection, clientConfig } from '../aws/client.ts';
import type { Message } from '../messages/message-tree.ts';
import { renderText } from '../messages/render-text.ts';
import type { Channel } from '../monitor/notify.ts';

/**
 * One channel for each address: what is wrong with one of them must not cost the others their mail.
 * Source: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
 */
export function sesChannels(
  connection: Connection,
  from: string,
  to: readonly string[],
): Channel[] {
  const open = once(async () => {
    const { SESClient, SendRawEmailCommand } = await import('@aws-sdk/client-ses');
    const { composeRawMail } = await import('./mime-mail.ts');
    return { client: new SESClient(clientConfig(connection)), SendRawEmailCommand, composeRawMail };
  });
  return to.map((address) => ({
    name: `mail to ${address}`,
    address,
    send: async (message) => {
      const { client, SendRawEmailCommand, composeRawMail } = await open();
      const Data = await composeRawMail(from, address, message);
      const mail = { Source: from, Destinations: [address], RawMessage: { Data } };
      await client.send(new SendRawEmailCommand(mail));
    },
  }));
}

/**
 * One channel for each telephone, without a topic: for a run that has no stack. A digest is no text for it.
 * Source: SNS Developer Guide, "Publishing to a mobile phone".
 */
export function phoneChannels(connection: Connection, numbers: readonly string[]): Channel[] {
  const open = openSns(connection);
  return numbers.map((PhoneNumber) => ({
    name: `SMS to ${PhoneNumber}`,
    send: async ({ smsLine: Message }) => {
      if (Message === undefined) return;
      const MessageAttributes = TRANSACTIONAL;
      const { client, PublishCommand } = await open();
      await client.send(new PublishCommand({ PhoneNumber, Message, MessageAttributes }));
    },
  }));
}

const TRANSACTIONAL = {
  'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
};

/**
 * Publishes to a topic; `name` is what a failure is called by. The attribute `urgency` lets subscriptions filter: a
 * digest becomes an SMS only as the weekly test. The other one makes the SMS `Transactional`: without it they are
 * promotional, which AWS calls noncritical. Sources: SNS API reference, "Publish"; SNS Developer Guide, "Publishing to
 * a topic", "Setting message attributes".
 */
export function snsChannel(connection: Connection, name: string, topicArn: string): Channel {
  const open = openSns(connection);
  return {
    name,
    send: async (message) => {
      const { client, PublishCommand } = await open();
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: message.subject,
          MessageStructure: 'json',
          Message: composePublication(message),
          MessageAttributes: {
            urgency: { DataType: 'String', StringValue: message.urgency },
            ...TRANSACTIONAL,
          },
        }),
      );
    },
  };
}

function openSns(connection: Connection) {
  return once(async () => {
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
    return { client: new SNSClient(clientConfig(connection)), PublishCommand };
  });
}

/** Most runs have nothing to send: a client is loaded with the first message, which takes it half a start. */
function once<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opened: Promise<Opened> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}

/**
 * The JSON of a publish with `MessageStructure: json`: the text for mail, and what a telephone can show.
 * Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function composePublication(message: Message): string {
  const { smsLine, subject } = message;
  return JSON.stringify({ default: renderText(message), sms: smsLine ?? subject });
}
