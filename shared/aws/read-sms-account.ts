// What SNS says of text messages: sandbox, spend limit, and who has opted out.
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  GetSMSAttributesCommand,
  GetSMSSandboxAccountStatusCommand,
  paginateListOriginationNumbers,
  SNSClient,
} from '@aws-sdk/client-sns';
import type { SmsAccount } from '../doctor/sms.ts';
import { isNorthAmerican } from '../roster/subscribers.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

/** Throws `AwsCallError`. Source: https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html */
export async function readSmsAccount(
  connection: Connection,
  phones: readonly string[],
): Promise<SmsAccount> {
  const sns = new SNSClient(clientConfig(connection));
  const [status, settings, hasUsNumber, ...answers] = await Promise.all([
    askAws('ask SNS for the SMS sandbox', 'sns:GetSMSSandboxAccountStatus', () =>
      sns.send(new GetSMSSandboxAccountStatusCommand({})),
    ),
    askAws('ask SNS for the SMS spend limit', 'sns:GetSMSAttributes', () =>
      sns.send(
        new GetSMSAttributesCommand({ attributes: ['MonthlySpendLimit', 'DefaultSMSType'] }),
      ),
    ),
    phones.some(isNorthAmerican) ? findUsNumber(sns) : undefined,
    ...phones.map((phoneNumber) =>
      askAws('ask SNS who has opted out', 'sns:CheckIfPhoneNumberIsOptedOut', () =>
        sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber })),
      ),
    ),
  ]);
  const { MonthlySpendLimit, DefaultSMSType } = settings?.attributes ?? {};
  const limit = Number(MonthlySpendLimit);
  return {
    // An answer without the word is no proof of being out of it.
    inSandbox: status?.IsInSandbox !== false,
    spendLimit: Number.isNaN(limit) ? undefined : limit,
    optedOut: phones.filter((_, index) => answers[index]?.isOptedOut === true),
    defaultType: DefaultSMSType,
    hasUsNumber,
  };
}

/** Source: SNS API reference, "ListOriginationNumbers". */
async function findUsNumber(client: SNSClient): Promise<boolean | undefined> {
  return askAws(
    'ask SNS for the numbers that it sends from',
    'sns:ListOriginationNumbers',
    async () => {
      for await (const { PhoneNumbers = [] } of paginateListOriginationNumbers({ client }, {})) {
        if (PhoneNumbers.some(({ Iso2CountryCode }) => Iso2CountryCode === 'US')) return true;
      }
      return false;
    },
  );
}
