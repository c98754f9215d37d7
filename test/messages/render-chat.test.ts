// Each format is held to what its service takes, as its own pages say; the sources stand next to it.
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WEBHOOK_FORMATS, type WebhookFormat } from '../../shared/config/config.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import type { Block, Message } from '../../shared/messages/message-tree.ts';
import { composePost } from '../../shared/messages/render-chat.ts';

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
const members = (properties: Record<string, object>, required: string[]) => ({
  ...{ type: 'object', additionalProperties: false, properties, required },
});

/** What each service takes of what is posted to it. */
const TAKES: Readonly<Record<Exclude<WebhookFormat, 'json'>, object>> = {
  // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; "Truncating content" in
  // https://docs.slack.dev/changelog/2018-truncating-really-long-messages: best within 4,000.
  slack: members({ text: text(4_000), unfurl_links: { const: false } }, ['text']),
  // https://discord.com/developers/docs/resources/webhook#execute-webhook, .../resources/message#embed-object-embed-limits
  discord: members(
    {
      content: text(2_000),
      allowed_mentions: members({ parse: { type: 'array', maxItems: 0 } }, ['parse']),
      embeds: {
        type: 'array',
        maxItems: 10,
        items: members(
          { description: text(4_096), color: { type: 'integer', minimum: 0, maximum: 0xffffff } },
          [],
        ),
      },
    },
    ['content', 'allowed_mentions'],
  ),
  // https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, "Send Adaptive
  // Cards"; the elements by https://adaptivecards.io/schemas/adaptive-card.json, version 1.4.
  teams: members(
    {
      type: { const: 'message' },
      attachments: {
        ...{ type: 'array', minItems: 1, maxItems: 1 },
        items: members(
          {
            contentType: { const: 'application/vnd.microsoft.card.adaptive' },
            content: members(
              {
                $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
                ...{ type: { const: 'AdaptiveCard' }, version: { const: '1.4' } },
                msteams: { const: { width: 'Full' } },
                body: {
                  type: 'array',
                  items: members(
                    {
                      ...{ type: { const: 'TextBlock' }, text: text(10_000) },
                      wrap: { const: true },
                      weight: { enum: ['Default', 'Lighter', 'Bolder'] },
                      color: { enum: ['Default', 'Attention', 'Warning', 'Good'] },
                      fontType: { enum: ['Default', 'Monospace'] },
                      spacing: { enum: ['Default', 'None', 'Small'] },
                    },
                    ['type', 'text'],
                  ),
                },
              },
              ['type', 'version', 'body'],
            ),
          },
          ['contentType', 'content'],
        ),
      },
    },
    ['type', 'attachments'],
  ),
};

const blocksOf = (text: string): Block[] => [{ kind: 'note', text: '', lines: text.split('\n') }];
const message = ({
  text = 'a',
  ...override
}: Partial<Message> & { text?: string } = {}): Message => ({
  ...composeMessage({
    ...{ subject: 'web MISSING', urgency: 'digest', severity: 'warning' },
    blocks: blocksOf(text),
  }),
  ...override,
});
// As a receiver reads it.
const post = (one: Message, format: WebhookFormat, url = 'https://hook.example/x') =>
  JSON.parse(JSON.stringify(composePost(one, format, url)));
const valid = new Ajv();

const nasty = fc.constantFrom(
  ...['```', '<!channel>', '<@U1>', '<https://x|y>', '`', '@here', '@everyone', '<', '&lt;'],
  ...['[pay](https://x.example)', '\n', '  ', '**', '](', '\\', '{{x}}', '<at>ops</at>'],
);
const messages = fc
  .tuple(fc.array(fc.oneof(nasty, fc.string()), { maxLength: 2_000 }), fc.string())
  .map(([parts, subject]) =>
    composeMessage({
      ...{ subject, urgency: 'alert', severity: 'critical' },
      blocks: blocksOf(parts.join('')),
    }),
  );

describe('composePost', () => {
  it.each(Object.keys(TAKES) as (keyof typeof TAKES)[])(
    'makes what the service takes, whatever the text: %s',
    (format) => {
      const isTaken = valid.compile(TAKES[format]);
      fc.assert(
        fc.property(messages, (one) => {
          const body = post(one, format);
          expect(isTaken(body), JSON.stringify(isTaken.errors)).toBe(true);
          // Teams: "the message size limit is 28 KB".
          expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(28_000);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(WEBHOOK_FORMATS)(
    'mentions nobody, links nowhere and ends its code once: %s',
    (format) => {
      fc.assert(
        fc.property(messages, (one) => {
          const body = post(one, format);
          const shown =
            format === 'teams'
              ? body.attachments[0].content.body.map(({ text }: { text: string }) => text)
              : [body.text, body.content, body.embeds?.[0].description].filter(Boolean);
          for (const text of shown) {
            if (format === 'slack' || format === 'json') expect(text).not.toMatch(/<[!@#h]/);
            if (format === 'teams') expect(text).not.toContain('](');
            else if (text.includes('```')) expect(text.split('```')).toHaveLength(3);
          }
          if (format === 'discord') expect(body.allowed_mentions).toEqual({ parse: [] });
        }),
        { numRuns: 60 },
      );
    },
  );

  it('cuts whole lines at the end, where the least bad stands, and counts them', () => {
    const lines = Array.from({ length: 1_000 }, (_, at) => `host-${at} MISSING`);
    const one = message({ text: `${lines.join('\n')}\n` });
    for (const [format, shown] of [
      ['slack', post(one, 'slack').text],
      ['discord', post(one, 'discord').embeds[0].description],
      ['json', post(one, 'json').content],
    ]) {
      const hosts = shown.match(/^host-\d+ MISSING$/gm) ?? [];
      const [, more] =
        /\[cut here: (\d+) more lines are in `rollcall check`\]\n```$/.exec(shown) ?? [];
      expect(hosts[0], format).toBe('host-0 MISSING');
      expect(hosts.length + Number(more), format).toBe(1_000);
      expect(hosts.length).toBeGreaterThan(50);
    }
  });

  it('shows an operator what the text says, in Slack and Discord as code', () => {
    const one = message({ text: 'web <a@b> & co\n  Do now: ssh web\n' });
    expect(post(one, 'slack')).toEqual({
      text: '[backup] web MISSING\n```\nweb &lt;a@b&gt; &amp; co\n  Do now: ssh web\n```',
      unfurl_links: false,
    });
    expect(post(one, 'discord')).toEqual({
      content: '[backup] web MISSING',
      allowed_mentions: { parse: [] },
      embeds: [{ description: '```\nweb <a@b> & co\n  Do now: ssh web\n```', color: 0xbb7700 }],
    });
    const [{ content }] = post(one, 'teams').attachments;
    expect(content.body.map(({ text }: { text: string }) => text)).toEqual([
      '[backup] web MISSING',
      'web <a@b> & co',
      '\u00a0\u00a0Do now: ssh web',
    ]);
  });

  it('has all that chats show and programs read in json, and a card where a workflow of Teams is', () => {
    const body = {
      version: 1,
      urgency: 'digest',
      severity: 'warning',
      subject: '[backup] web MISSING',
      text: '[backup] web MISSING\n```\na\n```',
      content: '[backup] web MISSING\n```\na\n```',
      allowed_mentions: { parse: [] },
    };
    expect(post(message(), 'json')).toEqual(body);
    const teams = 'https://prod-1.westeurope.logic.azure.com/workflows/x';
    expect(post(message(), 'json', teams)).toEqual({ ...body, ...post(message(), 'teams') });
  });
});
