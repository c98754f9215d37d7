import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  closedWindow,
  dateIn,
  instantOf,
  type Window,
  type WindowRule,
  windowAfter,
  windowBefore,
  windowOf,
  windowOn,
  windowToOpen,
} from '../../shared/rules/window.ts';
import { casesOf, someOf } from '../support/cases.ts';
import { ZONES } from '../support/zones.ts';

const rule = (timezone: string, opens: string, due: string): WindowRule => ({
  timezone,
  window: { opens, due, graceMinutes: 0 },
});
const at = (iso: string) => Date.parse(iso);
const iso = (instant: number) => new Date(instant).toISOString().replace('.000Z', 'Z');
const hours = (window: Window) => (window.dueAt - window.opensAt) / 3_600_000;

describe('instantOf', () => {
  it('agrees with Temporal on every hour of 400 days around the world', () => {
    const wrong: string[] = [];
    for (const zone of someOf(ZONES)) {
      for (let day = 0; day < 400; day += 1) {
        const date = addDays('2026-01-01', day);
        for (const time of [
          '00:00',
          '00:30',
          '01:59',
          '02:00',
          '02:30',
          '03:00',
          '08:15',
          '23:45',
        ]) {
          const theirs = Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(zone);
          if (instantOf(date, time, zone, 'later') !== theirs.epochMilliseconds) {
            wrong.push(`${date} ${time} ${zone}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is the end of the gap for a skipped time when the first instant is asked for', () => {
    expect(instantOf('2026-03-29', '02:30', 'Europe/Amsterdam', 'first')).toBe(
      at('2026-03-29T01:00Z'),
    );
    expect(instantOf('2026-10-04', '02:10', 'Australia/Lord_Howe', 'first')).toBe(
      at('2026-10-03T15:30Z'),
    );
  });

  it('is undefined on a date that the zone skipped', () => {
    expect(instantOf('2011-12-30', '08:15', 'Pacific/Apia', 'later')).toBeUndefined();
  });
});

describe('closedWindow', () => {
  it('is the window whose due time has just come', () => {
    const amsterdam = rule('Europe/Amsterdam', '00:00', '08:15');
    const before = closedWindow(amsterdam, at('2026-11-23T07:14:59Z'));
    const after = closedWindow(amsterdam, at('2026-11-23T07:15:00Z'));
    expect([before.date, after.date]).toEqual(['2026-11-22', '2026-11-23']);
    expect(iso(after.opensAt)).toBe('2026-11-22T23:00:00Z');
    expect(iso(after.endsAt)).toBe('2026-11-23T23:00:00Z');
  });

  it('opens the evening before when it opens later than it is due', () => {
    const window = closedWindow(rule('UTC', '22:00', '06:00'), at('2026-11-23T12:00Z'));
    expect([iso(window.opensAt), iso(window.dueAt), iso(window.endsAt)]).toEqual([
      '2026-11-22T22:00:00Z',
      '2026-11-23T06:00:00Z',
      '2026-11-23T22:00:00Z',
    ]);
  });

  it('is an hour shorter or longer on the days when the clocks change', () => {
    const newYork = rule('America/New_York', '00:00', '08:15');
    expect(hours(closedWindow(newYork, at('2026-03-08T20:00Z')))).toBe(7.25);
    expect(hours(closedWindow(newYork, at('2026-11-01T20:00Z')))).toBe(9.25);
  });

  it('keeps its length when it lies wholly in a skipped hour', () => {
    const window = closedWindow(
      rule('Europe/Amsterdam', '02:10', '02:50'),
      at('2026-03-29T12:00Z'),
    );
    expect(window.date).toBe('2026-03-29');
    expect(window.dueAt - window.opensAt).toBeGreaterThanOrEqual(40 * 60_000);
  });

  it('lives through a date that was skipped', () => {
    for (const opens of ['00:00', '22:00']) {
      const apia = rule('Pacific/Apia', opens, '08:15');
      const last = closedWindow(apia, at('2012-01-01T20:00Z'));
      const days = [last, windowBefore(apia, last)];
      days.push(windowBefore(apia, days[1] as Window));
      days.push(windowBefore(apia, days[2] as Window));
      expect(days.map((window) => window.date)).toEqual([
        '2012-01-02',
        '2012-01-01',
        '2011-12-31',
        '2011-12-29',
      ]);
      for (const window of days) expect(windowAfter(apia, window).opensAt).toBe(window.endsAt);
    }
  });
});

describe('a window', () => {
  const ruleOf = (opens: string, due: string, graceMinutes = 240): WindowRule => ({
    timezone: 'Europe/Amsterdam',
    window: { opens, due, graceMinutes },
  });
  const on = (rule: WindowRule, date: string) => windowOn(rule, date) as Window;

  it('has a grace of any length, also past midnight, or none', () => {
    const grace = (due: string, minutes: number) => {
      const { dueAt, hardDueAt } = on(ruleOf('00:00', due, minutes), '2026-11-23');
      return (hardDueAt - dueAt) / 60_000;
    };
    expect([grace('08:15', 240), grace('23:30', 255), grace('08:15', 0)]).toEqual([240, 255, 0]);
    expect(grace('08:15', 3 * 24 * 60)).toBe(3 * 24 * 60);
  });

  it('keeps its length to the minute in a skipped hour', () => {
    const { opensAt, dueAt } = on(ruleOf('02:10', '02:50'), '2026-03-29');
    // It opens when the clocks have jumped to 03:00; 02:50 is the 03:50 of that day.
    expect([iso(opensAt), iso(dueAt)]).toEqual(['2026-03-29T01:00:00Z', '2026-03-29T01:50:00Z']);
  });

  it('keeps its length when it is due just as the skipped hour ends', () => {
    const { opensAt, dueAt } = on(ruleOf('02:10', '03:00'), '2026-03-29');
    expect([iso(opensAt), iso(dueAt)]).toEqual(['2026-03-29T01:00:00Z', '2026-03-29T01:50:00Z']);
  });

  it('has every instant from when it opens until the next one does', () => {
    const night = rule('UTC', '00:00', '08:15');
    const dates = ['23T00:00:00Z', '23T08:15:00Z', '23T23:59:59.999Z', '24T00:00:00Z'].map(
      (time) => windowOf(night, at(`2026-11-${time}`)).date,
    );
    expect(dates).toEqual(['2026-11-23', '2026-11-23', '2026-11-23', '2026-11-24']);
  });

  it('is the first to open for a host that is set up now, and not the one that opens now', () => {
    const rule = ruleOf('22:00', '06:00');
    const before = windowToOpen(rule, at('2026-11-23T20:59:59Z'));
    const then = windowToOpen(rule, at('2026-11-23T21:00:00Z'));
    expect([before.date, then.date]).toEqual(['2026-11-24', '2026-11-25']);
  });
});

describe('windows', () => {
  it('skip and double no day in 400 days of 15-minute ticks around the world', () => {
    const quarter = 15 * 60_000;
    for (const zone of someOf(ZONES)) {
      for (const [opens, due] of [
        ['00:00', '08:15'],
        ['22:00', '02:30'],
        ['01:30', '02:15'],
      ] as const) {
        const ruleOf = rule(zone, opens, due);
        const start = at('2026-01-01T00:00Z');
        const end = start + 400 * 86_400_000;
        const dates: string[] = [];
        // Between two ticks nothing can close but what a look at the windows themselves would show.
        for (let from = start; from < end; from += quarter * 16) {
          const { date, dueAt } = closedWindow(ruleOf, from + quarter * 16);
          if (dueAt > from) dates.push(date);
        }
        const expected = Array.from({ length: dates.length }, (_, day) =>
          addDays(dates[0] as string, day),
        );
        expect(dates, `${zone} ${opens}-${due}`).toEqual(expected);
        expect(dates.length).toBe(400);
      }
    }
  });

  it('meet end to end, are never empty, and are due inside, in any zone of any year', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const minute = fc.integer({ min: 0, max: 1439 });
    const clock = (m: number) =>
      `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        minute,
        minute,
        fc.integer({ min: at('1973-01-01T00:00Z'), max: at('2060-01-01T00:00Z') }),
        (zone, opens, due, now) => {
          fc.pre(opens !== due);
          const ruleOf = rule(zone, clock(opens), clock(due));
          const window = closedWindow(ruleOf, now);
          expect(window.dueAt).toBeLessThanOrEqual(now);
          expect(window.dueAt).toBeGreaterThan(window.opensAt);
          const next = windowAfter(ruleOf, window);
          expect(next.dueAt).toBeGreaterThan(now);
          expect(next.opensAt).toBe(window.endsAt);
          expect(dateIn(zone, window.opensAt) <= dateIn(zone, window.dueAt)).toBe(true);
        },
      ),
      { numRuns: casesOf(500) },
    );
  });
});

describe('windowOf', () => {
  it('is the one window in whose day an instant lies, in every zone and year', () => {
    const instant = fc.integer({ min: at('1990-01-01T00:00Z'), max: at('2060-01-01T00:00Z') });
    const opens = fc.constantFrom('00:00', '02:30', '22:00');
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, opens, (zone, when, opening) => {
        const window = windowOf(rule(zone, opening, '08:15'), when);
        expect(window.opensAt).toBeLessThanOrEqual(when);
        expect(window.endsAt).toBeGreaterThan(when);
      }),
      { numRuns: casesOf(500) },
    );
  });
});
