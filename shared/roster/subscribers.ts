// Who is notified, and who of them by a topic, and not by a mail of our own.
import type { Alerts } from './roster.ts';

/** One subscription as the roll asks for it. */
export type Subscriber = {
  readonly protocol: 'email' | 'sms';
  readonly endpoint: string;
};

const by = (protocol: Subscriber['protocol'], endpoints: readonly string[]): Subscriber[] =>
  endpoints.map((endpoint) => ({ protocol, endpoint }));

/**
 * Whether somebody hears of a bad host: by mail, SMS or https. `ops` hears of trouble with the monitor alone, and a
 * heartbeat notifies no person. `none` = hosts.yml says that nobody is to hear; `missing` = it says nothing.
 */
export function recipientsOf({ none, mail, sms, https }: Alerts): 'some' | 'none' | 'missing' {
  if (mail.length + sms.length + https.length > 0) return 'some';
  return none === true ? 'none' : 'missing';
}

/** What a config with recipients `missing` gets to read, and what to do about it. */
export const NOBODY_NOTIFIED = {
  says: 'nobody is notified of a bad host: "alerts" has no mail, no sms and no https',
  fix: 'write into hosts.yml: alerts: { mail: [you@example.net] }; or, to notify nobody: alerts: none',
} as const;

/** The same for one with https addresses alone. */
export const NO_OPS = {
  says: 'nobody hears when the monitor itself stops: no https address can be told by CloudWatch',
  fix: 'write into hosts.yml, under "alerts": ops: [admin@example.net]',
} as const;

/** With a sender, mail goes by SES itself: one mail a person and run, and a better one. */
export function alertSubscribers({ from, mail, sms }: Alerts): Subscriber[] {
  return [...by('email', from === undefined ? mail : []), ...by('sms', sms)];
}

/**
 * A roll without a mail address still has somebody to tell that the checks have stopped, if it has a telephone. An
 * https address has none: CloudWatch rings this topic when no function runs, and SNS posts only to who confirms.
 */
export function opsSubscribers({ ops, sms }: Alerts): Subscriber[] {
  return ops.length > 0 ? by('email', ops) : by('sms', sms);
}

/** True for a number of the United States, and of Canada and others who share their code. */
export const isNorthAmerican = (phone: string): boolean => phone.startsWith('+1');

/** Source: SNS Developer Guide, "Supported Regions and countries": effective August 31, 2023. */
export const US_RULE = {
  says: 'carriers of the United States and its territories take texts only from a number of your own, 10DLC or toll-free',
  fix: 'request one: AWS End User Messaging console, Phone numbers; it takes weeks. For other countries of +1, as Canada, see there',
} as const;

/** The https addresses, each once, with the name by which it is told of: its host, and a number from the second on. */
export function hooksOf({ https }: Alerts): { readonly name: string; readonly url: string }[] {
  const seen = new Map<string, number>();
  return [...new Set(https)].map((url) => {
    const { host } = new URL(url);
    const times = (seen.get(host) ?? 0) + 1;
    seen.set(host, times);
    return { name: `hook ${host}${times === 1 ? '' : ` #${times}`}`, url };
  });
}
