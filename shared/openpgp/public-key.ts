// A public key: its fingerprints, and which of its parts backups are encrypted to.
import { keyIdOf } from './key-id.ts';
import { type KeySignature, readKeySignature } from './key-signature.ts';
import { readLength, readTag, toHex } from './packet.ts';

/** A primary key or a subkey. */
export type KeyPart = {
  /** 40 upper-case hex digits of version 4, 64 of version 6. */
  readonly fingerprint: string;
  /** By what its owner says that it is for, or else by its algorithm. */
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
 * file is believed as the roll is. Never throws, whatever the bytes. Source: RFC 9580, sections 5.5 and 10.1.
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

/** `undefined` for a version that is not known: its fingerprint cannot be told. */
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
 * A revocation counts whoever made it, as the owner may have named others for that, and nothing ends it. Others may
 * sign a user id as well: what they say of the key does not count.
 */
function note(part: Draft, signature: KeySignature, primary: Draft): void {
  const { type, createdS, flags, issuers } = signature;
  const [revokes, says] =
    part === primary ? [REVOKES_PRIMARY, OF_PRIMARY] : [REVOKES_SUBKEY, OF_SUBKEY];
  if (type === revokes) part.revoked = true;
  const id = keyIdOf(primary.fingerprint);
  const isOwn = issuers.some((issuer) => issuer === primary.fingerprint || issuer === id);
  if (!isOwn || !says.includes(type)) return;
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
