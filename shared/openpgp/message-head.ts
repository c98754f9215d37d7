// Who can read an object: the recipients in its first bytes, without any key.

/**
 * What the first bytes of an object are. `openpgp`: an encrypted message whose recipients are all in the
 * head; `short`: one that goes on behind it; `text`, `gzip`, `tar`: not encrypted; `other`: none of these,
 * also OpenPGP that is not encrypted (signed only, or a key).
 */
export type MessageHead = {
  readonly kind: 'openpgp' | 'short' | 'gzip' | 'tar' | 'text' | 'empty' | 'other';
  /** Key ids, 16 upper-case hex digits, in the order of the packets; all zero = hidden. */
  readonly recipients: readonly string[];
  /** How many passphrases can decrypt it. */
  readonly symmetric: number;
};

/** A head of so many bytes held the whole list of recipients of every backup recorded. */
export const HEAD_BYTES = 4096;

export const HIDDEN_RECIPIENT = '0000000000000000';

// Packet types of RFC 9580, section 5.
const PUBLIC_KEY_SESSION_KEY = 1;
const SYMMETRIC_SESSION_KEY = 3;
const ENCRYPTED_DATA = [9, 18, 20];
const SKIPPED = [10, 21];

/** Reads a head. Never throws, whatever the bytes. Source: RFC 9580, sections 4 and 5.1. */
export function readMessageHead(bytes: Uint8Array): MessageHead {
  const kind = kindOfPlain(bytes);
  return kind === undefined ? readPackets(bytes) : { kind, recipients: [], symmetric: 0 };
}

function kindOfPlain(bytes: Uint8Array): MessageHead['kind'] | undefined {
  if (bytes.length === 0) return 'empty';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (asciiAt(bytes, 257, 5) === 'ustar') return 'tar';
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return isText ? 'text' : undefined;
}

function readPackets(bytes: Uint8Array): MessageHead {
  const recipients: string[] = [];
  let symmetric = 0;
  const end = (kind: MessageHead['kind']): MessageHead => ({ kind, recipients, symmetric });
  for (let at = 0; at < bytes.length; ) {
    const packet = readHeader(bytes, at);
    if (packet === 'short') return end('short');
    if (packet === undefined) return end('other');
    const { tag, bodyAt, bodyLength } = packet;
    if (ENCRYPTED_DATA.includes(tag)) {
      return end(recipients.length + symmetric > 0 ? 'openpgp' : 'other');
    }
    // Only data packets may come in parts or without a length.
    if (bodyLength === undefined) return end('other');
    if (tag === PUBLIC_KEY_SESSION_KEY) {
      const id = readRecipient(bytes.subarray(bodyAt, bodyAt + bodyLength), bodyLength);
      if (id === 'short') return end('short');
      if (id === undefined) return end('other');
      recipients.push(id);
    } else if (tag === SYMMETRIC_SESSION_KEY) symmetric += 1;
    else if (!SKIPPED.includes(tag)) return end('other');
    at = bodyAt + bodyLength;
  }
  return end('short');
}

type Packet = {
  readonly tag: number;
  readonly bodyAt: number;
  /** `undefined`: in parts, or to the end of the object. */
  readonly bodyLength: number | undefined;
};

function readHeader(bytes: Uint8Array, at: number): Packet | 'short' | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
  if (!isNew) {
    const octets = [1, 2, 4, 0][first & 3] ?? 0;
    const bodyLength = octets === 0 ? undefined : numberAt(bytes, at + 1, octets);
    return bodyLength === 'short' ? 'short' : { tag, bodyAt: at + 1 + octets, bodyLength };
  }
  const length = bytes[at + 1];
  if (length === undefined) return ENCRYPTED_DATA.includes(tag) ? partial(tag, at) : 'short';
  if (length < 192) return { tag, bodyAt: at + 2, bodyLength: length };
  if (length < 224) {
    const next = bytes[at + 2];
    if (next === undefined) return 'short';
    return { tag, bodyAt: at + 3, bodyLength: ((length - 192) << 8) + next + 192 };
  }
  if (length < 255) return partial(tag, at);
  const bodyLength = numberAt(bytes, at + 2, 4);
  return bodyLength === 'short' ? 'short' : { tag, bodyAt: at + 6, bodyLength };
}

function partial(tag: number, at: number): Packet {
  return { tag, bodyAt: at + 2, bodyLength: undefined };
}

/** Version 3 holds the key id; version 6 the fingerprint, of which the id is the first or last 8 bytes. */
function readRecipient(body: Uint8Array, length: number): string | 'short' | undefined {
  const [version] = body;
  if (version === 3) {
    if (length < 9) return undefined;
    return body.length < 9 ? 'short' : hex(body.subarray(1, 9));
  }
  if (version !== 6) return version === undefined && length > 0 ? 'short' : undefined;
  if (length < 2) return undefined;
  const [, octets = 0, keyVersion] = body;
  if (octets === 0) return body.length < 2 ? 'short' : HIDDEN_RECIPIENT;
  if (octets + 2 > length) return undefined;
  if (body.length < octets + 2) return 'short';
  const fingerprint = body.subarray(3, octets + 2);
  if (fingerprint.length < 8) return undefined;
  return hex(keyVersion === 4 ? fingerprint.subarray(-8) : fingerprint.subarray(0, 8));
}

function numberAt(bytes: Uint8Array, at: number, octets: number): number | 'short' {
  if (at + octets > bytes.length) return 'short';
  return bytes.subarray(at, at + octets).reduce((number, byte) => number * 256 + byte, 0);
}

function asciiAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}
