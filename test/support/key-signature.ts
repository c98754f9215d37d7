// Signatures in public keys, built octet by octet. Source: RFC 9580, section 5.2.3.

export const CREATED = 2;
export const ISSUER_ID = 16;
export const KEY_FLAGS = 27;
export const ISSUER_FINGERPRINT = 33;

export type Subpacket = readonly [kind: number, value: readonly number[]];

/** A length as RFC 9580, section 5.2.3.7 has it, in so many octets. */
function lengthOf(bytes: number, octets: 1 | 2 | 5): number[] {
  if (octets === 1) return [bytes];
  if (octets === 5) return [255, ...number(bytes, 4)];
  return [((bytes - 192) >> 8) + 192, (bytes - 192) & 255];
}

/** In so many octets, the highest first. */
export const number = (value: number, octets: number) =>
  Array.from({ length: octets }, (_, at) => Math.floor(value / 256 ** (octets - 1 - at)) % 256);
const shortest = (bytes: number) => (bytes < 192 ? 1 : bytes < 16_320 ? 2 : 5);
export const subpacket = (
  [kind, value]: Subpacket,
  octets: 1 | 2 | 5 = shortest(value.length + 1),
) => [...lengthOf(value.length + 1, octets), kind, ...value];
export const area = (bytes: readonly number[], octets: number) => [
  ...number(bytes.length, octets),
  ...bytes,
];

/** A signature's body of type 0x18, by default, with these subpackets in its two areas. */
export function buildSignature(
  hashed: readonly Subpacket[],
  unhashed: readonly Subpacket[] = [],
  version: 4 | 6 = 4,
  type = 0x18,
): Uint8Array {
  const octets = version === 6 ? 4 : 2;
  return Uint8Array.from([
    ...[version, type, 22, 10],
    ...area(
      hashed.flatMap((one) => subpacket(one)),
      octets,
    ),
    ...area(
      unhashed.flatMap((one) => subpacket(one)),
      octets,
    ),
    ...[0xab, 0xcd, 1, 2, 3],
  ]);
}
