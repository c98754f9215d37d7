// The https addresses of the config as channels: each is posted to by the function itself, with a deadline.
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf } from '../aws/client.ts';
import type { Alerts } from '../config/config.ts';
import { CHANNEL_KEYS, hooksOf } from '../config/recipients.ts';
import { composeHookBody } from '../messages/render-webhook.ts';
import { type Channel, RefusalError } from '../monitor/notify.ts';

const DEADLINE_MS = 5_000;
const TRIES = 2;
const PAUSE_MS = 500;

/** Why a try was refused; one that `mayPass` is tried once more. */
type Refusal = { readonly reason: string; readonly mayPass: boolean };

/**
 * One channel for each address. The address is a secret, since anyone who has it may post: no error holds more of it
 * than its host. `send` throws `RefusalError` when two tries of `deadlineMs` each did not take the message.
 */
export function hookChannels(alerts: Alerts, deadlineMs = DEADLINE_MS): Channel[] {
  // Where there are others, they tell of an address that refuses; alone, only a run that fails can.
  const isReported = CHANNEL_KEYS.some((key) => key !== 'https' && alerts[key].length > 0);
  return hooksOf(alerts).map(({ name, url }) => ({
    name,
    isReported,
    send: async (message) => {
      const body = composeHookBody(message, isTeams(url));
      for (let left = TRIES; ; left -= 1) {
        const refusal = await post(url, body, deadlineMs);
        if (refusal === undefined) return;
        if (left === 1 || !refusal.mayPass) throw new RefusalError(refusal.reason);
        await sleep(PAUSE_MS);
      }
    },
  }));
}

async function post(url: string, body: string, deadlineMs: number): Promise<Refusal | undefined> {
  try {
    const answer = await fetch(url, {
      ...{ method: 'POST', body, headers: { 'content-type': 'application/json' } },
      // Followed, the message would go to an address that nobody wrote into hosts.yml.
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    });
    await answer.body?.cancel();
    const { ok, status } = answer;
    if (ok) return undefined;
    const isRedirect = status >= 300 && status < 400;
    return {
      reason: `answers ${status}${isRedirect ? ', a redirect, which is not followed' : ''}`,
      mayPass: [408, 425, 429].includes(status) || status >= 500,
    };
  } catch (error) {
    const { name, cause } = error as Error;
    const reason =
      name === 'TimeoutError'
        ? `does not answer within ${deadlineMs / 1000} seconds`
        : `cannot be reached (${nameOf(cause ?? error)})`;
    return { reason, mayPass: true };
  }
}

/** The hosts at which Power Automate takes the posts of a Teams workflow. */
function isTeams(url: string): boolean {
  return /\.(?:logic\.azure|api\.powerplatform)\.com$/.test(new URL(url).hostname);
}
