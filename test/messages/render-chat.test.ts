// Each format is held to what its service takes.
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WEBHOOK_FORMATS, type WebhookFormat } from '../../shared/config/config.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import type { Block, Message, ProblemEvent, Tone } from '../../shared/messages/message-tree.ts';
import { composePosts } from '../../shared/messages/render-chat.ts';
import type { News } from '../../shared/rules/problem.ts';
import { TAKES } from '../support/webhook-schemas.ts';

const anEvent = (override: Partial<ProblemEvent> = {}): ProblemEvent => ({
  ...{
    key: 'AbCdEfGhIjKlMnOpQrStUv',
    news: 'new',
    who: 'web',
    label: override.news === 'over' ? 'OK AGAIN' : 'MISSING',
    kind: 'missing',
    severity: 'critical',
  },
  ...{ says: 'no full backup', step: 'ssh web', runbook: 'docs/runbook.md#missing', ...override },
});
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
const posts = (one: Message, format: WebhookFormat, url = 'https://hook.example/x') =>
  composePosts(one, { format, url, key: 'R'.repeat(32) }).map((made) => ({
    ...made,
    body: JSON.parse(JSON.stringify(made.body)),
  }));
const post = (one: Message, format: WebhookFormat, url?: string) =>
  posts(one, format, url)[0]?.body;
const valid = new Ajv();

const nasty = fc.constantFrom(
  ...['```', '<!channel>', '<@U1>', '<https://x|y>', '`', '@here', '@everyone', '<', '&lt;'],
  ...['[pay](https://x.example)', '\n', '  ', '**', '](', '\\', '{{x}}', '<at>ops</at>'],
);
const messages = fc
  .tuple(fc.array(fc.oneof(nasty, fc.string()), { maxLength: 2_000 }), fc.string())
  .chain(([parts, subject]) =>
    fc.subarray<News>(['new', 'over', 'reminder']).map((all) =>
      composeMessage({
        ...{ subject, urgency: 'alert', severity: 'critical' },
        blocks: blocksOf(parts.join('')),
        events: all.map((news) => anEvent({ news, says: parts.join(''), step: parts.join('') })),
      }),
    ),
  );

