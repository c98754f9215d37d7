import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { readMessage } from 'openpgp';
import { describe, expect, it } from 'vitest';
import { HEAD_BYTES, readMessageHead } from '../../shared/openpgp/message.ts';
import { casesOf } from '../support/cases.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';

type Recorded = {
  file: string;
  kind: string;
  recipients: string[];
  symmetric: number;
  recipients_end: number | null;
};
const recorded = JSON.parse(readFixture('heads/index.json')) as Recorded[];
const bytesOf = ({ file }: Recorded) =>
  new Uint8Array(readFileSync(fixturePath(`heads/${file}`))).subarray(0, HEAD_BYTES);
const encrypted = recorded.filter(({ kind }) => kind === 'openpgp');

/** The key ids as another implementation reads them: the library stops where the stream ends. */
async function readByLibrary(head: Uint8Array): Promise<string[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(head);
      controller.close();
    },
  });
  const message = await readMessage({ binaryMessage: stream });
  return message.getEncryptionKeyIDs().map((id) => id.toHex().toUpperCase());
}

describe('readMessageHead', () => {
  it.each(recorded)('reads $file', (known) => {
    const kind = known.kind === 'manifest-text' ? 'text' : known.kind;
    const { recipients, symmetric } = known;
    expect(readMessageHead(bytesOf(known))).toEqual({ kind, recipients, symmetric });
  });

  it('agrees with OpenPGP.js on every recorded message', async () => {
    for (const known of encrypted) {
      const head = bytesOf(known).slice();
      expect(readMessageHead(head).recipients).toEqual(await readByLibrary(head));
    }
  });

  it('is short, and never fine, when the recipients do not end inside the head', () => {
    fc.assert(
      fc.property(fc.constantFrom(...encrypted), fc.nat(), (known, cut) => {
        const end = known.recipients_end ?? 0;
        const length = 1 + (cut % end);
        const { kind, recipients } = readMessageHead(bytesOf(known).subarray(0, length));
        expect(['short', 'text']).toContain(kind);
        expect(known.recipients.slice(0, recipients.length)).toEqual(recipients);
      }),
    );
  });

  it('never throws, and calls nothing encrypted that has no recipient', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const { kind, recipients, symmetric } = readMessageHead(bytes);
        if (kind === 'openpgp') expect(recipients.length + symmetric).toBeGreaterThan(0);
      }),
      { numRuns: casesOf(2000) },
    );
  });

  it('never throws on a recorded head with some bytes changed', () => {
    const change = fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...recorded), change, (known, changes) => {
        const bytes = bytesOf(known).slice();
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        readMessageHead(bytes);
      }),
      { numRuns: casesOf(2000) },
    );
  });

  it.each([
    ['nothing', [], 'empty'],
    ['gzip', [0x1f, 0x8b, 8], 'gzip'],
    ['half of the mark of gzip', [0x1f, 0x8c, 0x8b], 'other'],
    ['the other half', [0x1e, 0x8b, 8], 'other'],
    ['text to its bounds', [0x20, 0x7e, 9, 13], 'text'],
    ['what is below text', [0x41, 8], 'other'],
    ['what is between lines and text', [0x41, 14], 'other'],
    ['a delete', [0x41, 0x7f], 'other'],
    ['a recipient in parts', [0xc1, 0xe3, ...Array(8).fill(3), 0xd2, 1], 'other'],
    [
      'a recipient of version 3 without a whole id',
      [0xc1, 8, 3, ...Array(7).fill(1), 0xd2, 1],
      'other',
    ],
    ['a recipient of version 6 without a length', [0xc1, 1, 6, 0xd2, 1], 'other'],
    [
      'a fingerprint longer than its packet',
      [0xc1, 9, 6, 8, 4, ...Array(6).fill(1), 0xd2, 1],
      'other',
    ],
    ['a fingerprint of seven bytes', [0xc1, 10, 6, 8, 4, ...Array(7).fill(1), 0xd2, 1], 'other'],
    ['a recipient of no bytes', [0xc1, 0, 0xd2, 1], 'other'],
    ['an armored message', [...Buffer.from('-----BEGIN PGP MESSAGE-----\n')], 'text'],
    ['a signed message', [0xa3, 0x01, 0x02], 'other'],
    ['a public key', [0x99, 0x01, 0x0d, 4], 'other'],
    ['data without a recipient', [0xd2, 0x10, 1, 2], 'other'],
    ['a recipient of an unknown version', [0xc1, 0x02, 9, 9, 0xd2, 1], 'other'],
    ['noise', [0x00, 0xff, 0x13], 'other'],
  ])('recognizes %s', (_, bytes, kind) => {
    expect(readMessageHead(new Uint8Array(bytes)).kind).toBe(kind);
  });

  it.each([
    ['version 3, an id and no more', [3, ...Array(8).fill(0xab)], 'AB'.repeat(8)],
    ['version 6, no fingerprint and no more', [6, 0], '0'.repeat(16)],
    [
      'version 6, eight bytes of one and no more',
      [6, 9, 4, ...Array(8).fill(0xcd)],
      'CD'.repeat(8),
    ],
  ])('reads a recipient to its last byte: %s', (_, body, id) => {
    const bytes = [0xc1, body.length, ...body, 0xd2, 1];
    const recipients = [id];
    expect(readMessageHead(new Uint8Array(bytes))).toMatchObject({ kind: 'openpgp', recipients });
    for (let end = 1; end < 2 + body.length; end += 1) {
      const cut = readMessageHead(new Uint8Array(bytes.slice(0, end)));
      expect([cut.kind, cut.recipients], `cut at ${end}`).toEqual(['short', []]);
    }
  });

  it('reads version 6 of RFC 9580, hidden recipients and padding', () => {
    const v6 = [0xc1, 36, 6, 33, 6, ...Array(32).fill(0xab), 25];
    const v4 = [0xc1, 24, 6, 21, 4, ...Array(12).fill(1), ...Array(8).fill(0xcd), 25];
    const hidden = [0xc1, 3, 6, 0, 25];
    const bytes = new Uint8Array([...v6, ...v4, ...hidden, 0xd5, 2, 0, 0, 0xd2, 0xed]);
    expect(readMessageHead(bytes)).toEqual({
      kind: 'openpgp',
      recipients: ['AB'.repeat(8), 'CD'.repeat(8), '0'.repeat(16)],
      symmetric: 0,
    });
  });
});
