import { describe, expect, it } from 'vitest';
import { composeTestSms, isTestDue } from '../../shared/messages/compose-digest.ts';
import type { Run } from '../../shared/messages/report.ts';
import { at } from '../support/builders.ts';

const DAY = 86_400_000;
const run = (iso: string, timezone = 'UTC', later = 0): Run => ({
  report: {
    checkedAt: at(iso) + later,
    bucket: 'acme-backups',
    judgements: [],
    unknownHosts: [],
    foreignObjects: 0,
  },
  due: new Set(),
  digest: true,
  hostsInConfig: 1,
  timezone,
});

describe('isTestDue', () => {
  it('is true for the digest of a Monday only', () => {
    const days = Array.from({ length: 14 }, (_, day) =>
      run('2026-11-22T08:15:00Z', 'UTC', day * DAY),
    );
    expect(days.map(isTestDue).flatMap((due, day) => (due ? day : []))).toEqual([1, 8]);
    expect(isTestDue({ ...run('2026-11-23T08:15:00Z'), digest: false })).toBe(false);
  });

  it.each([
    ['Pacific/Kiritimati', '2026-11-22T18:15:00Z', true],
    ['Pacific/Kiritimati', '2026-11-23T18:15:00Z', false],
    ['America/Los_Angeles', '2026-11-23T06:15:00Z', false],
    ['America/Los_Angeles', '2026-11-23T16:15:00Z', true],
  ])('goes by the calendar of %s at %s', (zone, iso, due) => {
    expect(isTestDue(run(iso, zone))).toBe(due);
  });
});

describe('composeTestSms', () => {
  it("has a new code word each week, the same however often a day's digest is composed", () => {
    const weeks = Array.from({ length: 53 }, (_, week) =>
      composeTestSms(run('2026-01-05T08:15:00Z', 'UTC', week * 7 * DAY)),
    );
    const words = weeks.map(
      (sms) => /^BACKUP TEST ([ACDEFHJKLMNPRTUVWXY]{4}-[3479]{4}):/.exec(sms)?.[1],
    );
    expect(new Set(words).size).toBe(53);
    expect(composeTestSms(run('2026-01-05T23:00:00Z'))).toBe(weeks[0]);
  });

  it('fits into one segment of an SMS', () => {
    for (let day = 0; day < 366; day += 1) {
      const sms = composeTestSms(run('2026-01-01T08:15:00Z', 'UTC', day * DAY));
      expect(sms).toMatch(/^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]{1,160}$/);
    }
  });
});
