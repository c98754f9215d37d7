// Who on the roll is told by a topic, and not by a mail of our own.
import type { Alerts } from './roster.ts';

/** One subscription as the roll asks for it. */
export type Subscriber = {
  readonly protocol: 'email' | 'sms' | 'https';
  readonly endpoint: string;
};

const by = (protocol: Subscriber['protocol'], endpoints: readonly string[]): Subscriber[] =>
  endpoints.map((endpoint) => ({ protocol, endpoint }));

/** With a sender, mail goes by SES itself: one mail a person and run, and a better one. */
export function alertSubscribers({ from, mail, sms, https }: Alerts): Subscriber[] {
  return [...by('email', from === undefined ? mail : []), ...by('https', https), ...by('sms', sms)];
}

/** A roll without a mail address still has somebody to tell that the checks have stopped. */
export function opsSubscribers({ ops, sms, https }: Alerts): Subscriber[] {
  return ops.length > 0 ? by('email', ops) : [...by('sms', sms), ...by('https', https)];
}
