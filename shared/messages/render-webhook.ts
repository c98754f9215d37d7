// A message as chats and programs take it at an https address: one JSON body for all of them.
import type { Message } from './compose-message.ts';

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
