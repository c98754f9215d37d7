import { describe, expect, it } from 'vitest';
import { expectEachWindowOnce, wrongNights } from './nights.ts';

describe('the schedule, for 400 days', () => {
  it('judges each window of ten zones once, with one digest a day', { timeout: 600_000 }, () =>
    expectEachWindowOnce('2026-01-01', 400),
  );

  it('gives no false alarm, and misses none, in nights with faults', async () => {
    expect(await wrongNights('2026-01-05', 400)).toEqual([]);
  });
});
