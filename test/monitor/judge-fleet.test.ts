import { describe, expect, it } from 'vitest';
import { newestDay } from '../../shared/monitor/judge-fleet.ts';
import { aConfig, aHost, at } from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { expectEachWindowOnce, wrongNights } from './nights.ts';

describe('the schedule', () => {
  it.each(['2026-03-26', '2026-10-22'])(
    'has each window of ten zones once, and one digest a day, for days from %s, in which clocks change',
    (date) => expectEachWindowOnce(date, Math.max(5, casesOf(12))),
  );

  it('gives no false alarm, and misses none, in nights with faults around a change of the clocks', async () => {
    expect(await wrongNights('2026-03-03', Math.max(8, casesOf(24)))).toEqual([]);
  });
});

describe('the day of the digest', () => {
  // 21 November 2026 is a Saturday.
  const config = aConfig([aHost({ days: [1, 2, 3, 4, 5] })]);

  it('is each day, at the same hour, though the hosts rest at weekends', () => {
    const days = ['20', '21', '22', '23'].map((day) => `2026-11-${day}`);
    const newest = (hour: string) => days.map((day) => newestDay(config, at(`${day}T${hour}Z`)));
    expect(newest('08:15')).toEqual(days);
    expect(newest('08:14')).toEqual(['2026-11-19', ...days.slice(0, -1)]);
  });
});
