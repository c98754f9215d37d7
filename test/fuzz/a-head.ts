// Random OpenPGP heads: recorded ones with bytes changed, and packets of every kind, length and version put together.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { HEAD_BYTES } from '../../shared/openpgp/message.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';

const recordedHeads = (JSON.parse(readFixture('heads/index.json')) as { file: string }[]).map(
  ({ file }) => new Uint8Array(readFileSync(fixturePath(`heads/${file}`))).subarray(0, HEAD_BYTES),
);
const edit = fc.record({
  // Packets begin early and end late: most edits fall on the first bytes, where the lengths are.
  at: fc.oneof(fc.nat({ max: 16 }), fc.nat({ max: 600 }), fc.nat({ max: HEAD_BYTES })),
  byte: fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0, 0x7f, 0x80, 0x84, 0x85, 0xc0, 0xc1, 0xd2, 0xff),
  ),
  what: fc.constantFrom('set', 'set', 'set', 'insert', 'delete'),
});
/** One of these with some bytes changed, put in or taken out. */
export function editedOf(recorded: readonly Uint8Array[]): fc.Arbitrary<number[]> {
  const edits = fc.array(edit, { minLength: 1, maxLength: 5 });
  return fc.tuple(fc.constantFrom(...recorded), edits).map(([whole, changes]) => {
    const bytes = [...whole];
    for (const { at, byte, what } of changes) {
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      if (what === 'set') bytes[place] = byte;
      else if (what === 'insert') bytes.splice(place, 0, byte);
      else bytes.splice(place, 1);
    }
    return bytes;
  });
}
const mutated = editedOf(recordedHeads.map((head) => head.subarray(0, 1300)));

const bigEndian = (value: number, octets: number) =>
  Array.from(
    { length: octets },
    (_, place) => Math.floor(value / 256 ** (octets - 1 - place)) % 256,
  );

/** The header of a packet, in one of the ways in which its length may be written. */
function headerOf(tag: number, length: number, form: number): number[] {
  if (form < 4 && tag < 16) {
    const octets = [1, 2, 4, 0][form] ?? 0;
    return [0x80 | (tag << 2) | form, ...bigEndian(length, octets)];
  }
  const first = 0xc0 | tag;
  if (form === 7) return [first, 224 + (length % 31)];
  if (form === 6 || length >= 8384) return [first, 255, ...bigEndian(length, 4)];
  if (length < 192) return [first, length];
  const rest = length - 192;
  return [first, 192 + (rest >> 8), rest % 256];
}
const recipient = fc
  .record({
    version: fc.constantFrom(3, 3, 3, 6, 6, 2, 0),
    octets: fc.constantFrom(0, 1, 8, 9, 20, 21, 33, 255),
    keyVersion: fc.constantFrom(4, 4, 6, 5),
    fill: fc.uint8Array({ minLength: 40, maxLength: 40 }),
    length: fc.oneof(fc.constantFrom(0, 1, 2, 8, 9, 10, 11, 22, 23, 24, 35), fc.nat({ max: 600 })),
  })
  .map(({ version, octets, keyVersion, fill, length }) => {
    const begin = version === 6 ? [6, octets, keyVersion] : [version];
    const body = [...begin, ...fill];
    while (body.length < length) body.push(body.length % 251);
    return { tag: 1, body: body.slice(0, length) };
  });
const packet = fc.oneof(
  { weight: 4, arbitrary: recipient },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(3, 10, 21, 18, 18, 20, 9, 8, 6, 63),
        fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(191, 192, 193, 447, 448, 449, 1000)),
      )
      .map(([tag, length]) => ({ tag, body: Array.from({ length }, (_, at) => at % 256) })),
  },
);
const built = fc
  .array(fc.tuple(packet, fc.nat({ max: 7 })), { minLength: 1, maxLength: 5 })
  .map((packets) =>
    packets.flatMap(([{ tag, body }, form]) => [...headerOf(tag, body.length, form), ...body]),
  );
const plain = fc
  .tuple(
    fc.constantFrom(
      [0x1f, 0x8b],
      [0x1f],
      [0x8b],
      [0x20, 0x8b],
      [0x7f],
      [0x7e],
      [0x1f, 0x20],
      [8],
      [9],
      [13],
      [14],
      [0x20],
    ),
    fc.array(fc.constantFrom(0x20, 0x41, 0x7e, 0x0a), { maxLength: 6 }),
  )
  .map(([begin, rest]) => [...rest, ...begin, ...rest]);

/** The first bytes of an object, cut anywhere or not at all. */
export const heads: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: mutated },
      { weight: 8, arbitrary: built },
      { weight: 1, arbitrary: plain },
    ),
    fc.oneof(fc.constant(undefined), fc.nat({ max: 60 }), fc.nat({ max: 1200 })),
  )
  .map(([bytes, length]) => Uint8Array.from(bytes.slice(0, length)));
