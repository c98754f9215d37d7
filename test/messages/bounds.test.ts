import { describe, expect, it } from 'vitest';
import type { Message } from '../../shared/messages/message-tree.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import type { Finding } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { notificationOf } from '../support/a-notification.ts';
import { aDigest, aFull, aHost, at, collected } from '../support/builders.ts';

const now = at('2026-11-23T08:15:00Z');
const yesterday = collected(...aFull({ begun: '2026-11-22T03:15:00Z' }));
const today = collected(...aFull({ begun: '2026-11-23T03:15:00Z' }));
const LONG = 'a-name-as-long-as-a-host-may-well-have-it-in-a-fleet';
const nameOf = (index: number) => `${LONG}-${index}`;
const fleet = (count: number, read: typeof today): Judgement[] => {
  const one = judge(aHost({ name: 'x' }), read, now);
  return Array.from({ length: count }, (_, index) => ({
    ...one,
    host: aHost({ name: nameOf(index) }),
  }));
};
const warned = (one: Judgement, findings: readonly Finding[]): Judgement => ({
  ...{ ...one, verdict: findings[0]?.kind ?? 'ok', findings },
});
const shrunk: Finding = {
  ...{ kind: 'shrunk', severity: 'warning', bytes: 1, usualBytes: 1000, boundBytes: 500 },
};
const textOf = (message: Message | undefined) => (message === undefined ? '' : renderText(message));
const flat = (message: Message | undefined) => textOf(message).replace(/\s+/g, ' ');
/** Named, or counted among those that are not. */
const namedIn = (text: string) => new Set(text.match(new RegExp(`${LONG}-\\d+`, 'g'))).size;
const more = (text: string) =>
  [...text.matchAll(/and (\d+) more/g)].reduce((sum, [, count]) => sum + Number(count), 0);

describe('a message of more than it has room for', () => {
  it.each([1006, 2005])('names or counts each of %i hosts that failed', (count) => {
    const { message } = notificationOf(now, fleet(count, yesterday));
    expect(textOf(message).length).toBeLessThanOrEqual(40_000);
    expect(textOf(message)).not.toContain('[cut here');
    expect(namedIn(flat(message)) + more(flat(message))).toBe(count);
  });

  it.each([11, 1010])('names or counts each of %i hosts with a warning', (count) => {
    const judgements = fleet(count, today).map((one) => warned(one, [shrunk]));
    const { message } = notificationOf(now, judgements);
    expect(textOf(message)).not.toContain('[cut here');
    expect(namedIn(flat(message)) + more(flat(message))).toBe(count);
  });

  it.each([11, 1010])('names or counts each of %i hosts that are well again', (count) => {
    const { problems: before } = notificationOf(now - 60_000, fleet(count, yesterday));
    const { message } = notificationOf(now, fleet(count, today), { before });
    expect(message?.smsLine).toBe(`BACKUP OK AGAIN: ${count} hosts. Mail has their names.`);
    expect(textOf(message)).not.toContain('[cut here');
    expect(namedIn(flat(message)) + more(flat(message))).toBe(count);
  });

  it('still has what else is new, however many hosts failed', () => {
    const failed = fleet(2000, yesterday);
    const back = aHost({ name: 'back' });
    const { problems: before } = notificationOf(now, [judge(back, yesterday, now)]);
    const { message } = notificationOf(
      now + 60_000,
      [...failed, judge(back, today, now + 60_000)],
      {
        before,
        news: [
          { kind: 'unowned', severity: 'critical', subjects: ['x'], says: '1 object removed' },
          { kind: 'channel', severity: 'warning', subjects: ['sms: x'], says: 'sms: x' },
        ],
      },
    );
    expect(flat(message)).toContain('OK AGAIN back:');
    expect(flat(message)).toContain('TAMPERED 1 object removed');
    expect(flat(message)).toContain('DEAD sms: x');
    expect(textOf(message)).not.toContain('[cut here');
  });

  it.each([1, 1000])(
    'counts the removals of no host that it has no room for, %i and more',
    (count) => {
      const news = Array.from({ length: 20 + count }, (_, index) => ({
        ...({ kind: 'unowned', severity: 'critical' } as const),
        subjects: [nameOf(index)],
        says: `1 object removed under "${nameOf(index)}/", which is of no host in the config`,
      }));
      const { message } = notificationOf(now, [], { news });
      expect(textOf(message)).not.toContain('[cut here');
      expect(namedIn(flat(message)) + more(flat(message))).toBe(news.length);
    },
  );
});

describe('a digest of more than it has room for', () => {
  const digestOf = (judgements: readonly Judgement[]) =>
    notificationOf(now, judgements, { digest: aDigest(now, judgements) }).message;

  it.each([201, 1200])(
    'names or counts each of %i hosts with a warning, and ends as it should',
    (count) => {
      const message = digestOf(fleet(count, today).map((one) => warned(one, [shrunk])));
      expect(textOf(message)).not.toContain('[cut here');
      expect(namedIn(flat(message)) + more(flat(message))).toBe(count);
      expect(flat(message)).toContain('see docs/runbook.md#monitor-silent.');
    },
  );

  it.each([201, 1200])('names or counts each of %i hosts that are well', (count) => {
    const message = digestOf(fleet(count, today));
    expect(textOf(message)).not.toContain('[cut here');
    expect(namedIn(flat(message)) + more(flat(message))).toBe(count);
    expect(flat(message)).toContain('see docs/runbook.md#monitor-silent.');
  });

  it('has all findings of a host, where there is room', () => {
    const [one] = fleet(1, today);
    if (one === undefined) throw new Error('no host');
    const startedAt = one.window.opensAt;
    const notes: Finding[] = Array.from({ length: 6 }, () => ({
      ...{ kind: 'clock-skew', severity: 'info', startedAt, aheadMs: 1000 },
    }));
    expect(flat(digestOf([{ ...one, findings: notes }])).match(/CLOCK-SKEW/g)).toHaveLength(6);
  });

  it('has the warnings of a host that has failed too', () => {
    const [one] = fleet(1, yesterday);
    if (one === undefined) throw new Error('no host');
    const message = digestOf([{ ...one, findings: [...one.findings, shrunk] }]);
    expect(flat(message)).toContain('shrunk: shrank to');
  });

  it('that is sent later has the warnings of meanwhile', () => {
    const judgements = fleet(1, today).map((one) => warned(one, [shrunk]));
    const digest = aDigest(now - 900_000, fleet(1, today));
    const { message } = notificationOf(now, judgements, { digest });
    expect(flat(message)).toContain(`SHRUNK ${nameOf(0)}: shrank to`);
  });

  it('does not say OK first where an object of no host was removed', () => {
    const judgements = fleet(1, today);
    const news = [
      { kind: 'unowned', severity: 'critical', subjects: ['x'], says: '1 object removed' } as const,
    ];
    const digest = aDigest(now, judgements);
    const { message } = notificationOf(now, judgements, { digest, news });
    expect(message?.subject).toContain('TAMPERED');
  });
});
