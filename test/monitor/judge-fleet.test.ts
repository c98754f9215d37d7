import { describe, expect, it } from 'vitest';
import { daysOfDigest, newestDay } from '../../shared/monitor/judge-fleet.ts';
import { EMPTY_STATE } from '../../shared/monitor/state.ts';
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

  // One host far ahead of the calendar of the config, and one far behind it.
  it.each([
    ['UTC', '2026-11-22T23:00:00Z', '2026-11-23T23:00:00Z', ['2026-11-23']],
    ['Pacific/Kiritimati', '2026-11-22T10:00:00Z', '2026-11-22T23:00:00Z', ['2026-11-23']],
    ['America/Los_Angeles', '2026-11-23T12:00:00Z', '2026-11-23T19:00:00Z', ['2026-11-23']],
    ['America/Los_Angeles', '2026-11-22T12:00:00Z', '2026-11-22T19:00:00Z', ['2026-11-22']],
  ])('goes by the calendar of %s between %s and %s', (timezone, from, until, days) => {
    const hosts = [aHost({ timezone: 'Pacific/Kiritimati' }), aHost({ name: 'db', timezone })];
    const tick = { from: at(from), until: at(until) };
    const state = { ...EMPTY_STATE, digestOn: newestDay(aConfig(hosts, { timezone }), tick.from) };
    expect(daysOfDigest(aConfig(hosts, { timezone }), state, tick)).toEqual(days);
  });

  it('is each of those that had none, of at most a week', () => {
    const owed = (from: string) => {
      const tick = { from: at(`${from}T12:00:00Z`), until: at('2026-11-24T12:00:00Z') };
      return daysOfDigest(config, EMPTY_STATE, tick);
    };
    expect(owed('2026-11-22')).toEqual(['2026-11-23', '2026-11-24']);
    expect(owed('2025-11-22')).toHaveLength(7);
    expect(owed('2026-11-24')).toEqual([]);
  });
});
