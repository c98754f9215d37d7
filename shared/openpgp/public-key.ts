// A public key: its fingerprints, and which of its parts backups are encrypted to.
import { readLength, readNewLength, readTag, toHex } from './message.ts';

/** A primary key or a subkey. */
type KeyPart = {
  /** 40 upper-case hex digits of version 4, 64 of version 6. */
  readonly fingerprint: string;
  /** By the purpose that its owner gave it, or else by its algorithm. */
  readonly encrypts: boolean;
  readonly revoked: boolean;
};

export type PublicKey = { readonly primary: KeyPart; readonly subkeys: readonly KeyPart[] };

/** The one thing that a fingerprint needs of a platform. */
export type Digest = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => Uint8Array;

/** Why a file is not taken for public keys. */
export type KeyProblem = 'secret' | 'damaged' | 'no key';

/**
 * The keys in a binary file, one after the other as `gpg --export` writes them. Signatures are not verified: the
 * file is believed as the config is. Never throws, whatever the bytes. Source: RFC 9580, sections 5.5 and 10.1.
 */
export function readPublicKeys(bytes: Uint8Array, digest: Digest): PublicKey[] | KeyProblem {
  const keys: Draft[][] = [];
  let part: Draft | undefined;
  for (let at = 0; at < bytes.length; ) {
    const first = readTag(bytes[at] ?? 0);
    const length = first && readLength(bytes, at + 1, first);
    if (first === undefined || length === undefined) return at === 0 ? 'no key' : 'damaged';
    if (SECRET.includes(first.tag)) return 'secret';
    if (at === 0 && first.tag !== PUBLIC_KEY) return 'no key';
    if (length === 'short' || length.is !== 'whole') return 'damaged';
    at = length.bodyAt + length.bytes;
    if (at > bytes.length) return 'damaged';
    const body = bytes.subarray(length.bodyAt, at);
    if (first.tag === PUBLIC_KEY || first.tag === PUBLIC_SUBKEY) {
      part = draftOf(body, digest);
      if (part === undefined) return 'damaged';
      if (first.tag === PUBLIC_KEY) keys.push([part]);
      else keys.at(-1)?.push(part);
    }
    const primary = keys.at(-1)?.[0];
    if (first.tag !== SIGNATURE || part === undefined || primary === undefined) continue;
    const signature = readKeySignature(body);
    if (signature !== undefined) note(part, signature, primary);
  }
  if (keys.length === 0) return 'no key';
  return keys.flatMap(([primary, ...subkeys]): PublicKey[] =>
    primary === undefined
      ? []
      : [{ primary: partOf(primary), subkeys: subkeys.map((one) => partOf(one, primary)) }],
  );
}

/**
 * The fingerprints of all parts that encrypt and are not revoked. One that has expired is still its owner's: what
 * was encrypted to it before is as it should be, and GnuPG does not encrypt to it any more.
 */
export function encryptionKeysOf(keys: readonly PublicKey[]): string[] {
  return keys.flatMap(({ primary, subkeys }) =>
    [primary, ...subkeys]
      .filter(({ encrypts, revoked }) => encrypts && !revoked)
      .map(({ fingerprint }) => fingerprint),
  );
}

const PUBLIC_KEY = 6;
const PUBLIC_SUBKEY = 14;
const SECRET = [5, 7];
const SIGNATURE = 2;
// Signature types. What a user id says (0x10 to 0x13) or the key of itself (0x1f) is said of the primary key.
const OF_PRIMARY = [0x10, 0x11, 0x12, 0x13, 0x1f];
const OF_SUBKEY = [0x18];
const REVOKES_PRIMARY = 0x20;
const REVOKES_SUBKEY = 0x28;
// RSA, RSA to encrypt only, Elgamal, ECDH, X25519, X448. Source: RFC 9580, section 9.1.
const ENCRYPTING = [1, 2, 16, 18, 25, 26];
const ENCRYPTS_FLAGS = 0x04 | 0x08;

type Draft = {
  readonly fingerprint: string;
  readonly algorithm: number;
  latest: KeySignature | undefined;
  revoked: boolean;
};

