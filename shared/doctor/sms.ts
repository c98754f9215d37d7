// Do texts leave, and for how long in a month?
import type { Roster } from '../roster/roster.ts';
import { isNorthAmerican, opsSubscribers, US_RULE } from '../roster/subscribers.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

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
  { alerts, region }: Roster,
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
              'SNS console, Text messaging: "Exit SMS sandbox", or verify the numbers there',
            ),
          ]
        : []),
      ...silent.map((phone) =>
        fail(
          check,
          `${phone} has opted out, and gets no text`,
          `aws sns opt-in-phone-number --phone-number ${phone}`,
          [phone],
        ),
      ),
      ...(spendLimit <= FIRST_LIMIT
        ? [
            warn(
              check,
              `texts stop at ${spendLimit} USD a month, which is some ten of them`,
              'ask AWS Support for a higher SMS spend limit, then: aws sns set-sms-attributes --attributes MonthlySpendLimit=20',
            ),
          ]
        : []),
      ...(american.length > 0 && hasUsNumber === false
        ? [warn(check, `${american.join(', ')}: ${US_RULE.says}`, US_RULE.fix)]
        : []),
      ...(textsOps && defaultType !== 'Transactional'
        ? [
            warn(
              check,
              'texts of alarms go out as promotional ones, which AWS calls noncritical',
              `aws sns set-sms-attributes --attributes DefaultSMSType=Transactional --region ${region}`,
            ),
          ]
        : []),
    ];
    return checks.length > 0
      ? checks
      : [ok(check, `out of the sandbox, up to ${spendLimit} USD a month`)];
  });
}
