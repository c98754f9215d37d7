// What a signature in a public key says of the key that it stands behind; whether it is a true one is not looked at.
import { readNewLength, toHex } from './packet.ts';

/** What one signature says, in what may be trusted as far as the file. */
export type KeySignature = {
  /** RFC 9580, section 5.2.1. */
  readonly type: number;
  /** Seconds since 1970. */
  readonly createdS: number;
  /** `undefined`: it says nothing of what the key is for. */
  readonly flags: number | undefined;
  /** The last or first 16 digits of a fingerprint, or the whole of it. */
  readonly issuers: readonly string[];
};

const CREATED = 2;
const ISSUER_ID = 16;
const KEY_FLAGS = 27;
const ISSUER_FINGERPRINT = 33;

/**
 * `undefined` for one that does not even say what it is. Of an old or unknown version, or with areas that are cut, it
 * says that alone, and nobody is its issuer. Source: RFC 9580, section 5.2.3.
 */
export function readKeySignature(body: Uint8Array): KeySignature | undefined {
  const [version] = body;
  const type = body[version === 3 ? 2 : 1];
  if (type === undefined) return undefined;
  const octets = version === 6 ? 4 : 2;
  const hashed = version === 4 || version === 6 ? readArea(body, 4, octets) : undefined;
  const unhashed = hashed && readArea(body, hashed.endAt, octets);
  if (hashed === undefined || unhashed === undefined) {
    return { type, createdS: 0, flags: undefined, issuers: [] };
  }
  // What is not hashed anybody can write: only who issued it is taken from there, as GnuPG puts it there.
  const said = new Map(hashed.said);
  return {
    type,
    createdS: numberOf(said.get(CREATED)) ?? 0,
    flags: said.has(KEY_FLAGS) ? (said.get(KEY_FLAGS)?.[0] ?? 0) : undefined,
    issuers: [...hashed.said, ...unhashed.said].flatMap(([kind, value]) => {
      if (kind === ISSUER_ID) return [toHex(value)];
      return kind === ISSUER_FINGERPRINT ? [toHex(value.subarray(1))] : [];
    }),
  };
}

type Area = { readonly said: readonly [number, Uint8Array][]; readonly endAt: number };

function readArea(body: Uint8Array, at: number, octets: number): Area | undefined {
  const bytes = numberOf(at + octets <= body.length ? body.subarray(at, at + octets) : undefined);
  const endAt = at + octets + (bytes ?? 0);
  if (bytes === undefined || endAt > body.length) return undefined;
  const area = body.subarray(at + octets, endAt);
  const said: [number, Uint8Array][] = [];
  for (let place = 0; place < area.length; ) {
    const length = readSubpacketLength(area, place);
    if (length === undefined) return undefined;
    const { bodyAt, end } = length;
    if (end <= bodyAt || end > area.length) return undefined;
    // The highest bit says that who does not know it should stop: nothing here decides by what it does not know.
    said.push([(area[bodyAt] ?? 0) & 0x7f, area.subarray(bodyAt + 1, end)]);
    place = end;
  }
  return { said, endAt };
}

/** As a packet's, but that 224 to 254 are lengths of two octets too. Source: RFC 9580, section 5.2.3.7. */
function readSubpacketLength(area: Uint8Array, at: number) {
  const [first = 0, next] = area.subarray(at);
  if (first >= 224 && first < 255) {
    if (next === undefined) return undefined;
    return { bodyAt: at + 2, end: at + 2 + ((first - 192) << 8) + next + 192 };
  }
  const length = readNewLength(area, at);
  if (length === 'short' || length.is !== 'whole') return undefined;
  return { bodyAt: length.bodyAt, end: length.bodyAt + length.bytes };
}

function numberOf(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.reduce((sum, byte) => sum * 256 + byte, 0);
}
