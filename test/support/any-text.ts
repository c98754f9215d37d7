// Any text: each of its characters is any code point, half pairs aside.
import fc from 'fast-check';

const HALF_PAIRS = { from: 0xd800, count: 0x800 };
const character = fc
  .integer({ min: 0, max: 0x10_ffff - HALF_PAIRS.count })
  .map((index) => (index < HALF_PAIRS.from ? index : index + HALF_PAIRS.count));

/**
 * As `fc.string` makes it with `unit: 'binary'`, which takes most of a second to number all characters. Among it are the
 * names that `fc.string` knows to be dangerous.
 */
export function anyText(length: fc.StringConstraints = {}): fc.Arbitrary<string> {
  const { minLength = 0, maxLength } = length;
  const bounds = maxLength === undefined ? { minLength } : { minLength, maxLength };
  const points = fc.array(character, bounds);
  return fc.oneof(
    { weight: 4, arbitrary: points.map((codes) => String.fromCodePoint(...codes)) },
    { weight: 1, arbitrary: fc.string(bounds) },
  );
}
