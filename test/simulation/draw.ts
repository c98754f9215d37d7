// Chance by a seed: the same words draw the same numbers, whatever else was drawn before.

/** One stream of numbers. */
export type Draw = {
  /** A whole number from 0 to below `bound`. */
  readonly below: (bound: number) => number;
  /** A whole number from `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number;
  readonly pick: <One>(some: readonly One[]) => One;
  /** True in so many of 100 cases. */
  readonly percent: (cases: number) => boolean;
};

/** A stream of its own for each `words`. Source: FNV-1a, and Mulberry32. */
export function drawFor(...words: readonly (string | number)[]): Draw {
  let state = 0x811c9dc5;
  for (const character of words.join(' ')) {
    state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  }
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    pick: <One>(some: readonly One[]): One => {
      if (some.length === 0) throw new RangeError('nothing to pick from');
      return some[below(some.length)] as One;
    },
    percent: (cases) => below(100) < cases,
  };
}
