// SES as its version 1 tells it: may we send, how much, and as whom?
import {
  GetAccountSendingEnabledCommand,
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  SESClient,
} from '@aws-sdk/client-ses';
import type { MailAccount } from '../doctor/mail.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

const IDENTITIES_AT_ONCE = 100;

/** One call after the other: SES allows one a second. Throws `AwsCallError`. */
export async function readMailAccount(
  connection: Connection,
  names: readonly string[],
): Promise<MailAccount> {
  const ses = new SESClient(clientConfig(connection));
  const sending = await askAws('ask SES whether it sends', 'ses:GetAccountSendingEnabled', () =>
    ses.send(new GetAccountSendingEnabledCommand({})),
  );
  const quota = await askAws('ask SES how much it sends', 'ses:GetSendQuota', () =>
    ses.send(new GetSendQuotaCommand({})),
  );
  const identities: Record<string, string> = {};
  for (let at = 0; at < names.length; at += IDENTITIES_AT_ONCE) {
    const Identities = names.slice(at, at + IDENTITIES_AT_ONCE);
    const answer = await askAws(
      'ask SES who is verified',
      'ses:GetIdentityVerificationAttributes',
      () => ses.send(new GetIdentityVerificationAttributesCommand({ Identities })),
    );
    for (const [name, { VerificationStatus }] of Object.entries(
      answer?.VerificationAttributes ?? {},
    )) {
      identities[name] = VerificationStatus ?? 'NotStarted';
    }
  }
  return {
    sendingEnabled: sending?.Enabled === true,
    perDay: quota?.Max24HourSend ?? 0,
    identities,
  };
}
