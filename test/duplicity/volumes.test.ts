import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, sumUp, type VolumeFile } from '../../shared/duplicity/volumes.ts';

const file = (bytes: number, at: number): VolumeFile => ({ bytes, at });
const of = (volumes: Record<number, VolumeFile[]>) =>
  sumUp(new Map(Object.entries(volumes).map(([number, files]) => [Number(number), files])));

describe('sumUp', () => {
  it('sums up what is there, with the first and the last write', () => {
    expect(of({ 2: [file(100, 20)], 3: [file(25, 30)], 1: [file(100, 10)] })).toEqual({
      ...{ count: 3, bytes: 225, usualBytes: 100, lastBytes: 25, firstAt: 10, lastAt: 30 },
      ...{ missing: [], empty: [], doubled: [], odd: [] },
    });
  });

  it('has no times and nothing usual where there is nothing, or one volume', () => {
    expect(of({})).toMatchObject({ count: 0, bytes: 0, lastBytes: 0, odd: [] });
    expect(of({})).toMatchObject({ firstAt: undefined, lastAt: undefined, usualBytes: undefined });
    expect(of({ 1: [file(9, 1)] })).toMatchObject({ usualBytes: undefined, lastBytes: 9, odd: [] });
  });

  it('finds a volume of under half of the median of the others, and never the last', () => {
    const odd = (...sizes: number[]) =>
      of(Object.fromEntries(sizes.map((bytes, index) => [index + 1, [file(bytes, 1)]]))).odd;
    expect([odd(100, 49, 100, 9), odd(100, 50, 100, 9)]).toEqual([[2], []]);
    expect([odd(1, 200), odd(200, 1), odd(1, 1, 200)]).toEqual([[1], [], [1, 2]]);
    expect([odd(200, 1, 20), odd(200, 0, 20)]).toEqual([[2], []]);
  });

  it('finds it as the median of all others would, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 9 }), (sizes) => {
        const volumes = sizes.map((bytes, index) => [index + 1, [file(bytes, 1)]]);
        const slow = sizes.flatMap((bytes, index) => {
          const others = sizes.filter((_, other) => other !== index);
          return index < sizes.length - 1 && bytes * 2 < median(others) ? index + 1 : [];
        });
        expect(of(Object.fromEntries(volumes)).odd).toEqual(slow);
      }),
    );
  });

  it('has a number that is there twice, one that is empty anywhere, and counts the larger file', () => {
    const twice = of({ 1: [file(100, 1)], 2: [file(100, 2)], 3: [file(0, 3), file(50, 9)] });
    expect(twice).toMatchObject({
      ...{ count: 3, bytes: 250, doubled: [3], empty: [3] },
      ...{ lastBytes: 50, firstAt: 1, lastAt: 9 },
    });
  });

  it('lists the gaps, and no more than a thousand of them', () => {
    expect(of({ 2: [file(1, 1)], 5: [file(1, 1)] }).missing).toEqual([1, 3, 4]);
    const { missing } = of({ 999999999: [file(1, 1)] });
    expect([missing.length, missing[0], missing.at(-1)]).toEqual([1000, 1, 1000]);
  });
});

describe('median', () => {
  it('is the middle, or the mean of the two there', () => {
    expect([median([9, 1, 10]), median([4, 1, 10, 2]), median([7])]).toEqual([9, 3, 7]);
    expect(median([])).toBeNaN();
  });
});
