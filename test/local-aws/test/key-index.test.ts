// Compares the sorted index with a sorted array; what a key costs in memory is measured by test/bench.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../support/any-text.ts';
import { casesOf } from '../../support/cases.ts';
import { behindPrefix, fromByteKey, toByteKey } from '../byte-key.ts';
import { createKeyIndex } from '../key-index.ts';

const entry = (key: string, bytes = 0) => ({ key, bytes, modifiedAt: 0, kind: 0 });

describe('createKeyIndex', () => {
  it('holds what was set, less what was deleted, in order, from anywhere', () => {
    const write = fc.record({
      key: fc.stringMatching(/^[a-d]{1,4}$/),
      bytes: fc.nat(),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(write, { maxLength: 400 }),
        fc.string({ maxLength: 3 }),
        (writes, from) => {
          const index = createKeyIndex();
          const model = new Map<string, number>();
          for (const { key, bytes, gone } of writes) {
            if (gone) {
              index.delete(key);
              model.delete(key);
            } else {
              index.set(entry(key, bytes));
              model.set(key, bytes);
            }
          }
          const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
          const found = [...index.from(from)].map(({ key, bytes }) => [key, bytes]);
          expect(found).toEqual(expected.filter(([key]) => key >= from));
          expect(index.count()).toBe(model.size);
          for (const [key, bytes] of model) expect(index.get(key)?.bytes).toBe(bytes);
        },
      ),
      { numRuns: casesOf(60) },
    );
  });

  it('keeps its order through splits, packing and unpacking, whatever the order of writing', () => {
    const index = createKeyIndex();
    const total = 20_000;
    // 7919 is prime to the total, so that every key comes once and far from the one before.
    for (let at = 0; at < total; at += 1) {
      const number = (at * 7919) % total;
      index.set(entry(`host-${String(number).padStart(6, '0')}/é${number}`, number));
    }
    expect(index.count()).toBe(total);
    let last = -1;
    for (const { bytes } of index.from('')) {
      expect(bytes).toBe(last + 1);
      last = bytes;
    }
    for (let number = 0; number < total; number += 2) {
      index.delete(`host-${String(number).padStart(6, '0')}/é${number}`);
    }
    const [first] = index.from('host-010000');
    expect([index.count(), first?.bytes]).toEqual([total / 2, 10_001]);
  });
});

describe('toByteKey', () => {
  it('sorts as the UTF-8 bytes sort, and reads back', () => {
    const text = anyText({ maxLength: 6 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
        const [left, right] = [toByteKey(a), toByteKey(b)];
        expect(left === right ? 0 : left < right ? -1 : 1).toBe(order);
        expect(fromByteKey(left)).toBe(a);
      }),
    );
  });
});

describe('behindPrefix', () => {
  it('is behind every key with the prefix and before every other that follows', () => {
    const text = anyText({ minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, text, (prefix, key) => {
        const [bytePrefix, byteKey] = [toByteKey(prefix), toByteKey(key)];
        const behind = behindPrefix(bytePrefix);
        expect(byteKey >= bytePrefix && byteKey < behind).toBe(byteKey.startsWith(bytePrefix));
      }),
    );
  });
});
