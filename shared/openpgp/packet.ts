// OpenPGP's packets: what each one is, and how long.

/** The first byte of a packet: its type, and in which of the two formats its length is written. */
export type PacketTag = {
  readonly tag: number;
  readonly isOld: boolean;
  readonly lengthType: number;
};

/**
 * Where a body begins and how many bytes it has. `chunk`: it goes on behind them with another length; `open`: it
 * has none, and goes on to the end of the object.
 */
export type PacketLength =
  | { readonly is: 'whole' | 'chunk'; readonly bodyAt: number; readonly bytes: number }
  | { readonly is: 'open'; readonly bodyAt: number };

/** `undefined`: no packet begins with this byte. Source: RFC 9580, section 4.2. */
export function readTag(first: number): PacketTag | undefined {
  if ((first & 0x80) === 0) return undefined;
  return (first & 0x40) === 0
    ? { tag: (first >> 2) & 0x0f, isOld: true, lengthType: first & 3 }
    : { tag: first & 0x3f, isOld: false, lengthType: 0 };
}

/** The length behind a tag that stands at `at - 1`; `short`: the bytes end inside it. */
export function readLength(
  bytes: Uint8Array,
  at: number,
  { isOld, lengthType }: PacketTag,
): PacketLength | 'short' {
  if (!isOld) return readNewLength(bytes, at);
  const octets = [1, 2, 4][lengthType];
  return octets === undefined ? { is: 'open', bodyAt: at } : bigEndian(bytes, at, octets);
}

/** A length of the new format, also one between two chunks. */
export function readNewLength(bytes: Uint8Array, at: number): PacketLength | 'short' {
  const first = bytes[at];
  if (first === undefined) return 'short';
  if (first < 192) return { is: 'whole', bodyAt: at + 1, bytes: first };
  if (first < 224) {
    const next = bytes[at + 1];
    if (next === undefined) return 'short';
    return { is: 'whole', bodyAt: at + 2, bytes: ((first - 192) << 8) + next + 192 };
  }
  if (first < 255) return { is: 'chunk', bodyAt: at + 1, bytes: 2 ** (first & 0x1f) };
  return bigEndian(bytes, at + 1, 4);
}

/** Upper-case hex. */
export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}

function bigEndian(bytes: Uint8Array, at: number, octets: number): PacketLength | 'short' {
  if (at + octets > bytes.length) return 'short';
  const number = bytes.subarray(at, at + octets).reduce((sum, byte) => sum * 256 + byte, 0);
  return { is: 'whole', bodyAt: at + octets, bytes: number };
}
