// SES as it stands: may we send, as whom, and whose mail does it drop?
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetAccountCommand,
  GetEmailIdentityCommand,
  GetSuppressedDestinationCommand,
  SESv2Client,
} from '@aws-sdk/client-sesv2';
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  GetSMSAttributesCommand,
  GetSMSSandboxAccountStatusCommand,
  GetTopicAttributesCommand,
  paginateListOriginationNumbers,
  paginateListSubscriptionsByTopic,
  SNSClient,
} from '@aws-sdk/client-sns';
import type { Alerts, Config } from '../config/config.ts';
import { mailboxesOf } from '../config/config.ts';
import { isNorthAmerican } from '../config/recipients.ts';
import type { Reading } from '../doctor/audit.ts';
import type { ChannelReadings, Topics } from '../doctor/channels.ts';
import {
  domainOf,
  type MailAccount,
  type SmsAccount,
  type Subscription,
} from '../doctor/mail-and-texts.ts';
import { askAws, attempt, type Connection, clientConfig } from './client.ts';

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
  const change = `read who is subscribed to ${topicArn.split(':').at(-1)}`;
  await askAws(change, 'sns:ListSubscriptionsByTopic', async () => {
    const pages = paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn });
    for await (const { Subscriptions = [] } of pages) {
      for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
        subscriptions.push({
          protocol: Protocol,
          endpoint: Endpoint,
          // An unconfirmed one has the word "PendingConfirmation" there.
          confirmed: SubscriptionArn.startsWith('arn:'),
          arn: SubscriptionArn.startsWith('arn:') ? SubscriptionArn : undefined,
        });
      }
    }
  });
  return subscriptions;
}

/** The policy of a topic, parsed; `undefined` = it has none. Throws `AwsCallError`. */
export async function readTopicPolicy(connection: Connection, topicArn: string): Promise<unknown> {
  const client = new SNSClient(clientConfig(connection));
  const change = `read the policy of ${topicArn.split(':').at(-1)}`;
  const answer = await askAws(change, 'sns:GetTopicAttributes', () =>
    client.send(new GetTopicAttributesCommand({ TopicArn: topicArn })),
  );
  const text = answer?.Attributes?.Policy;
  return text === undefined ? undefined : JSON.parse(text);
}

const PATIENCE_MS = 30_000;

/** Asks only for what the config uses. Never throws for a refusal: that is a reading that failed. */
export async function readChannels(
  connection: Connection,
  config: Pick<Config, 'alerts' | 'hosts'>,
  topics: Topics,
): Promise<Omit<ChannelReadings, 'refusals'>> {
  const { alerts } = config;
  const [alertsTopic, opsTopic, mail, sms] = await Promise.all([
    inTime(attempt(() => readSubscriptions(connection, topics.alerts))),
    inTime(attempt(() => readSubscriptions(connection, topics.ops))),
    alerts.from === undefined
      ? unasked
      : inTime(
          attempt(() => readMailAccount(connection, { ...alerts, mail: mailboxesOf(config) })),
        ),
    alerts.sms.length === 0
      ? unasked
      : inTime(attempt(() => readSmsAccount(connection, alerts.sms))),
  ]);
  return { alertsTopic, opsTopic, mail, sms };
}

const unasked = { read: false, why: 'the config does not use it', fix: 'nothing' } as const;

/** A look must not hold up the alarm that it is made for. */
async function inTime<Value>(reading: Promise<Reading<Value>>): Promise<Reading<Value>> {
  const late = new AbortController();
  const patience = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(
    (): Reading<Value> => ({
      read: false,
      why: `AWS has not answered within ${PATIENCE_MS / 1000} seconds`,
      fix: 'rollcall doctor',
    }),
    // Aborted: the reading was first, and is what is answered.
    () => reading,
  );
  return Promise.race([reading, patience]).finally(() => late.abort());
}
