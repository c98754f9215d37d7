// SES as it stands: may we send, as whom, and whose mail does it drop?
import {
  GetAccountCommand,
  GetEmailIdentityCommand,
  GetSuppressedDestinationCommand,
  SESv2Client,
} from '@aws-sdk/client-sesv2';
import { domainOf, type MailAccount } from '../doctor/mail.ts';
import type { Alerts } from '../roster/roster.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

/**
 * By version 2 of the interface, as version 1 knows neither the sandbox nor the suppression list. One call
 * after the other: SES allows few a second. Throws `AwsCallError`.
 * Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
 */
export async function readMailAccount(
  connection: Connection,
  { from, mail }: Pick<Alerts, 'from' | 'mail'>,
): Promise<MailAccount> {
  const ses = new SESv2Client(clientConfig(connection));
  const account = await askAws('ask SES for its account', 'ses:GetAccount', () =>
    ses.send(new GetAccountCommand({})),
  );
  const inSandbox = account?.ProductionAccessEnabled !== true;
  const senders = [...(from === undefined ? [] : [from]), ...(inSandbox ? mail : [])];
  const verified: string[] = [];
  for (const name of new Set(senders.flatMap((address) => [address, domainOf(address)]))) {
    const identity = await askAws(
      'ask SES who is verified',
      'ses:GetEmailIdentity',
      () => ses.send(new GetEmailIdentityCommand({ EmailIdentity: name })),
      ['NotFoundException'],
    );
    if (identity?.VerifiedForSendingStatus === true) verified.push(name);
  }
  const suppressed: string[] = [];
  for (const address of mail) {
    const answer = await askAws(
      'ask SES whose mail it drops',
      'ses:GetSuppressedDestination',
      () => ses.send(new GetSuppressedDestinationCommand({ EmailAddress: address })),
      ['NotFoundException'],
    );
    if (answer?.SuppressedDestination !== undefined) suppressed.push(address);
  }
  return {
    sendingEnabled: account?.SendingEnabled === true,
    inSandbox,
    perDay: account?.SendQuota?.Max24HourSend ?? 0,
    verified,
    suppressed,
  };
}
