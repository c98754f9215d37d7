// May we send mail and text messages, and does each topic reach the right people?
import type { Config } from '../config/config.ts';
import { mailboxesOf } from '../config/config.ts';
import { isNorthAmerican, opsSubscribers, type Subscriber, US_RULE } from '../config/recipients.ts';
import { count, quoteWord } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { type Asked, command, printed, step } from './fix.ts';
import { decide } from './policy-decision.ts';

/** The account's SES, as far as it concerns the sender and the recipients of the config. */
export type MailAccount = {
  readonly sendingEnabled: boolean;
  /** Then only verified recipients get mail. */
  readonly inSandbox: boolean;
  readonly perDay: number;
  /** Addresses and domains that are verified. */
  readonly verified: readonly string[];
  /** Recipients whose mail SES takes and drops: it bounced once, or they called it spam. */
  readonly suppressed: readonly string[];
};

export function judgeMail(reading: Reading<MailAccount>, config: Config): readonly Check[] {
  const check = 'mail';
  const { region } = config;
  const { from } = config.alerts;
  const mail = mailboxesOf(config);
  if (from === undefined) return [];
  return judgeReading(check, reading, (account) => {
    const { sendingEnabled, inSandbox, perDay, suppressed } = account;
    const verified = (address: string) =>
      [address, domainOf(address)].some((one) => account.verified.includes(one));
    const verify = (address: string) =>
      `aws ses verify-email-identity --email-address ${quoteWord(address)} --region ${region}, and click the link`;
    const refused = inSandbox ? mail.filter((address) => !verified(address)) : [];
    const checks = [
      ...(sendingEnabled
        ? []
        : [
            fail(
              check,
              'SES has paused sending for this account',
              step('ask-aws', 'see the SES console, Account dashboard: AWS says why'),
              mail,
            ),
          ]),
      ...(verified(from)
        ? []
        : [
            fail(
              check,
              `the sender ${from} is not verified: every mail is refused`,
              step('verify-address', verify(from)),
              mail,
            ),
          ]),
      ...refused.map((address) =>
        fail(
          check,
          `${address} is not verified, and the account is in the SES sandbox: it gets no mail`,
          step(
            'verify-address',
            `ask for production access in the SES console, or: ${verify(address)}`,
          ),
          [address],
        ),
      ),
      ...suppressed.map((address) =>
        fail(
          check,
          `${address} is on the suppression list: SES takes its mail, and drops it`,
          step(
            'decide',
            `is the mailbox alive? then: aws sesv2 delete-suppressed-destination --email-address ${quoteWord(address)} --region ${region}`,
          ),
          [address],
        ),
      ),
      ...(inSandbox && refused.length === 0
        ? [
            warn(
              check,
              'the account is in the SES sandbox: only verified addresses get any mail',
              step('ask-aws', 'ask for production access in the SES console'),
            ),
          ]
        : []),
    ];
    return checks.length > 0
      ? checks
      : [ok(check, `${from} is verified, and may send ${perDay} mails a day`)];
  });
}

/** The domain of an address, which may be verified in its place. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** What SNS says of text messages; `spendLimit` in US dollars a month, `undefined` where AWS's own of 1 holds. */
export type SmsAccount = {
  readonly inSandbox: boolean;
  readonly spendLimit: number | undefined;
  readonly optedOut: readonly string[];
  /** The type of a text that names none, as those of alarms; `undefined` where AWS's own, Promotional, holds. */
  readonly defaultType: string | undefined;
  /** There is a number of the account's own to send to the United States from; `undefined` = not asked. */
  readonly hasUsNumber: boolean | undefined;
};

const FIRST_LIMIT = 1;

export function judgeSms(
  reading: Reading<SmsAccount>,
  { alerts, region }: Config,
): readonly Check[] {
  const check = 'sms';
  if (alerts.sms.length === 0) return [];
  return judgeReading(check, reading, (account) => {
    const { inSandbox, spendLimit = FIRST_LIMIT, optedOut, defaultType, hasUsNumber } = account;
    const american = alerts.sms.filter(isNorthAmerican);
    const textsOps = opsSubscribers(alerts).some(({ protocol }) => protocol === 'sms');
    const silent = alerts.sms.filter((phone) => optedOut.includes(phone));
    const checks = [
      ...(inSandbox
        ? [
            fail(
              check,
              'the account is in the SMS sandbox: only numbers verified there get a text',
              step(
                'ask-aws',
                'SNS console, Text messaging: "Exit SMS sandbox", or verify the numbers there',
              ),
            ),
          ]
        : []),
      ...silent.map((phone) =>
        fail(
          check,
          `${phone} has opted out, and gets no text`,
          // Once in 30 days, and only who opted out may want it.
          step('decide', `aws sns opt-in-phone-number --region ${region} --phone-number ${phone}`),
          [phone],
        ),
      ),
      ...(spendLimit <= FIRST_LIMIT
        ? [
            warn(
              check,
              `texts stop at ${spendLimit} USD a month, which is some ten of them`,
              step(
                'ask-aws',
                `ask AWS Support for a higher SMS spend limit, then: aws sns set-sms-attributes --region ${region} --attributes MonthlySpendLimit=20`,
              ),
            ),
          ]
        : []),
      ...(american.length > 0 && hasUsNumber === false
        ? [warn(check, `${american.join(', ')}: ${US_RULE.message}`, step('ask-aws', US_RULE.fix))]
        : []),
      ...(textsOps && defaultType !== 'Transactional'
        ? [
            warn(
              check,
              'texts of alarms go out as promotional ones, which AWS calls noncritical',
              step(
                'decide',
                `for all SMS of the account: aws sns set-sms-attributes --attributes DefaultSMSType=Transactional --region ${region}`,
              ),
            ),
          ]
        : []),
    ];
    return checks.length > 0
      ? checks
      : [ok(check, `out of the sandbox, up to ${spendLimit} USD a month`)];
  });
}

