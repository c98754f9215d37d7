// May we mail, and to everybody on the roll?
import type { Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** The account's SES, as far as it concerns the sender and the recipients of the roll. */
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

export function judgeMail(
  reading: Reading<MailAccount>,
  { alerts, region }: Roster,
): readonly Check[] {
  const check = 'mail';
  const { from, mail } = alerts;
  if (from === undefined) return [];
  return judgeReading(check, reading, (account) => {
    const { sendingEnabled, inSandbox, perDay, suppressed } = account;
    const verified = (address: string) =>
      [address, domainOf(address)].some((one) => account.verified.includes(one));
    const verify = (address: string) =>
      `aws ses verify-email-identity --email-address ${address} --region ${region}, and click the link`;
    const refused = inSandbox ? mail.filter((address) => !verified(address)) : [];
    const checks = [
      ...(sendingEnabled
        ? []
        : [
            fail(
              check,
              'SES has paused sending for this account',
              'see the SES console, Account dashboard: AWS says why',
              mail,
            ),
          ]),
      ...(verified(from)
        ? []
        : [
            fail(
              check,
              `the sender ${from} is not verified: every mail is refused`,
              verify(from),
              mail,
            ),
          ]),
      ...refused.map((address) =>
        fail(
          check,
          `${address} is not verified, and the account is in the SES sandbox: it gets no mail`,
          `ask for production access in the SES console, or: ${verify(address)}`,
          [address],
        ),
      ),
      ...suppressed.map((address) =>
        fail(
          check,
          `${address} is on the suppression list: SES takes its mail, and drops it`,
          `is the mailbox alive? then: aws sesv2 delete-suppressed-destination --email-address ${address} --region ${region}`,
          [address],
        ),
      ),
      ...(inSandbox && refused.length === 0
        ? [
            warn(
              check,
              'the account is in the SES sandbox: only verified addresses get any mail',
              'ask for production access in the SES console',
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
