import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { createMessage, encrypt, readKey } from 'openpgp';
import { describe, expect, it } from 'vitest';
import { readEnding } from '../../shared/openpgp/message.ts';
import { casesOf } from '../support/cases.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';
import {
  buildMessage,
  endingOf,
  type Fill,
  filled,
  noise,
  type RecordedMessage,
  recordedMessages,
} from '../support/recorded-message.ts';

const fills: [string, (seed: number) => Fill][] = [
  ['noise', noise],
  // Each of these is a length by itself: the worst that the encrypted bytes can look like.
  ['lengths of nothing', () => () => 0x00],
  ['chunks of 8 KiB', () => () => 0xed],
  ['lengths of one', () => () => 0x01],
];
const afterLastChunk = ({ size, lengths }: RecordedMessage) => {
  const [at = size, , times = 0] = lengths.find(([, hex]) => hex === 'ed') ?? [];
  return size - (at + times * 8193);
};

/** A message as GnuPG's rule has it, with chunks of any size. */
function inChunks(chunkBytes: number, bodyBytes: number, fill: Fill): Uint8Array {
  const pieces = [Uint8Array.of(0xc1, 12, 3, ...Array(8).fill(0xab), 18, 0, 0, 0xd2)];
  let rest = bodyBytes;
  for (let size = chunkBytes; size >= 512; size /= 2) {
    for (; rest >= size; rest -= size) {
      pieces.push(Uint8Array.of(0xe0 | Math.log2(size)), filled(size, fill));
    }
  }
  const length = rest < 192 ? [rest] : [192 + ((rest - 192) >> 8), (rest - 192) & 255];
  return Uint8Array.from(Buffer.concat([...pieces, Uint8Array.from(length), filled(rest, fill)]));
}