/** `undefined` for a version that is not known: its fingerprint cannot be computed. */
function draftOf(body: Uint8Array, digest: Digest): Draft | undefined {
  // Behind the version stand four bytes of time.
  const [version, , , , , algorithm] = body;
  if (algorithm === undefined || (version !== 4 && version !== 6)) return undefined;
  const { length } = body;
  const octets = [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
  const fingerprint =
    version === 4
      ? digest('sha1', Uint8Array.from([0x99, ...octets.slice(2), ...body]))
      : digest('sha256', Uint8Array.from([0x9b, ...octets, ...body]));
  return {
    fingerprint: toHex(fingerprint),
    algorithm,
    latest: undefined,
    revoked: false,
  };
}

/**
 * A revocation counts no matter who made it, as the owner may have named others for that, and nothing ends it. Others
 * may sign a user id as well: what they say of the key does not count.
 */
function note(part: Draft, signature: KeySignature, primary: Draft): void {
  const { type, createdS, flags, issuers } = signature;
  const [revokes, types] =
    part === primary ? [REVOKES_PRIMARY, OF_PRIMARY] : [REVOKES_SUBKEY, OF_SUBKEY];
  if (type === revokes) part.revoked = true;
  const id = keyIdOf(primary.fingerprint);
  const isOwn = issuers.some((issuer) => issuer === primary.fingerprint || issuer === id);
  if (!isOwn || !types.includes(type)) return;
  const { createdS: before = 0, flags: known } = part.latest ?? {};
  // Of version 6, only one of the two kinds about a primary key says what it is for.
  if (known === undefined || (flags !== undefined && createdS >= before)) part.latest = signature;
}

/** A part that its primary key never signed is none of its; one whose primary is revoked is revoked with it. */
function partOf({ fingerprint, algorithm, latest, revoked }: Draft, primary?: Draft): KeyPart {
  // The flags first: so an algorithm of the future needs no list.
  const isFor =
    latest?.flags === undefined
      ? ENCRYPTING.includes(algorithm)
      : (latest.flags & ENCRYPTS_FLAGS) !== 0;
  return {
    fingerprint,
    encrypts: latest !== undefined && isFor,
    revoked: revoked || primary?.revoked === true,
  };
}

const BEGIN = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const END = '-----END PGP PUBLIC KEY BLOCK-----';
const CRC24_START = 0xb704ce;
const CRC24_POLYNOMIAL = 0x1864cfb;

/** True for a text with an armoured public key in it. */
export function isArmoured(text: string): boolean {
  return text.includes(BEGIN);
}

/**
 * The bytes of every block, one behind the other; `undefined` when a block has no end, is no base64, or has
 * another checksum than it says. A checksum may be left out. Source: RFC 9580, section 6.
 */
export function readArmour(text: string): Uint8Array | undefined {
  const blocks = text.split(BEGIN).slice(1).map(readBlock);
  if (blocks.includes(undefined)) return undefined;
  return Uint8Array.from((blocks as Uint8Array[]).flatMap((block) => [...block]));
}

function readBlock(text: string): Uint8Array | undefined {
  const end = text.indexOf(END);
  if (end === -1) return undefined;
  const lines = text
    .slice(0, end)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[A-Za-z-]+: /.test(line));
  const checksum = lines.at(-1)?.startsWith('=') ? lines.pop() : undefined;
  const bytes = readBase64(lines.join(''));
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (checksum === undefined) return bytes;
  const [high = -1, middle = 0, low = 0] = readBase64(checksum.slice(1)) ?? [];
  return crc24(bytes) === high * 0x10000 + middle * 0x100 + low ? bytes : undefined;
}

function readBase64(text: string): Uint8Array | undefined {
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return isBase64 ? Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)) : undefined;
}

function crc24(bytes: Uint8Array): number {
  let crc = CRC24_START;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= CRC24_POLYNOMIAL;
    }
  }
  return crc;
}

/** What one signature contains, in what may be trusted as far as the file. */
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
  const texts = new Map(hashed.subpackets);
  return {
    type,
    createdS: numberOf(texts.get(CREATED)) ?? 0,
    flags: texts.has(KEY_FLAGS) ? (texts.get(KEY_FLAGS)?.[0] ?? 0) : undefined,
    issuers: [...hashed.subpackets, ...unhashed.subpackets].flatMap(([kind, value]) => {
      if (kind === ISSUER_ID) return [toHex(value)];
      return kind === ISSUER_FINGERPRINT ? [toHex(value.subarray(1))] : [];
    }),
  };
}

type Area = { readonly subpackets: readonly [number, Uint8Array][]; readonly endAt: number };

function readArea(body: Uint8Array, at: number, octets: number): Area | undefined {
  const bytes = numberOf(at + octets <= body.length ? body.subarray(at, at + octets) : undefined);
  const endAt = at + octets + (bytes ?? 0);
  if (bytes === undefined || endAt > body.length) return undefined;
  const area = body.subarray(at + octets, endAt);
  const texts: [number, Uint8Array][] = [];
  for (let place = 0; place < area.length; ) {
    const length = readSubpacketLength(area, place);
    if (length === undefined) return undefined;
    const { bodyAt, end } = length;
    if (end <= bodyAt || end > area.length) return undefined;
    // The highest bit says that who does not know it should stop: nothing here decides by what it does not know.
    texts.push([(area[bodyAt] ?? 0) & 0x7f, area.subarray(bodyAt + 1, end)]);
    place = end;
  }
  return { subpackets: texts, endAt };
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

/**
 * The id of a fingerprint in hex: of version 4 its last 16 digits, of version 6 (64 digits) its first. An id is its
 * own. Source: RFC 9580, section 5.5.4.
 */
export function keyIdOf(fingerprint: string): string {
  return fingerprint.length === 64 ? fingerprint.slice(0, 16) : fingerprint.slice(-16);
}
