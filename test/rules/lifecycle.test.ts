import { describe, expect, it } from 'vitest';
import {
  heldAlways,
  isByLifecycle,
  type Keep,
  type KeepRules,
  mayHaveTaken,
  nextKeeps,
} from '../../shared/rules/lifecycle.ts';
import { at } from '../support/builders.ts';

const DAY = 86_400_000;
const keepOfDays = (days: number, by: Keep['by'] = 'rules'): Keep => ({
  ...{ by, hides: [{ days }], noncurrentDays: undefined },
});
const written = at('2026-11-01T03:00:00Z');
const day = (date: number, time = '00:00') =>
  at(`2026-11-${String(date).padStart(2, '0')}T${time}Z`);
const marker = (when: number) => ({ what: 'marker' as const, versionId: 'v', at: when });
/** From six days to thirty, or the other way round, on the 12th. */
const raised: readonly KeepRules[] = [
  { from: 0, keep: keepOfDays(6), keepDays: 6 },
  { from: day(12), keep: keepOfDays(30), keepDays: 30 },
];
const lowered: readonly KeepRules[] = [
  { from: 0, keep: keepOfDays(30), keepDays: 30 },
  { from: day(12), keep: keepOfDays(6), keepDays: 6 },
];

describe('isByLifecycle', () => {
  it('takes a marker for lifecycle’s once a rule had reached its object, whatever the hour', () => {
    const six = heldAlways(keepOfDays(6), 6);
    const isIts = (when: number) => isByLifecycle(marker(when), written, six);
    expect([day(7, '23:59'), day(8), day(8, '07:43'), day(20, '12:00')].map(isIts)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('judges by the rules that held when it was made, or up to three days before', () => {
    const isIts = (when: number) => isByLifecycle(marker(when), written, raised);
    expect([day(8), day(11), day(15), day(15, '00:01')].map(isIts)).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(isByLifecycle(marker(day(11)), written, lowered)).toBe(false);
    expect(isByLifecycle(marker(day(12)), written, lowered)).toBe(true);
  });

  it('goes by the config where its days are fewer than those of the rules', () => {
    const keeps = heldAlways(keepOfDays(30), 6);
    expect(isByLifecycle(marker(day(8)), written, keeps)).toBe(true);
  });
});

describe('mayHaveTaken', () => {
  it('excuses what a rule had reached while it was in force, or three days after', () => {
    // Six days from the 8th end on the 15th, three days after the rule had changed.
    const isExcused = (date: number) => mayHaveTaken(raised, day(date, '03:00'), day(28));
    expect([1, 7, 8, 9].map(isExcused)).toEqual([true, true, true, false]);
    expect(mayHaveTaken(raised, day(9, '03:00'), day(28) + 12 * DAY)).toBe(true);
  });

  it('never excuses what no rule has reached by now', () => {
    expect(mayHaveTaken(raised, written, day(7, '23:59'))).toBe(false);
    expect(mayHaveTaken(raised, written, day(8))).toBe(true);
    expect(mayHaveTaken(lowered, written, day(11, '23:59'))).toBe(false);
    expect(mayHaveTaken(lowered, written, day(12))).toBe(true);
  });
});

describe('nextKeeps', () => {
  const asked = keepOfDays(6);
  const notAsked = keepOfDays(6, 'roll');

  it('takes the first rules to have held always', () => {
    expect(nextKeeps({}, notAsked, 6)).toEqual([{ from: 0, keep: notAsked, keepDays: 6 }]);
  });

  it('is the same while nothing changes, and learns what was not read before', () => {
    const first = nextKeeps({}, notAsked, 6);
    const second = nextKeeps({ keeps: first, listedAt: day(1) }, asked, 6);
    expect(second).toEqual([{ from: 0, keep: asked, keepDays: 6 }]);
    expect(nextKeeps({ keeps: second, listedAt: day(2) }, asked, 6)).toBe(second);
    expect(nextKeeps({ keeps: second, listedAt: day(2) }, notAsked, 6)).toBe(second);
  });

  it('dates other rules, and other days of the config, by the last look', () => {
    const keeps = heldAlways(asked, 6);
    const next = { from: day(9), keep: keepOfDays(14), keepDays: 6 };
    expect(nextKeeps({ keeps, listedAt: day(9) }, keepOfDays(14), 6)).toEqual([...keeps, next]);
    expect(nextKeeps({ keeps, listedAt: day(9) }, keepOfDays(30, 'roll'), 30)).toEqual([
      ...keeps,
      { from: day(9), keep: keepOfDays(30, 'roll'), keepDays: 30 },
    ]);
  });
});
