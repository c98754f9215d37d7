import { describe, expect, it } from 'vitest';
import { composeTestSms, isTestDay } from '../../shared/messages/compose-digest.ts';
import { aDigest, at } from '../support/builders.ts';

const DAY = 86_400_000;
const digest = (iso: string, later = 0) => aDigest(at(iso) + later, []);

describe('isTestDay', () => {
  it('is true on a Monday only', () => {
    const days = Array.from({ length: 14 }, (_, day) => at('2026-11-22T08:15:00Z') + day * DAY);
    expect(days.flatMap((day, index) => (isTestDay('UTC', day) ? index : []))).toEqual([1, 8]);
  });

  it.each([
    ['Pacific/Kiritimati', '2026-11-22T18:15:00Z', true],
    ['Pacific/Kiritimati', '2026-11-23T18:15:00Z', false],
    ['America/Los_Angeles', '2026-11-23T06:15:00Z', false],
    ['America/Los_Angeles', '2026-11-23T16:15:00Z', true],
  ])('goes by the calendar of %s at %s', (zone, iso, due) => {
    expect(isTestDay(zone, at(iso))).toBe(due);
  });
});

describe('composeTestSms', () => {
  it("has a new code word each week, the same however often a day's digest is composed", () => {
    const weeks = Array.from({ length: 53 }, (_, week) =>
      composeTestSms(digest('2026-01-05T08:15:00Z', week * 7 * DAY)),
    );
    const words = weeks.map(
      (sms) => /^BACKUP TEST ([ACDEFHJKLMNPRTUVWXY]{4}-[3479]{4}):/.exec(sms)?.[1],
    );
    expect(new Set(words).size).toBe(53);
    expect(composeTestSms(digest('2026-01-05T23:00:00Z'))).toBe(weeks[0]);
  });

  it('fits into one segment of an SMS', () => {
    for (let day = 0; day < 366; day += 1) {
      const sms = composeTestSms(digest('2026-01-01T08:15:00Z', day * DAY));
      expect(sms).toMatch(/^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]{1,160}$/);
    }
  });
});
