import { describe, expect, it } from 'vitest';
import { expectEachWindowOnce, wrongNights } from './nights.ts';

describe('the schedule', () => {
  it.each(['2026-03-26', '2026-10-22'])(
    'has each window of ten zones once, and one digest a day, for twelve days from %s, in which clocks change',
    (date) => expectEachWindowOnce(date, 12),
  );

  it('gives no false alarm, and misses none, in 24 nights with faults around a change of the clocks', async () => {
    expect(await wrongNights('2026-03-01', 24)).toEqual([]);
  });
});
