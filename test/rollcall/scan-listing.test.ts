// A listing is gone through in pieces: whatever is in it, and wherever a piece ends, it is the same JSON.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { scanListing } from '../../scripts/rollcall/scan-listing.ts';

/** What it is made of again, or that it is no JSON. */
function read(text: string, sizes: { chunkBytes: number; pieceBytes: number }) {
  const lists: Record<string, unknown[]> = {};
  try {
    const outside = scanListing(
      sourceOf(text),
      ({ list, number }, piece) => {
        const elements = JSON.parse(`[${piece}]`);
        if (number > 0 && elements.length === 0) throw new SyntaxError('a comma, and nothing');
        lists[list] = [...(lists[list] ?? []), ...elements];
      },
      sizes,
    );
    const document = JSON.parse(outside);
    return { ...document, ...lists };
  } catch (error) {
    if (error instanceof SyntaxError) return 'no JSON';
    throw error;
  }
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return 'no JSON';
  }
}

const name = fc.constantFrom('Contents', 'Versions', 'Prefix', 'a"b', 'é\\', '[', '}');
const odd = fc.constantFrom('web/a', '"', '\\', '],[', '}{', 'é€😀', '\\"', '\u2028', '');
const value = fc.oneof(odd, fc.integer(), fc.constant(null), fc.boolean());
const row = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 4 });
const document = fc.dictionary(
  name,
  fc.oneof(value, fc.array(row, { maxLength: 6 }), fc.array(value), row),
);
const sizes = fc.record({
  chunkBytes: fc.integer({ min: 1, max: 40 }),
  pieceBytes: fc.integer({ min: 1, max: 60 }),
});

describe('a listing that is read in pieces', () => {
  it('is what JSON.parse reads of it, wherever a piece ends', () => {
    fc.assert(
      fc.property(document, sizes, fc.constantFrom(0, 4), (json, how, indent) => {
        expect(read(JSON.stringify(json, null, indent), how)).toEqual(json);
      }),
    );
  });

  it('is refused where JSON.parse refuses it', () => {
    const edit = fc.tuple(fc.nat(), fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\'));
    fc.assert(
      fc.property(document, sizes, edit, (json, how, [place, put]) => {
        const whole = JSON.stringify(json);
        const at = place % whole.length;
        const text = whole.slice(0, at) + put + whole.slice(at + 1);
        if (parse(text) === 'no JSON') expect(read(text, how)).toBe('no JSON');
      }),
    );
  });

  it('is refused, with what to do, where one element is longer than any of S3’s', () => {
    const text = `{"Contents":[{"Key":"${'x'.repeat(5 * 2 ** 20)}"}]}`;
    expect(() => read(text, { chunkBytes: 2 ** 20, pieceBytes: 2 ** 18 })).toThrow(/over 4 MiB/);
  });
});