describe('composePost', () => {
  it.each(Object.keys(TAKES) as (keyof typeof TAKES)[])(
    'makes what the service takes, whatever the text: %s',
    (format) => {
      const isTaken = valid.compile(TAKES[format]);
      fc.assert(
        fc.property(messages, (one) => {
          const made = posts(one, format);
          for (const { body } of made)
            expect(isTaken(body), JSON.stringify([isTaken.errors, body])).toBe(true);
          const [{ body } = { body: {} }] = made;
          // Teams: "the message size limit is 28 KB".
          if (format === 'teams')
            expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(28_000);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(WEBHOOK_FORMATS.filter((one) => one !== 'ntfy' && one !== 'pagerduty'))(
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

  const shownIn: Readonly<Record<string, (one: Message) => string>> = {
    slack: (one) => post(one, 'slack').text,
    discord: (one) => post(one, 'discord').embeds[0].description,
    'json, for Discord': (one) => post(one, 'json').content,
    teams: (one) =>
      post(one, 'teams')
        .attachments[0].content.body.map(({ text }: { text: string }) => text)
        .join('\n'),
  };

  it.each(Object.entries(shownIn))('names the worst and counts the rest by kind: %s', (_, show) => {
    const rows = Array.from({ length: 1_000 }, (_, at) => ({
      ...{ tone: 'bad' as const, cells: [`host-${at}`, 'MISSING'], counted: 'MISSING' },
    }));
    const shown = show(message({ blocks: [{ kind: 'table', columns: [], rows }] }));
    const hosts = shown.match(/host-\d+/g) ?? [];
    const [, more, kinds] = /and (\d+) more \((\d+) MISSING\)/.exec(shown) ?? [];
    expect(hosts[0]).toBe('host-0');
    expect(hosts.length).toBeGreaterThan(50);
    expect(hosts.length + Number(more)).toBe(1_000);
    expect(more).toBe(kinds);
  });

  it.each(Object.entries(shownIn))('cuts no problem in two: %s', (_, show) => {
    const box = (label: string, tone: Tone, at: number): Block => ({
      ...{ kind: 'problem', tone, label, who: `host-${at}`, says: 'a sentence '.repeat(20).trim() },
      ...{
        facts: ['a fact '.repeat(30).trim()],
        steps: [`ssh host-${at} 'sudo rollcall-backup run'`],
      },
    });
    const blocks = Array.from({ length: 90 }, (_, at) =>
      at < 40
        ? box('MISSING', 'bad', at)
        : at < 80
          ? box('LATE', 'odd', at)
          : box('OK', 'good', at),
    );
    // What is worst is kept wherever it stands.
    blocks.push(box('TAMPERED', 'tampered', 90), { kind: 'note', text: 'the end' });
    const shown = show(message({ blocks })).replaceAll('\u00a0', ' ');
    const heads = shown.match(/^(?:MISSING|LATE|OK|TAMPERED) +host-\d+:/gm) ?? [];
    const steps = shown.match(/Do now: {2}ssh host-\d+ 'sudo rollcall-backup run'$/gm) ?? [];
    const [, more, kinds = ''] =
      /and (\d+)\s+more\s+\(([^)]*)\):\s+rollcall\s+check$/m.exec(shown) ?? [];
    expect(heads[0]).toBe('MISSING     host-0:');
    expect(heads.at(-1)).toBe('TAMPERED    host-90:');
    expect(steps).toHaveLength(heads.length);
    expect(heads.length + Number(more)).toBe(91);
    expect(kinds).toContain('40 LATE, ');
    expect(kinds).toContain('10 OK');
    expect(shown).toMatch(/the end(?:\n```)?$/);
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

  it('opens an alert of PagerDuty for each event, adds reminders to it and ends it by the same key', () => {
    const events = (['new', 'reminder', 'over'] as const).map((news) => anEvent({ news }));
    const made = posts(message({ urgency: 'alert', events }), 'pagerduty');
    expect(made.map(({ body }) => [body.event_action, body.dedup_key])).toEqual([
      ['trigger', 'AbCdEfGhIjKlMnOpQrStUv'],
      ['trigger', 'AbCdEfGhIjKlMnOpQrStUv'],
      ['resolve', 'AbCdEfGhIjKlMnOpQrStUv'],
    ]);
    expect(made[0]?.body.payload).toEqual({
      ...{ summary: 'web MISSING: no full backup', source: 'web', severity: 'critical' },
      class: 'missing',
      custom_details: {
        ...{ says: 'no full backup', 'do now': 'ssh web', runbook: 'docs/runbook.md#missing' },
      },
    });
  });

  it('wakes nobody of PagerDuty for a digest, and tries its key all the same', () => {
    expect(posts(message({ urgency: 'digest' }), 'pagerduty').map(({ body }) => body)).toEqual([
      { routing_key: 'R'.repeat(32), event_action: 'resolve', dedup_key: 'rollcall digest' },
    ]);
    // All that it tells is of an incident that others keep open.
    expect(posts(message({ urgency: 'alert' }), 'pagerduty')).toEqual([]);
    expect(posts(message({ urgency: 'alert' }), 'ntfy')).toEqual([]);
  });

  it('sends a note of ntfy for each event, of which the last takes the place of the first', () => {
    const url = 'https://push.example/ops/backups';
    const events = [anEvent(), anEvent({ news: 'over', says: 'full done 11:02' })];
    const made = composePosts(message({ events }), { format: 'ntfy', url, key: 'tk_SECRET' });
    expect(made).toEqual([
      {
        url: 'https://push.example/ops/',
        headers: { authorization: 'Bearer tk_SECRET' },
        isApi: true,
        body: {
          ...{ topic: 'backups', title: 'web MISSING' },
          ...{ message: 'no full backup\nDo now: ssh web', sequence_id: 'AbCdEfGhIjKlMnOpQrStUv' },
          ...{ priority: 5, tags: ['rotating_light'] },
        },
      },
      expect.objectContaining({
        body: expect.objectContaining({
          ...{ title: 'web OK AGAIN', sequence_id: 'AbCdEfGhIjKlMnOpQrStUv' },
          ...{ priority: 3, tags: ['white_check_mark'] },
        }),
      }),
    ]);
    const [quiet] = composePosts(message(), { format: 'ntfy', url });
    expect(quiet).toMatchObject({
      headers: {},
      body: { priority: 2, title: '[backup] web MISSING' },
    });
  });
});
