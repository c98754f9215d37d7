// Does each topic reach whom the roll names, and nobody else?
import { count } from '../report/plain-text.ts';
import type { Subscriber } from '../roster/subscribers.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** A subscription as it stands; nothing is delivered to it until it is confirmed. */
export type Subscription = {
  readonly protocol: string;
  readonly endpoint: string;
  readonly confirmed: boolean;
};

/** `check` is what the topic is called; `wanted` is whom the roll names for it. */
export function judgeSubscriptions(
  check: string,
  reading: Reading<readonly Subscription[]>,
  wanted: readonly Subscriber[],
): readonly Check[] {
  return judgeReading(check, reading, (found) => {
    const isSame = (a: { protocol: string; endpoint: string }, b: Subscriber) =>
      a.protocol === b.protocol && a.endpoint.toLowerCase() === b.endpoint.toLowerCase();
    const checks = [
      ...wanted.flatMap((one) =>
        judgeOne(
          check,
          one,
          found.filter((other) => isSame(other, one)),
        ),
      ),
      ...found
        .filter((one) => !wanted.some((other) => isSame(one, other)))
        .map(({ protocol, endpoint }) =>
          warn(
            check,
            `${protocol} ${showEndpoint(endpoint)} is subscribed, and is not on the roll`,
            'add it to "alerts" in hosts.yml, or take it away: aws sns unsubscribe',
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

/** Of an https address its host alone: whoever knows the rest may post there. */
export function showEndpoint(endpoint: string): string {
  return URL.parse(endpoint)?.host || endpoint;
}

function judgeOne(
  check: string,
  { protocol, endpoint }: Subscriber,
  found: readonly Subscription[],
): Check[] {
  if (found.some(({ confirmed }) => confirmed)) return [];
  if (found.length === 0) {
    return [
      fail(
        check,
        `${protocol} ${endpoint} is on the roll, and not subscribed: it hears nothing`,
        'npx serverless deploy',
        [endpoint],
      ),
    ];
  }
  return [
    fail(
      check,
      `${protocol} ${endpoint} has not confirmed, and hears nothing`,
      'click the link in the mail from AWS; after three days it is gone: take the address out, deploy, put it back, deploy',
      [endpoint],
    ),
  ];
}
