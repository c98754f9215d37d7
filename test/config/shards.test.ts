import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doOverlap, shardIndexOf } from '../../shared/config/config.ts';
import { anyText } from '../support/any-text.ts';

describe('shardIndexOf', () => {
  it('puts hosts that are named by number evenly into shards', () => {
    for (const name of ['host-%', 'backups/host-%/', '%.eu.example.net']) {
      const sizes = Array<number>(32).fill(0);
      for (let number = 0; number < 50_000; number += 1) {
        const index = shardIndexOf(name.replace('%', String(number).padStart(5, '0')), 32);
        sizes[index] = (sizes[index] ?? 0) + 1;
      }
      expect(Math.max(...sizes) / (50_000 / 32)).toBeLessThan(1.1);
      expect(Math.min(...sizes) / (50_000 / 32)).toBeGreaterThan(0.9);
    }
  });

  it('keeps a name in its shard, or in the half that is split off', () => {
    fc.assert(
      fc.property(anyText(), fc.nat(9), (name, power) => {
        const of = 2 ** power;
        const index = shardIndexOf(name, of);
        expect([index, index + of]).toContain(shardIndexOf(name, of * 2));
        expect(index).toBeLessThan(of);
        const twice = { index: shardIndexOf(name, of * 2), of: of * 2 };
        expect(doOverlap({ index, of }, twice)).toBe(true);
        if (of > 1) expect(doOverlap({ index: (index + 1) % of, of }, twice)).toBe(false);
      }),
    );
  });
});
