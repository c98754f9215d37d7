// What each service takes of what is posted to it, as its own pages say; the sources stand next to it.
import type { WebhookFormat } from '../../shared/config/config.ts';

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
const members = (properties: Record<string, object>, required: string[]) => ({
  ...{ type: 'object', additionalProperties: false, properties, required },
});

/** What each service takes of what is posted to it. */
export const TAKES: Readonly<Record<WebhookFormat, object>> = {
  // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; "Truncating content" in
  // https://docs.slack.dev/changelog/2018-truncating-really-long-messages: best within 4,000.
  slack: members({ text: text(4_000), unfurl_links: { const: false } }, ['text']),
  // https://discord.com/developers/docs/resources/webhook#execute-webhook, .../resources/message#embed-object-embed-limits;
  // IncomingWebhookRequestPartial of github.com/discord/discord-api-spec, specs/openapi.json.
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
  // https://developer.pagerduty.com/docs/send-alert-event; github.com/PagerDuty/developer-docs, 02-Trigger-Events.md
  pagerduty: {
    type: 'object',
    properties: {
      routing_key: { type: 'string', minLength: 32, maxLength: 32 },
      event_action: { enum: ['trigger', 'acknowledge', 'resolve'] },
      dedup_key: text(255),
      client: { type: 'string' },
      payload: members(
        {
          ...{ summary: text(1_024), source: text(255), class: text(255) },
          severity: { enum: ['critical', 'error', 'warning', 'info'] },
          custom_details: { type: 'object' },
        },
        ['summary', 'source', 'severity'],
      ),
    },
    additionalProperties: false,
    required: ['routing_key', 'event_action', 'dedup_key'],
    if: { properties: { event_action: { const: 'trigger' } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
    then: { required: ['payload'] },
  },
  // https://docs.ntfy.sh/publish/#publish-as-json; a topic and a sequence have 64 characters at most, and a message that
  // is longer than 4,096 bytes becomes an attachment.
  ntfy: members(
    {
      ...{
        topic: { type: 'string', pattern: '^[-_A-Za-z0-9]{1,64}$' },
        sequence_id: { type: 'string', pattern: '^[-_A-Za-z0-9]{1,64}$' },
      },
      ...{
        title: text(250),
        message: text(4_096),
        click: { type: 'string', pattern: '^https://' },
      },
      priority: { enum: [1, 2, 3, 4, 5] },
      tags: { type: 'array', items: { type: 'string' } },
    },
    ['topic', 'message'],
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
  // docs/setup.md: Slack, Mattermost and Discord show it as it is, and programs read what they know of it.
  json: {
    type: 'object',
    properties: {
      ...{ version: { const: 1 }, urgency: { enum: ['alert', 'digest', 'test'] } },
      ...{ severity: { enum: ['critical', 'warning', 'info'] }, subject: text(99) },
      ...{ text: text(4_000), content: text(2_000) },
      allowed_mentions: members({ parse: { type: 'array', maxItems: 0 } }, ['parse']),
    },
    required: ['version', 'urgency', 'severity', 'subject', 'text', 'content', 'allowed_mentions'],
  },
};
