import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeRawMail } from '../../shared/channels/mime-mail.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import { judge } from '../../shared/rules/judge.ts';
import { readMime } from '../local-aws/ses/mime.ts';
import { notificationOf } from '../support/a-notification.ts';
import { anyText } from '../support/any-text.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';

const raw = async (message: Message | undefined) => {
  if (message === undefined) throw new Error('no message');
  const data = await composeRawMail('Backups <backups@example.net>', 'ops@example.net', message);
  return Buffer.from(data).toString();
};
const headersOf = async (message: Message | undefined) => readMime(await raw(message)).headers;
const full = (day: number) =>
  aFull({ begun: `2026-11-${day}T03:15:00Z`, done: `2026-11-${day}T03:30:00Z` });
const seen = (now: string, days: readonly number[]) =>
  judge(aHost({ name: 'web' }), collected(...days.flatMap(full)), at(now));

describe('the mail of a message', () => {
  it('is one thread with its reminders and its end, and no other problem is in it', async () => {
    const first = notificationOf(at('2026-11-22T08:15:00Z'), [seen('2026-11-22T08:15:00Z', [21])]);
    const later = at('2026-11-23T08:15:00Z');
    const reminder = notificationOf(later, [seen('2026-11-23T08:15:00Z', [21])], {
      before: first.problems,
    });
    const end = notificationOf(at('2026-11-24T08:15:00Z'), [seen('2026-11-24T08:15:00Z', [24])], {
      before: reminder.problems,
    });
    const all = await Promise.all([first, reminder, end].map((one) => headersOf(one.message)));
    expect(new Set(all.map((headers) => headers.references)).size).toBe(1);
    expect(all[0]?.references).toMatch(/^<rollcall\.[0-9a-f]{32}@example\.net>$/);
    const other = judge(aHost({ name: 'db' }), collected(), later);
    const { references } = await headersOf(notificationOf(later, [other]).message);
    expect(references).not.toBe(all[0]?.references);
  });

  it('belongs to at most twenty threads, those of the worst', async () => {
    const { message } = notificationOf(at('2026-11-22T08:15:00Z'), [
      seen('2026-11-22T08:15:00Z', [21]),
    ]);
    const [event] = message?.events ?? [];
    if (message === undefined || event === undefined) throw new Error('no event');
    const events = Array.from({ length: 1000 }, (_, nth) => ({ ...event, key: `missing h${nth}` }));
    const threads = async (count: number) =>
      (await headersOf({ ...message, events: events.slice(0, count) })).references?.split(/\s+/);
    const [twenty, more, many] = await Promise.all([20, 21, 1000].map(threads));
    expect(twenty).toHaveLength(20);
    expect([more, many]).toEqual([twenty, twenty]);
  });

  it('asks no program for an answer, and leaves its id to SES', async () => {
    const { message } = notificationOf(at('2026-11-22T08:15:00Z'), [
      seen('2026-11-22T08:15:00Z', [21]),
    ]);
    const headers = await headersOf(message);
    expect(headers['auto-submitted']).toBe('auto-generated');
    expect(await raw(message)).not.toMatch(/^message-id:/im);
  });

  it('holds text and HTML as they were rendered, whatever they are, and no header of theirs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText({ maxLength: 300 }), { maxLength: 5 }), async (texts) => {
        const message: Message = {
          ...{
            severity: 'critical',
            urgency: 'alert',
            subject: 'x',
            smsLine: undefined,
            events: [],
          },
          blocks: texts.map((text) => ({ kind: 'note', text, lines: [text.replace(/\r/g, '')] })),
        };
        const read = readMime(await raw(message));
        const flat = (text: string) => text.replace(/\r\n?/g, '\n').trimEnd();
        expect(flat(read.text)).toBe(flat(renderText(message)));
        expect(flat(read.html)).toBe(flat(renderHtml(message)));
        expect(Object.keys(read.headers).sort()).toEqual([
          ...['auto-submitted', 'content-type', 'date', 'from', 'mime-version', 'subject', 'to'],
        ]);
      }),
      { numRuns: 40 },
    );
  });
});
