// SES as channels: the message as a mail, plain text with the page next to it.
import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { type Connection, clientConfig } from '../aws/client.ts';
import { composeHtml } from '../messages/render-html.ts';
import type { Channel } from '../monitor/notify.ts';

/**
 * One channel for each address: what is wrong with one of them must not cost the others their mail.
 * Source: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html
 */
export function sesChannels(
  connection: Connection,
  from: string,
  to: readonly string[],
): Channel[] {
  const client = new SESClient(clientConfig(connection));
  const utf8 = (Data: string) => ({ Data, Charset: 'UTF-8' });
  return to.map((address) => ({
    name: `mail to ${address}`,
    address,
    send: async ({ subject, text }) => {
      const html = composeHtml(text);
      await client.send(
        new SendEmailCommand({
          Source: from,
          Destination: { ToAddresses: [address] },
          Message: { Subject: utf8(subject), Body: { Text: utf8(text), Html: utf8(html) } },
        }),
      );
    },
  }));
}
