import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readKeySignature } from '../../shared/openpgp/public-key.ts';
import {
  area,
  buildSignature,
  CREATED,
  ISSUER_FINGERPRINT,
  ISSUER_ID,
  KEY_FLAGS,
  number,
  type Subpacket,
  subpacket,
} from '../support/key-signature.ts';

const id = [1, 2, 3, 4, 5, 6, 7, 0xef];
const printed: readonly Subpacket[] = [
  [CREATED, number(1_763_900_000, 4)],
  [KEY_FLAGS, [0x0c]],
  [ISSUER_FINGERPRINT, [4, ...Array(20).fill(0xaa)]],
];

describe('readKeySignature', () => {
  it.each([4, 6] as const)('reads what one of version %i says', (version) => {
    expect(readKeySignature(buildSignature(printed, [[ISSUER_ID, id]], version))).toEqual({
      type: 0x18,
      createdS: 1_763_900_000,
      flags: 0x0c,
      issuers: ['AA'.repeat(20), '01020304050607EF'],
    });
  });

  it('takes nothing but the issuer from where anybody can write', () => {
    expect(readKeySignature(buildSignature([], printed))).toEqual({
      ...{ type: 0x18, createdS: 0, flags: undefined },
      issuers: ['AA'.repeat(20)],
    });
  });

  it('tells flags that are none from no flags', () => {
    expect(readKeySignature(buildSignature([[KEY_FLAGS, []]]))?.flags).toBe(0);
    expect(readKeySignature(buildSignature([[99, [1]]]))).toMatchObject({
      flags: undefined,
      issuers: [],
    });
  });

  it('reads a critical one like any other', () => {
    expect(readKeySignature(buildSignature([[KEY_FLAGS + 0x80, [4]]]))?.flags).toBe(4);
  });

  it('reports only the kind of an old or unknown version', () => {
    const silent = { createdS: 0, flags: undefined, issuers: [] };
    for (const version of [2, 5, 7, 255]) {
      const body = buildSignature(printed, [[ISSUER_ID, id]]).with(0, version);
      expect(readKeySignature(body)).toEqual({ type: 0x18, ...silent });
    }
    expect(readKeySignature(Uint8Array.of(3, 5, 0x20))).toEqual({ type: 0x20, ...silent });
  });

  it.each([[[]], [[4]], [[3, 5]]])('reads nothing from a message that is cut to %j', (bytes) => {
    expect(readKeySignature(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('reads a length in every form, of any size', () => {
    const sizes = [190, 191, 192, 8382, 8383, 8384, 16_000, 16_319, 16_320, 17_000];
    for (const size of sizes) {
      const long: Subpacket = [KEY_FLAGS, [4, ...Array(size - 2).fill(0)]];
      const body = buildSignature([long, [CREATED, [9]]], [], 6);
      expect(readKeySignature(body), `of ${size} octets`).toMatchObject({ createdS: 9, flags: 4 });
    }
    const wide = subpacket([KEY_FLAGS, [4]], 5);
    const body = Uint8Array.from([4, 0x18, 22, 10, ...area(wide, 2), ...area([], 2)]);
    expect(readKeySignature(body)?.flags).toBe(4);
  });

  it.each([
    ['longer than its area', [5, KEY_FLAGS, 4]],
    ['of no octets', [0, 2, KEY_FLAGS, 4]],
    ['of two octets, and cut', [2, KEY_FLAGS, 4, 192]],
    ['of two octets from 224 on, and cut', [2, KEY_FLAGS, 4, 224]],
    ['of five octets, and cut', [2, KEY_FLAGS, 4, 255, 0, 0, 1]],
  ])('believes nothing of areas with a length %s', (_, bytes) => {
    const silent = { type: 0x18, createdS: 0, flags: undefined, issuers: [] };
    const begin = [4, 0x18, 22, 10];
    const other = area(subpacket([ISSUER_ID, id]), 2);
    const bodies = [
      [...begin, ...area(bytes, 2), ...other, 9, 9],
      [...begin, ...area(subpacket([KEY_FLAGS, [4]]), 2), ...area(bytes, 2), 9, 9],
    ];
    for (const body of bodies) expect(readKeySignature(Uint8Array.from(body))).toEqual(silent);
  });

  it('believes nothing of areas that are cut anywhere', () => {
    for (const version of [4, 6] as const) {
      const whole = buildSignature(printed, [[ISSUER_ID, id]], version);
      const areasEnd = whole.length - 5;
      expect(readKeySignature(whole.subarray(0, areasEnd))).toEqual(readKeySignature(whole));
      for (let end = 2; end < areasEnd; end += 1) {
        const cut = readKeySignature(whole.subarray(0, end));
        expect(cut, `at ${end}`).toEqual({
          ...{ type: 0x18, createdS: 0, flags: undefined, issuers: [] },
        });
      }
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(3, 4, 5, 6),
        (bytes, version) => {
          readKeySignature(Uint8Array.from([version, ...bytes]));
        },
      ),
    );
  });
});
