import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeHookBody } from '../../shared/channels/webhook.ts';
import { composeMessage, type Message } from '../../shared/messages/compose-message.ts';

const message = (override: Partial<Message> = {}): Message => ({
  ...composeMessage({
    subject: 'web MISSING',
    text: 'a\n',
    urgency: 'digest',
    severity: 'warning',
  }),
  ...override,
});
const bodyOf = (one: Message, isTeams = false) => JSON.parse(composeHookBody(one, isTeams));

describe('composeHookBody', () => {
  it('has what chats show and programs read, and mentions nobody', () => {
    expect(bodyOf(message())).toEqual({
      version: 1,
      urgency: 'digest',
      severity: 'warning',
      subject: '[backup] web MISSING',
      text: '[backup] web MISSING\n```\na\n```',
      content: '[backup] web MISSING\n```\na\n```',
      allowed_mentions: { parse: [] },
    });
  });

  it('gives a message that was remembered without a severity that of its urgency', () => {
    expect(bodyOf(message({ severity: undefined })).severity).toBe('info');
    expect(bodyOf(message({ severity: undefined, urgency: 'alert' })).severity).toBe('critical');
  });

  it('marks where the text was cut', () => {
    const { text, content } = bodyOf(message({ text: 'x'.repeat(40_000) }));
    for (const one of [text, content]) {
      expect(one).toMatch(/x\n\[cut here: rollcall check has the rest\]\n```$/);
    }
  });

  it('keeps to what chats take, ends its code once, and has no mention in it, whatever the text', () => {
    const nasty = fc.constantFrom('```', '<!channel>', '<@U1>', '<https://x|y>', '`', '@here', '<');
    const aText = fc.array(fc.oneof(nasty, fc.string()), { maxLength: 2_000 });
    fc.assert(
      fc.property(aText, fc.string(), (parts, subject) => {
        const body = bodyOf(
          composeMessage({ subject, text: parts.join(''), urgency: 'alert', severity: 'info' }),
        );
        expect(body.content.length).toBeLessThanOrEqual(2_000);
        expect(body.text.length).toBeLessThanOrEqual(4_000);
        for (const text of [body.text, body.content]) {
          expect(text.split('```')).toHaveLength(3);
          expect(text).not.toMatch(/<[!@#h]/);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('has a card for a workflow of Teams', () => {
    const { type, attachments } = bodyOf(message(), true);
    expect([type, attachments[0].contentType]).toEqual([
      'message',
      'application/vnd.microsoft.card.adaptive',
    ]);
    expect(attachments[0].content.body.map(({ text }: { text: string }) => text)).toEqual([
      '[backup] web MISSING',
      'a',
    ]);
  });
});
