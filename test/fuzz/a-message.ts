// Random whole messages as GnuPG cuts them into chunks, of any size, and cut anywhere.
import fc from 'fast-check';

const CHUNK = 8192;
const LEAST = 512;
const recipient = [0x84, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 18, 0, 0];
const passphrase = [0x8c, 4, 4, 9, 0, 0];

function framed(body: number, fill: (at: number) => number): number[] {
  const bytes: number[] = [];
  let rest = body;
  const put = (count: number) => {
    for (let at = 0; at < count; at += 1) bytes.push(fill(bytes.length));
    rest -= count;
  };
  for (let size = CHUNK; size >= LEAST; size /= 2) {
    while (rest >= size) {
      bytes.push(224 + Math.log2(size));
      put(size);
    }
  }
  bytes.push(...(rest < 192 ? [rest] : [192 + Math.floor((rest - 192) / 256), (rest - 192) % 256]));
  put(rest);
  return bytes;
}

/** The bytes of an object, whose message is whole or cut. */
export const messages: fc.Arbitrary<Uint8Array> = fc
  .record({
    openers: fc.array(fc.constantFrom(recipient, passphrase), { minLength: 1, maxLength: 4 }),
    // Around the sizes at which what is left behind a chunk is longest, or nothing.
    body: fc.oneof(
      fc.nat({ max: 40_000 }),
      fc
        .tuple(fc.nat({ max: 4 }), fc.integer({ min: -40, max: 8 }))
        .map(([chunks, more]) => Math.max(0, chunks * CHUNK + more)),
    ),
    seed: fc.nat(),
    // What looks like a length is the worst that the encrypted bytes can hold.
    fill: fc.constantFrom(undefined, 0, 1, 2, 0xc0, 0xed, 0xff),
    lost: fc.oneof(fc.constant(0), fc.nat({ max: 16 }), fc.nat({ max: 9000 }), fc.nat()),
  })
  .map(({ openers, body, seed, fill, lost }) => {
    const noise = (at: number) => (Math.imul(at + 1, 2654435761) ^ Math.imul(seed, at)) >>> 24;
    const data = framed(body, fill === undefined ? noise : () => fill);
    const bytes = Uint8Array.from([...openers.flat(), 0xd2, ...data]);
    return bytes.subarray(0, bytes.length - (lost % bytes.length));
  });
