import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEqual } from '../../shared/config/edit-config.ts';

describe('isEqual', () => {
  it('is what Node says of any plain data', () => {
    const few = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(few, few, (a, b) => {
        expect(isEqual(a, structuredClone(a))).toBe(true);
        expect(isEqual(a, b)).toBe(isDeepStrictEqual(a, b));
      }),
    );
  });

  it.each<[string, unknown, unknown, boolean]>([
    ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['a key more', { a: 1 }, { a: 1, b: 2 }, false],
    ['another key', { a: undefined }, { b: undefined }, false],
    ['another value deep inside', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
    ['a list that is longer', [1], [1, 2], false],
    ['an empty list and an empty map', [], {}, false],
    ['null and a map', null, {}, false],
    ['a map and null', {}, null, false],
    ['a map and a number', {}, 1, false],
    ['a number and a map', 1, {}, false],
    ['a number and its text', 1, '1', false],
  ])('%s', (_, a, b, expected) => {
    expect(isEqual(a, b)).toBe(expected);
  });
});
