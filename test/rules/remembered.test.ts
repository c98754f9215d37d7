import { describe, expect, it } from 'vitest';
import { makeMemory } from '../../shared/rules/window.ts';

describe('makeMemory', () => {
  it('computes each value once, also an undefined one, and forgets all at 50,000', () => {
    const asked: string[] = [];
    const remember = makeMemory<number | undefined>();
    const ask = (question: string, answer?: number) =>
      remember(question, () => {
        asked.push(question);
        return answer;
      });
    expect([ask('a', 1), ask('a', 2), ask('b'), ask('b', 3)]).toEqual([1, 1, undefined, undefined]);
    for (let number = 2; number < 50_000; number += 1) ask(`${number}`, number);
    expect(ask('a', 2)).toBe(1);
    expect(asked.length).toBe(50_000);
    expect([ask('one more', 4), ask('a', 5), ask('b', 6)]).toEqual([4, 5, 6]);
    expect(asked.length).toBe(50_003);
  });
});
