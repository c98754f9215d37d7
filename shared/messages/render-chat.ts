// What is posted to a webhook: a message as each service wants it, within what it takes.
import type { WebhookFormat } from '../config/config.ts';
import { formatAt } from '../config/recipients.ts';
import type { Severity } from '../rules/finding.ts';
import type { Message, ProblemEvent } from './message-tree.ts';
import { clip, toAscii } from './plain-text.ts';
import { renderText } from './render-text.ts';

// Of characters. Slack takes 40,000 and shows 4,000; Discord refuses more than 2,000 in `content` and 4,096 in the
// description of an embed. A card must stay under 28 kB: of it the lines may take so many bytes.
const TEXT_BOUND = 3_750;
const CONTENT_BOUND = 1_750;
const CARD_BOUND = 25_000;

/** One request; `body` is JSON. */
export type Post = {
  readonly url: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** It answers with JSON: a web page comes from elsewhere, such as a login of a network. Slack's own `ok` says HTML. */
  readonly isApi?: true;
};

/** One message for a chat; for a pager one post for each of its events, the worst first: none, where those of others last. */
export function composePosts(
  message: Message,
  { format, url, key }: { format: WebhookFormat; url: string; key?: string | undefined },
): Post[] {
  if (format === 'pagerduty')
    return composeIncidents(message, key ?? '').map((body) => ({ url, body, isApi: true }));
  if (format === 'ntfy') {
    const slash = url.lastIndexOf('/');
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return composeNotes(message, url.slice(slash + 1)).map((body) => ({
      ...{ url: url.slice(0, slash + 1), body, headers, isApi: true },
    }));
  }
  return [{ url, body: composePost(message, format, url) }];
}

/**
 * The JSON of a post to a chat. Sources: Slack "Sending messages using incoming webhooks", "Formatting message text"; Discord
 * "Webhook Resource: Execute Webhook", "Embed Limits"; Microsoft "Create incoming webhooks with Workflows for Microsoft
 * Teams", "Text features in Adaptive Cards".
 */
function composePost(
  message: Message,
  format: Exclude<WebhookFormat, 'ntfy' | 'pagerduty'>,
  url: string,
): object {
  const { subject, severity } = message;
  switch (format) {
    case 'slack':
      return { text: composeCode(message, escapeSlack), unfurl_links: false };
    case 'discord':
      return {
        content: disarm(subject),
        // Whatever is in the text, it mentions nobody.
        allowed_mentions: { parse: [] },
        embeds: [
          { description: composeCode({ ...message, subject: '' }), color: COLORS[severity] },
        ],
      };
    case 'teams':
      return composeCard(message);
    case 'json':
      return {
        version: 1,
        ...{ urgency: message.urgency, severity, subject },
        // Slack and Mattermost show `text`, Discord `content`; programs read the members that they know.
        text: composeCode(message, spaceTags),
        content: composeCode(message, spaceTags, CONTENT_BOUND),
        allowed_mentions: { parse: [] },
        // A Teams workflow takes cards alone, which the others would refuse.
        ...(formatAt(url) === 'teams' ? composeCard(message) : {}),
      };
  }
}

const COLORS: Readonly<Record<Severity, number>> = {
  critical: 0xbb0000,
  warning: 0xbb7700,
  info: 0x008800,
};

/** The text as code, so that its columns stand and nothing in it is taken for markup. */
function composeCode(
  { subject, blocks }: Pick<Message, 'subject' | 'blocks'>,
  clean = (text: string) => text,
  bound = TEXT_BOUND,
): string {
  const safe = (text: string) => disarm(clean(text));
  const text = renderText({ blocks }, bound, (some) => safe(some).length);
  const code = `\`\`\`\n${safe(text.trimEnd())}\n\`\`\``;
  return subject === '' ? code : `${safe(subject)}\n${code}`;
}

/** What would end the code. */
function disarm(text: string): string {
  return text.replaceAll('```', "'''");
}

