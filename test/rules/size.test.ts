import { describe, expect, it } from 'vitest';
import type { BackupSet } from '../../shared/duplicity/backup-set.ts';
import { judgeSize, judgeTail } from '../../shared/rules/size.ts';
import { aFull, anIncremental, collected } from '../support/builders.ts';

const day = (date: number) => `2026-11-${String(date).padStart(2, '0')}T03:00:00Z`;
const bounds = { minBytes: 0, shrink: 0.5, grow: 2 };

/** Three earlier fulls of 1,000 bytes each, and the judged one. */
const earlier = collected(...[18, 19, 20].flatMap((date) => aFull({ begun: day(date) }))).sets.map(
  (set) => ({ ...set, bytes: 1000 }),
);
const judged = (bytes: number): BackupSet => {
  const [set] = collected(...aFull({ begun: day(23) })).sets;
  return { ...(set as BackupSet), bytes };
};
const kinds = (bytes: number, others = earlier, own = bounds) =>
  judgeSize(judged(bytes), others, own).map(({ kind }) => kind);

describe('judgeSize', () => {
  it.each([
    [499, ['shrunk']],
    [500, []],
    [2000, []],
    [2001, ['grew']],
  ])('of %i bytes next to a usual 1,000 is %j', (bytes, kind) => {
    expect(kinds(bytes)).toEqual(kind);
  });

  it('reports the bound and the usual size', () => {
    expect(judgeSize(judged(499), earlier, bounds)).toEqual([
      { kind: 'shrunk', severity: 'warning', bytes: 499, usualBytes: 1000, boundBytes: 500 },
    ]);
    expect(judgeSize(judged(2001), earlier, bounds)).toEqual([
      { kind: 'grew', severity: 'warning', bytes: 2001, usualBytes: 1000, boundBytes: 2000 },
    ]);
  });

  it('compares with remembered fulls where the bucket holds too few, and counts none twice', () => {
    const remembered = [1000, 1000, 1000].map((bytes, index) => ({
      startedAt: Date.parse(day(10 + index)),
      bytes,
    }));
    expect(judgeSize(judged(499), [], bounds, remembered)).toMatchObject([{ usualBytes: 1000 }]);
    expect(judgeSize(judged(499), [], bounds, remembered.slice(1))).toEqual([]);
    const twice = earlier.slice(1).map(({ startedAt, bytes }) => ({ startedAt, bytes }));
    expect(judgeSize(judged(499), earlier.slice(1), bounds, twice)).toEqual([]);
  });

  it('detects a slow drift that the last few fulls alone do not show', () => {
    const shrinking = Array.from({ length: 30 }, (_, index) => ({
      startedAt: Date.parse(day(22)) - index * 86_400_000,
      bytes: 1000 * 1.06 ** index,
    }));
    const bytes = 1000 / 1.06;
    expect(judgeSize(judged(bytes), [], bounds, shrinking.slice(0, 4))).toEqual([]);
    expect(judgeSize(judged(bytes), [], bounds, shrinking)).toMatchObject([{ kind: 'shrunk' }]);
  });

  it('compares with thirty fulls and no more', () => {
    const long = Array.from({ length: 60 }, (_, index) => ({
      startedAt: Date.parse(day(22)) - index * 86_400_000,
      bytes: index < 30 ? 1000 : 9000,
    }));
    expect(judgeSize(judged(1000), [], bounds, long)).toEqual([]);
    expect(judgeSize(judged(1000), [], bounds, long.toReversed())).toEqual([]);
  });

  it("checks the config's own minimum first, which the exact size reaches", () => {
    const own = { ...bounds, minBytes: 800 };
    expect(kinds(800, [], own)).toEqual([]);
    expect(judgeSize(judged(799), [], own)).toMatchObject([
      { kind: 'shrunk', usualBytes: undefined, boundBytes: 800 },
    ]);
  });

  it('has no usual size from two fulls, from damaged or later ones, or from incrementals', () => {
    const two = earlier.slice(1);
    const inc = collected(...anIncremental(day(17), day(18))).sets;
    const damaged = earlier.slice(0, 1).map((set) => ({ ...set, manifest: undefined }));
    const later = collected(...aFull({ begun: day(24) })).sets;
    for (const others of [two, [...two, ...inc], [...two, ...damaged], [...two, ...later]]) {
      expect(kinds(1, others as typeof earlier)).toEqual([]);
    }
  });
});

describe('judgeTail', () => {
  const tail = (lastShare: number | undefined) => {
    const set = judged(1000);
    if (set.volumes === undefined) throw new Error('its volumes were read');
    return judgeTail({ ...set, volumes: { ...set.volumes, lastShare } }).map(({ kind }) => kind);
  };

  it('warns of a last volume that is 95 % of the others or more', () => {
    expect(tail(0.949)).toEqual([]);
    expect(tail(0.95)).toEqual(['maybe-truncated']);
    expect(tail(undefined)).toEqual([]);
  });

  it('finds nothing in volumes that were not read', () => {
    expect(judgeTail({ ...judged(1000), volumes: undefined })).toEqual([]);
  });
});
