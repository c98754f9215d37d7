// The https addresses of the config as channels: each is posted to by the function itself, with a deadline. Chats and
// programs get one JSON body, of which each shows or reads what it knows.
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf } from '../aws/client.ts';
import type { Alerts } from '../config/config.ts';
import { CHANNEL_KEYS, hooksOf } from '../config/recipients.ts';
import type { Message } from '../messages/compose-message.ts';
import { type Channel, RefusalError } from '../monitor/notify.ts';

const TRIES = 2;

/** Why a try was refused; one that `mayPass` is tried once more. */
type Refusal = { readonly reason: string; readonly mayPass: boolean };

/**
 * One channel for each address. The address is a secret, since anyone who has it may post: no error holds more of it
 * than its host. `send` throws `RefusalError` when two tries of `deadlineMs` each, `pauseMs` apart, did not take the
 * message.
 */
export function hookChannels(
  alerts: Alerts,
  { deadlineMs = 5_000, pauseMs = 500 } = {},
): Channel[] {
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
        await sleep(pauseMs);
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

// Discord refuses more than 2,000 characters, Slack advises no more than 4,000; the subject before the text takes 200.
const CONTENT_BOUND = 1_750;
const TEXT_BOUND = 3_750;
const CUT = '\n[cut here: rollcall check has the rest]';

/**
 * The JSON of a post: Slack and Mattermost show `text`, Discord `content`, and programs read the members that they
 * know. A Teams workflow takes `card`s alone, which the others would refuse: `isTeams` adds one. Sources: Slack
 * "Sending messages using incoming webhooks"; Mattermost "Incoming webhooks"; Discord "Execute Webhook"; Microsoft
 * "Create incoming webhooks with Workflows for Microsoft Teams".
 */
export function composeHookBody(message: Message, isTeams: boolean): string {
  const { subject, text, urgency, severity } = message;
  return JSON.stringify({
    version: 1,
    ...{ urgency, severity: severity ?? (urgency === 'alert' ? 'critical' : 'info') },
    subject,
    text: composeChat(subject, text, TEXT_BOUND),
    content: composeChat(subject, text, CONTENT_BOUND),
    // Discord: whatever is in the text, it mentions nobody.
    allowed_mentions: { parse: [] },
    ...(isTeams ? { type: 'message', attachments: [composeCard(subject, text)] } : {}),
  });
}

/** The text as code, so that its columns stand and nothing in it is taken for markup. */
function composeChat(subject: string, text: string, bound: number): string {
  return `${disarm(subject)}\n\`\`\`\n${clip(disarm(text.trimEnd()), bound)}\n\`\`\``;
}

/** A name out of a bucket must neither end the code nor be a mention or a link of Slack's, which are `<...>`. */
function disarm(text: string): string {
  return text.replaceAll('```', "'''").replace(/<(?=\S)/g, '< ');
}

function clip(text: string, bound: number): string {
  return text.length <= bound ? text : `${text.slice(0, bound - CUT.length)}${CUT}`;
}

function composeCard(subject: string, text: string) {
  const block = (words: string, more: object) => ({
    type: 'TextBlock',
    ...{ text: words, wrap: true, ...more },
  });
  return {
    contentType: 'application/vnd.microsoft.card.adaptive',
    content: {
      type: 'AdaptiveCard',
      version: '1.4',
      body: [
        block(subject, { weight: 'Bolder' }),
        block(clip(text.trimEnd(), TEXT_BOUND), { fontType: 'Monospace' }),
      ],
    },
  };
}
