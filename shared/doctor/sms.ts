// Do texts leave, and for how long in a month?
import type { Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** What SNS says of text messages; `spendLimit` in US dollars a month, `undefined` where AWS's own of 1 holds. */
export type SmsAccount = {
  readonly inSandbox: boolean;
  readonly spendLimit: number | undefined;
  readonly optedOut: readonly string[];
};

const FIRST_LIMIT = 1;

export function judgeSms(reading: Reading<SmsAccount>, { alerts }: Roster): readonly Check[] {
  const check = 'sms';
  if (alerts.sms.length === 0) return [];
  return judgeReading(check, reading, ({ inSandbox, spendLimit = FIRST_LIMIT, optedOut }) => {
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
    ];
    return checks.length > 0
      ? checks
      : [ok(check, `out of the sandbox, up to ${spendLimit} USD a month`)];
  });
}
