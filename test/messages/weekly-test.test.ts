import { describe, expect, it } from 'vitest';
import { composeTestSms } from '../../shared/messages/compose-digest.ts';
import { aDigest, at } from '../support/builders.ts';

const DAY = 86_400_000;
const digest = (iso: string, later = 0) => aDigest(at(iso) + later, []);

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