describe('readEnding', () => {
  it('finds every recorded message of gpg complete, from at most 8,197 bytes more', () => {
    const asked: number[] = [];
    for (const message of recordedMessages) {
      const object = buildMessage(message, noise(message.plain));
      expect([message.to, message.plain, endingOf(object, { asked })]).toEqual([
        message.to,
        message.plain,
        'whole',
      ]);
    }
    expect(Math.max(...asked)).toBeLessThanOrEqual(8197);
    // Those that end more than a chunk behind the last whole one are among them.
    expect(Math.max(...recordedMessages.map(afterLastChunk))).toBe(8197);
  });

  it.each(fills)('calls a recorded message truncated, wherever it is cut (%s)', (_, fill) => {
    const message = fc.constantFrom(...recordedMessages);
    const cut = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 9000 }), fc.nat());
    fc.assert(
      fc.property(message, cut, fc.integer(), (one, lost, seed) => {
        const object = buildMessage(one, fill(seed));
        const left = object.subarray(0, Math.max(1, one.size - 1 - (lost % one.size)));
        expect(endingOf(left)).toBe('truncated');
      }),
      { numRuns: casesOf(300) },
    );
  });

  it('does so at every single byte of those that end furthest behind a chunk', () => {
    const worst = recordedMessages.filter((one) => afterLastChunk(one) > 8193 && one.size < 17_000);
    expect(worst.length).toBeGreaterThan(2);
    for (const [, fill] of fills) {
      for (const message of worst.slice(-casesOf(3))) {
        const object = buildMessage(message, fill(7));
        const endings = new Set<string>();
        for (let size = 1; size < object.length; size += 1) {
          endings.add(endingOf(object.subarray(0, size)));
        }
        expect([...endings]).toEqual(['truncated']);
      }
    }
  });

  type Recorded = { file: string; kind: string; whole_object: boolean };
  const manifests = (JSON.parse(readFixture('heads/index.json')) as Recorded[]).filter(
    (one) => one.whole_object && one.kind === 'openpgp',
  );

  it.each(manifests)('tells of every byte that is cut off $file', ({ file }) => {
    const object = new Uint8Array(readFileSync(fixturePath(`heads/${file}`)));
    expect(endingOf(object)).toBe('whole');
    for (let size = 1; size < object.length; size += 1) {
      expect(endingOf(object.subarray(0, size))).toBe('truncated');
      expect(endingOf(object.subarray(0, size), { headBytes: 1000 })).toBe('truncated');
    }
    expect(endingOf(Uint8Array.from([...object, 0]))).toBe('cannot tell');
  });

  it('never finds a complete message of OpenPGP.js truncated, nor a part of one complete', async () => {
    const armoredKey = readFixture('keys/curve.pub.asc');
    const encryptionKeys = await readKey({ armoredKey });
    const endings = new Set<string>();
    for (const size of [0, 100, 400, 512, 1500, 4000, 8100, 8192, 9000, 16_300, 30_000, 140_000]) {
      const message = await createMessage({ binary: new Uint8Array(size).fill(7) });
      const object = await encrypt({ message, encryptionKeys, format: 'binary' });
      const ending = endingOf(object);
      endings.add(ending);
      expect(ending).not.toBe('truncated');
      for (const left of [1, 95, 97, 99, 600, 5000, 9000, object.length - 9, object.length - 1]) {
        if (left < object.length) expect(endingOf(object.subarray(0, left))).not.toBe('whole');
      }
    }
    expect([...endings]).toContain('whole');
  });

  it('takes chunks of 64 KiB on trust only for the better', () => {
    for (const bytes of [65_536, 65_540, 98_400, 131_072, 150_000, 180_700, 196_000, 258_000]) {
      const object = inChunks(65_536, bytes, noise(bytes));
      const asked: number[] = [];
      expect([bytes, endingOf(object, { asked })]).toEqual([bytes, 'whole']);
      expect(Math.max(0, ...asked)).toBeLessThanOrEqual(8197);
      for (const lost of [1, 2, 7, 8, 300, 9000, 65_537]) {
        expect(endingOf(object.subarray(0, -lost))).not.toBe('whole');
      }
    }
    expect(endingOf(inChunks(65_536, 196_607, noise(1)).subarray(0, -1))).toBe('cannot tell');
    expect(endingOf(inChunks(131_072, 500_000, noise(1)))).toBe('whole');
  });

  it.each([512, 1024, 2048, 8192])('goes from chunk to chunk of %i bytes', (chunkBytes) => {
    for (const bytes of [40, 9, 9.5, 40.3].map((chunks) => Math.floor(chunks * chunkBytes))) {
      const object = inChunks(chunkBytes, bytes, noise(bytes));
      expect(endingOf(object), `${bytes}`).toBe('whole');
      expect(endingOf(object.subarray(0, -1)), `${bytes}, cut`).not.toBe('whole');
    }
  });

  it('looks for no length behind chunks of two sizes', () => {
    const [one, two] = [inChunks(512, 3 * 512, noise(1)), inChunks(1024, 200 * 1024, noise(2))];
    const mixed = Uint8Array.from([...one.subarray(0, -1), ...two.subarray(15)]);
    expect(endingOf(mixed)).toBe('cannot tell');
    expect(readEnding(mixed.length, mixed)).toBe('whole');
  });

  const recipient = [0xc1, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 18, 0, 0];
  it.each([
    ['a definite length of one octet', [0xd2, 3, 1, 9, 9], 'whole'],
    ['one of five octets', [0xd2, 255, 0, 0, 0, 3, 1, 9, 9], 'whole'],
    ['an AEAD packet', [0xd4, 3, 1, 9, 9], 'whole'],
    ['the old format, one octet', [0xa4, 3, 1, 9, 9], 'whole'],
    ['the old format, two octets', [0xa5, 0, 3, 1, 9, 9], 'whole'],
    ['the old format, four octets', [0xa6, 0, 0, 0, 3, 1, 9, 9], 'whole'],
    ['the old format without a length', [0xa7, 1, 9, 9], 'cannot tell'],
    ['the old format without a length, and without data', [0xa7], 'truncated'],
    ['the old format, cut', [0xa6, 0, 0, 0, 3, 1, 9], 'truncated'],
    ['the old format, cut in its length', [0xa6, 0, 0], 'truncated'],
    ['a length that is cut', [0xd2, 0xc1], 'truncated'],
    ['a tag without a length', [0xd2], 'truncated'],
    ['no data', [], 'truncated'],
    ['bytes behind the end', [0xd2, 3, 1, 9, 9, 0], 'cannot tell'],
    ['a chunk without a length behind it', [0xd2, 0xe0, 1], 'truncated'],
    ['a chunk and a rest of nothing', [0xd2, 0xe0, 1, 0], 'whole'],
  ])('reads %s', (_, data, ending) => {
    expect(endingOf(Uint8Array.from([...recipient, ...data]))).toBe(ending);
  });

  it('cannot tell of what is no message, of a list that is too long, or of an object that changed', () => {
    expect(endingOf(new Uint8Array())).toBe('cannot tell');
    expect(endingOf(new TextEncoder().encode('Hostname web'))).toBe('cannot tell');
    expect(readEnding(9000, Uint8Array.from(recipient))).toBe('cannot tell');
    const [message] = recordedMessages.filter(({ size }) => size > 30_000);
    const object = buildMessage(message as RecordedMessage, noise(1));
    const head = object.subarray(0, 4096);
    const span = readEnding(object.length, head);
    if (typeof span === 'string') throw new Error(span);
    const bytes = object.subarray(span.from);
    expect(readEnding(object.length, head, { ...span, bytes: bytes.subarray(1) })).toBe(
      'cannot tell',
    );
    expect(readEnding(object.length, head, { from: span.from + 1, bytes })).toBe('cannot tell');
    expect(readEnding(100, head)).toBe('cannot tell');
  });
});
