import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { describeFinding } from '../../shared/messages/finding-text.ts';
import { formatLastGood } from '../../shared/messages/loss-text.ts';
import { formatDuration, formatInstant, quoteName } from '../../shared/messages/plain-text.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('formatDuration', () => {
  it.each([
    [0, '0 min'],
    [59 * 60_000, '59 min'],
    [2 * HOUR + 47 * 60_000, '2 h 47 min'],
    [54 * HOUR, '54 h'],
    [126 * HOUR, '126 h'],
    [239 * HOUR, '239 h'],
    [240 * HOUR, '10 days'],
    [729 * DAY, '729 days'],
    [730 * DAY, '2 years'],
    [73.2 * 365.25 * DAY, '73 years'],
  ])('puts %i ms into two numbers at most: %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatInstant', () => {
  const now = at('2026-11-23T12:00:00Z');

  it.each([
    ['2026-11-21T02:14:00Z', 'Sat 21 Nov 02:14'],
    ['2026-05-25T00:00:00Z', 'Mon 25 May 00:00'],
    ['2026-05-20T00:00:00Z', 'Wed 20 May 00:00'],
    ['2027-01-01T00:00:00Z', 'Fri 1 Jan 2027 00:00'],
    ['2025-12-31T23:00:00Z', 'Wed 31 Dec 2025 23:00'],
    ['2027-06-01T00:00:00Z', 'Tue 1 Jun 2027 00:00'],
    ['2099-01-01T00:00:00Z', 'Thu 1 Jan 2099 00:00'],
    ['2020-11-23T12:00:00Z', 'Mon 23 Nov 2020 12:00'],
  ])('has the year where it is not this year: %s', (iso, text) => {
    expect(formatInstant(at(iso), 'UTC', now)).toBe(text);
  });
});

describe('what is found in a full of another year', () => {
  const now = at('2026-11-23T12:00:00Z');
  const found = (objects: readonly StoredObject[]) => {
    const judgement = judge(aHost(), collected(...objects), now);
    const texts = judgement.findings.map((one) => describeFinding(one, judgement, 'UTC'));
    return [...texts, formatLastGood(judgement, 'UTC') ?? ''];
  };

  it.each([
    ['of 2099', '2099-01-01T00:00:00Z', '2026-11-23T05:00:00Z', 'Thu 1 Jan 2099 00:00 is 72 years'],
    ['of 2020, just now', '2020-01-01T00:00:00Z', '2026-11-23T05:00:00Z', 'written 7 years after'],
    [
      'of 2020',
      '2020-01-01T00:00:00Z',
      '2020-01-01T01:00:00Z',
      'since Wed 1 Jan 2020 00:00 (7 years',
    ],
  ])('has its year, and no hours by the ten thousand: %s', (_, begun, done, words) => {
    for (const lacking of [/nothing/, /sigtar/, /vol2/, /manifest/]) {
      const texts = found(aFull({ begun, done }).filter(({ name }) => !lacking.test(name)));
      const dated = texts.filter((text) => /the full of|since|copy:/.test(text));
      for (const text of dated) expect(text).toContain(begun.slice(0, 4));
      for (const text of texts) expect(text).not.toMatch(/\d{4,} (?:h|days)/);
    }
    expect(found(aFull({ begun, done })).join('\n')).toContain(words);
  });
});

describe('quoteName', () => {
  it.each([
    ['a plain name', 'a plain name', '"a plain name"'],
    [
      'quotes and what no terminal shows',
      '"\\\r\u{1b}\u{1f600}',
      '"\\"\\\\\\u{d}\\u{1b}\\u{1f600}"',
    ],
    ['two spaces, which lay out a text', 'a  b', '"a\\u{20}\\u{20}b"'],
    ['120 characters', 'x'.repeat(120), `"${'x'.repeat(120)}"`],
    ['121 characters', 'x'.repeat(121), `"${'x'.repeat(120)}"... (121 characters)`],
    ['40 spaces', ' '.repeat(40), `"${'\\u{20}'.repeat(40)}"`],
    ['41 spaces', ' '.repeat(41), `"${'\\u{20}'.repeat(40)}"... (41 characters)`],
  ])('shows %s', (_, name, text) => {
    expect(quoteName(name)).toBe(text);
  });
});
