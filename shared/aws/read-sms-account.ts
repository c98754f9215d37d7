// What SNS says of text messages: sandbox, spend limit, and who has opted out.
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  GetSMSAttributesCommand,
  GetSMSSandboxAccountStatusCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import type { SmsAccount } from '../doctor/sms.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

/** Throws `AwsCallError`. Source: https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html */
export async function readSmsAccount(
  connection: Connection,
  phones: readonly string[],
): Promise<SmsAccount> {
  const sns = new SNSClient(clientConfig(connection));
  const [status, limits, ...answers] = await Promise.all([
    askAws('ask SNS for the SMS sandbox', 'sns:GetSMSSandboxAccountStatus', () =>
      sns.send(new GetSMSSandboxAccountStatusCommand({})),
    ),
    askAws('ask SNS for the SMS spend limit', 'sns:GetSMSAttributes', () =>
      sns.send(new GetSMSAttributesCommand({ attributes: ['MonthlySpendLimit'] })),
    ),
    ...phones.map((phoneNumber) =>
      askAws('ask SNS who has opted out', 'sns:CheckIfPhoneNumberIsOptedOut', () =>
        sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber })),
      ),
    ),
  ]);
  const limit = Number(limits?.attributes?.MonthlySpendLimit);
  return {
    // An answer without the word is no proof of being out of it.
    inSandbox: status?.IsInSandbox !== false,
    spendLimit: Number.isNaN(limit) ? undefined : limit,
    optedOut: phones.filter((_, index) => answers[index]?.isOptedOut === true),
  };
}