/** A subscription as it stands; nothing is delivered to it until it is confirmed. */
export type Subscription = {
  readonly protocol: string;
  readonly endpoint: string;
  readonly confirmed: boolean;
  /** `undefined` while it is not confirmed. */
  readonly arn?: string | undefined;
};

/** A topic: what it is called here and by SNS, and which of its messages go out as a text; without a filter all do. */
export type Topic = {
  readonly check: string;
  readonly arn: string;
  readonly texted?: Readonly<Record<string, readonly string[]>>;
};

/** `wanted` is whom the config names for it. */
export function judgeSubscriptions(
  topic: Topic,
  reading: Reading<readonly Subscription[]>,
  wanted: readonly Subscriber[],
): readonly Check[] {
  const { check, arn } = topic;
  return judgeReading(check, reading, (found) => {
    const isSame = (a: { protocol: string; endpoint: string }, b: Subscriber) =>
      a.protocol === b.protocol && a.endpoint.toLowerCase() === b.endpoint.toLowerCase();
    const checks = [
      ...wanted.flatMap((one) =>
        judgeOne(
          topic,
          one,
          found.filter((other) => isSame(other, one)),
        ),
      ),
      ...found
        .filter((one) => !wanted.some((other) => isSame(one, other)))
        .map((one) =>
          warn(
            check,
            `${one.protocol} ${showEndpoint(one.endpoint)} is subscribed, and is not in the config`,
            one.arn === undefined
              ? step('unsubscribe-unconfirmed', 'it is not notified; AWS drops it after three days')
              : command('unsubscribe', `${aws('unsubscribe', arn)} --subscription-arn ${one.arn}`),
          ),
        ),
    ];
    return checks.length > 0
      ? checks
      : [
          ok(
            check,
            wanted.length === 0
              ? 'nobody is to hear of it'
              : `${count(wanted.length, 'subscription')}, all confirmed`,
          ),
        ];
  });
}

/** Of an https address its host alone: anyone who knows the rest may post there. */
export function showEndpoint(endpoint: string): string {
  return URL.parse(endpoint)?.host || endpoint;
}

function judgeOne(
  { check, arn, texted }: Topic,
  { protocol, endpoint }: Subscriber,
  found: readonly Subscription[],
): Check[] {
  const filter = {
    FilterPolicyScope: 'MessageAttributes',
    FilterPolicy: JSON.stringify(texted),
  };
  const filtered =
    protocol === 'sms' && texted !== undefined
      ? ` --attributes ${quoteWord(JSON.stringify(filter))}`
      : '';
  const subscribe = `${aws('subscribe', arn)} --topic-arn ${arn} --protocol ${protocol} --notification-endpoint ${quoteWord(endpoint)}${filtered}`;
  if (found.some(({ confirmed }) => confirmed)) return [];
  if (found.length === 0) {
    return [
      fail(
        check,
        `${protocol} ${endpoint} is in the config, and not subscribed: it is not notified`,
        command('subscribe', subscribe),
        [endpoint],
      ),
    ];
  }
  return [
    fail(
      check,
      `${protocol} ${endpoint} has not confirmed, and is not notified`,
      step('verify-address', `click the link in the mail from AWS; a new mail: ${subscribe}`),
      [endpoint],
    ),
  ];
}

/** In the region of the topic, whatever that of the operator's profile is. */
function aws(call: string, topicArn: string): string {
  return `aws sns ${call} --region ${topicArn.split(':')[3] ?? ''}`;
}

/** `check` is what the topic is called; `resource` is its policy in the template, `from` who must be able to publish. */
export type WantedPolicy = {
  readonly check: string;
  readonly arn: string;
  readonly resource: string;
  readonly from: 'alarms' | 'functions';
};

/** `reading` is the policy, parsed; `undefined` = there is none. */
export function judgeTopicPolicy(
  reading: Reading<unknown>,
  { check, arn, resource, from }: WantedPolicy,
  asked: Asked = {},
): readonly Check[] {
  const [, , , region = '', account = ''] = arn.split(':');
  const isAlarm = from === 'alarms';
  const publish = (secure: boolean) => ({
    principal: isAlarm ? 'cloudwatch.amazonaws.com' : `arn:aws:iam::${account}:role/a-function`,
    action: 'sns:Publish',
    resource: arn,
    context: {
      'aws:SecureTransport': String(secure),
      'aws:SourceAccount': account,
      'aws:SourceOwner': account,
    },
  });
  return judgeReading(check, reading, (policy) => {
    const put = `aws sns set-topic-attributes --region ${region} --cli-input-json ${printed(`stack-resource ${resource}`, asked)}`;
    const repair = command('topic-policy', put);
    const answer = decide(policy, publish(true));
    if (answer === 'unsure') {
      const text = `its policy has conditions that are not understood here; they decide whether ${from} can publish`;
      return [{ check, status: 'unknown', says: text, fix: repair }];
    }
    // A function may by its role; a service only by the policy of the topic.
    const isShut = answer === 'deny' || (isAlarm && answer !== 'allow');
    if (isShut)
      return [fail(check, `its policy lets no ${isAlarm ? 'alarm' : 'alert'} through`, repair)];
    if (decide(policy, publish(false)) !== 'deny')
      return [warn(check, 'its policy lets messages be published without TLS', repair)];
    return [ok(check, `its policy lets ${from} publish, by TLS only`)];
  });
}
