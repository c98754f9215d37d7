import { describe, expect, it } from 'vitest';
import { median, sumUp, type VolumeFile } from '../../shared/duplicity/volumes.ts';

const file = (bytes: number, at: number): VolumeFile => ({ bytes, at });
const of = (volumes: Record<number, VolumeFile[]>) =>
  sumUp(new Map(Object.entries(volumes).map(([number, files]) => [Number(number), files])));

describe('sumUp', () => {
  it('sums up what is there, and tells the first and the last write', () => {
    expect(of({ 2: [file(100, 20)], 3: [file(25, 30)], 1: [file(100, 10)] })).toEqual({
      ...{ count: 3, bytes: 225, lastShare: 0.25, firstAt: 10, lastAt: 30 },
      ...{ missing: [], empty: [], doubled: [] },
    });
  });

  it('has no times and no share where there is nothing', () => {
    expect(of({})).toMatchObject({ count: 0, bytes: 0 });
    expect(of({})).toMatchObject({ firstAt: undefined, lastAt: undefined, lastShare: undefined });
  });

  it('compares the last volume from three on', () => {
    expect(of({ 1: [file(100, 1)], 2: [file(50, 1)] }).lastShare).toBeUndefined();
    expect(of({ 1: [file(100, 1)], 2: [file(50, 1)], 3: [file(75, 1)] }).lastShare).toBe(1);
  });

  it('finds a number that is there twice and one that is empty, and counts the larger file', () => {
    const twice = of({ 1: [file(100, 1)], 2: [file(100, 2)], 3: [file(0, 3), file(50, 9)] });
    expect(twice).toMatchObject({
      ...{ count: 3, bytes: 250, doubled: [3], empty: [3] },
      ...{ lastShare: 0.5, firstAt: 1, lastAt: 9 },
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
