// May we mail, and to everybody on the roll?
import type { Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** SES as version 1 of its interface tells it. */
export type MailAccount = {
  readonly sendingEnabled: boolean;
  readonly perDay: number;
  /** Of addresses and domains: `Success`, `Pending`, ...; without an entry it was never asked for. */
  readonly identities: Readonly<Record<string, string>>;
};

/** What a new account may send. Nothing in version 1 says "sandbox"; this number does. */
const SANDBOX_PER_DAY = 200;

/** The identities whose state matters: the sender, the recipients, and their domains. */
export function mailIdentities({ alerts }: Roster): string[] {
  const addresses = [...(alerts.from === undefined ? [] : [alerts.from]), ...alerts.mail];
  return [...new Set(addresses.flatMap((address) => [address, domainOf(address)]))];
}

export function judgeMail(
  reading: Reading<MailAccount>,
  { alerts, region }: Roster,
): readonly Check[] {
  const check = 'mail';
  const { from, mail } = alerts;
  if (from === undefined) return [];
  return judgeReading(check, reading, ({ sendingEnabled, perDay, identities }) => {
    const verified = (address: string) =>
      [address, domainOf(address)].some((one) => identities[one] === 'Success');
    const verify = (address: string) =>
      `aws ses verify-email-identity --email-address ${address} --region ${region}, and click the link`;
    const sandbox = perDay <= SANDBOX_PER_DAY;
    const refused = sandbox ? mail.filter((address) => !verified(address)) : [];
    const checks = [
      ...(sendingEnabled
        ? []
        : [
            fail(
              check,
              'SES has paused sending for this account',
              'see the SES console, Account dashboard: AWS says why',
            ),
          ]),
      ...(verified(from)
        ? []
        : [fail(check, `the sender ${from} is not verified: every mail is refused`, verify(from))]),
      ...refused.map((address) =>
        fail(
          check,
          `${address} is not verified, and the account is in the SES sandbox: it gets no mail`,
          `ask for production access in the SES console, or: ${verify(address)}`,
        ),
      ),
      ...(sandbox && refused.length === 0
        ? [
            warn(
              check,
              `SES allows ${perDay} mails a day, as in its sandbox: only verified addresses get any`,
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

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
