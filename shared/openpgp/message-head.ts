// Who can read an object: the recipients in its first bytes, without any key.
import { readLength, readTag, toHex } from './packet.ts';

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
  return readStart(bytes).head;
}

/** A head, and where its encrypted data begins: `undefined` unless it is `openpgp`. */
export function readStart(bytes: Uint8Array): {
  readonly head: MessageHead;
  readonly dataAt: number | undefined;
} {
  const kind = kindOfPlain(bytes);
  return kind === undefined
    ? readPackets(bytes)
    : { head: { kind, recipients: [], symmetric: 0 }, dataAt: undefined };
}

function kindOfPlain(bytes: Uint8Array): MessageHead['kind'] | undefined {
  if (bytes.length === 0) return 'empty';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (asciiAt(bytes, 257, 5) === 'ustar') return 'tar';
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return isText ? 'text' : undefined;
}

function readPackets(bytes: Uint8Array): ReturnType<typeof readStart> {
  const recipients: string[] = [];
  let symmetric = 0;
  const end = (kind: MessageHead['kind'], dataAt?: number) => ({
    head: { kind, recipients, symmetric },
    dataAt,
  });
  for (let at = 0; at < bytes.length; ) {
    const first = readTag(bytes[at] ?? 0);
    if (first === undefined) return end('other');
    const { tag } = first;
    // Its first byte is enough: nothing behind it tells of recipients.
    if (ENCRYPTED_DATA.includes(tag)) {
      return recipients.length + symmetric > 0 ? end('openpgp', at) : end('other');
    }
    const length = readLength(bytes, at + 1, first);
    if (length === 'short') return end('short');
    // Only data packets may come in parts or without a length.
    if (length.is !== 'whole') return end('other');
    const { bodyAt } = length;
    if (tag === PUBLIC_KEY_SESSION_KEY) {
      const id = readRecipient(bytes.subarray(bodyAt, bodyAt + length.bytes), length.bytes);
      if (id === 'short') return end('short');
      if (id === undefined) return end('other');
      recipients.push(id);
    } else if (tag === SYMMETRIC_SESSION_KEY) symmetric += 1;
    else if (!SKIPPED.includes(tag)) return end('other');
    at = bodyAt + length.bytes;
  }
  return end('short');
}

/** Version 3 holds the key id; version 6 the fingerprint, of which the id is the first or last 8 bytes. */
function readRecipient(body: Uint8Array, length: number): string | 'short' | undefined {
  const [version] = body;
  if (version === 3) {
    if (length < 9) return undefined;
    return body.length < 9 ? 'short' : toHex(body.subarray(1, 9));
  }
  if (version !== 6) return version === undefined && length > 0 ? 'short' : undefined;
  if (length < 2) return undefined;
  const [, octets = 0, keyVersion] = body;
  if (octets === 0) return body.length < 2 ? 'short' : HIDDEN_RECIPIENT;
  if (octets + 2 > length) return undefined;
  if (body.length < octets + 2) return 'short';
  const fingerprint = body.subarray(3, octets + 2);
  if (fingerprint.length < 8) return undefined;
  return toHex(keyVersion === 4 ? fingerprint.subarray(-8) : fingerprint.subarray(0, 8));
}

function asciiAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