/** Slack's mentions and links are `<...>`. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function spaceTags(text: string): string {
  return text.replace(/<(?=\S)/g, '< ');
}

/** Each line is a block: a card runs lines of one block together. Blanks that do not break keep the columns. */
function composeCard(message: Message) {
  const { subject, severity } = message;
  const block = (words: string, more: object) => ({
    type: 'TextBlock',
    ...{ text: unlink(words), wrap: true, ...more },
  });
  const line = (words: string) => words.replace(/^ +| {2,}/g, (run) => '\u00a0'.repeat(run.length));
  const linesOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((words) => block(line(words) || '\u00a0', { fontType: 'Monospace', spacing: 'None' }));
  const sizeOf = (text: string) => new TextEncoder().encode(JSON.stringify(linesOf(text))).length;
  const text = renderText(message, CARD_BOUND, sizeOf);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            block(subject, { weight: 'Bolder', color: CARD_COLORS[severity] }),
            ...linesOf(text),
          ],
        },
      },
    ],
  };
}

const CARD_COLORS: Readonly<Record<Severity, string>> = {
  ...{ critical: 'Attention', warning: 'Warning', info: 'Default' },
};

/** A card knows links, lists and emphasis; names out of a bucket must be none of these. */
function unlink(text: string): string {
  return text.replace(/\](?=\()/g, '] ');
}

const SUMMARY_BOUND = 1_024;
const DETAILS_BOUND = 20_000;

/**
 * Source: PagerDuty "Send an Alert Event": a trigger opens an alert or adds to an open one of its key, and a resolve ends
 * it; one that fits no alert is dropped. So a digest resolves what was never opened: that is taken only if the key is
 * right, and wakes nobody.
 */
function composeIncidents(message: Message, routingKey: string): object[] {
  const { events, urgency } = message;
  const close = (dedup: string) => ({
    ...{ routing_key: routingKey, event_action: 'resolve', dedup_key: dedup },
  });
  if (events.length === 0) {
    return urgency === 'alert' ? [] : [close('rollcall digest')];
  }
  return events.map((event) => {
    const { key, news, who, kind, says, step, runbook } = event;
    if (news === 'over') return close(key);
    return {
      ...{ routing_key: routingKey, event_action: 'trigger', dedup_key: key, client: 'Rollcall' },
      payload: {
        summary: clip(`${titleOf(event)}: ${says}`, SUMMARY_BOUND),
        ...{ source: who === '' ? 'rollcall' : who, severity: event.severity, class: kind },
        custom_details: {
          says: clip(says, DETAILS_BOUND),
          ...(step !== undefined && { 'do now': step }),
          ...(runbook !== undefined && { runbook }),
        },
      },
    };
  });
}

// Of bytes, and the texts are ASCII: what is longer becomes a file that is attached.
const NOTE_BOUND = 4_000;
const TITLE_BOUND = 250;

/** Source: ntfy "Publish as JSON", "Updating + deleting notifications": one of the same sequence takes its place. */
function composeNotes(message: Message, topic: string): object[] {
  const { subject, events, urgency, severity } = message;
  if (events.length === 0 && urgency === 'alert') return [];
  if (events.length === 0) {
    const text = clip(renderText(message, NOTE_BOUND), NOTE_BOUND);
    return [{ topic, title: subject, message: text, priority: 2, tags: [TAGS[severity]] }];
  }
  return events.map((event) => {
    const { key, news, says, step, runbook } = event;
    const isOver = news === 'over';
    const text = toAscii(says) || toAscii(titleOf(event));
    const steps = step === undefined || isOver ? '' : `\nDo now: ${toAscii(step)}`;
    return {
      ...{ topic, title: clip(titleOf(event), TITLE_BOUND), sequence_id: key },
      message: `${clip(text, NOTE_BOUND - Math.min(steps.length, 2_000))}${clip(steps, 2_000)}`,
      priority: isOver ? 3 : PRIORITIES[event.severity],
      tags: [isOver ? TAGS.info : TAGS[event.severity]],
      ...(runbook?.startsWith('https://') && { click: runbook }),
    };
  });
}

const PRIORITIES: Readonly<Record<Severity, number>> = { critical: 5, warning: 3, info: 2 };
const TAGS: Readonly<Record<Severity, string>> = {
  ...{ critical: 'rotating_light', warning: 'warning', info: 'white_check_mark' },
};

/** `web MISSING`, `12 hosts MISSING`, `alarm channel DEAD`. */
function titleOf({ who, label }: ProblemEvent): string {
  return `${who} ${label}`.trim();
}
