// An encrypted object, without any key: who can read it, by its first bytes; whether it was cut, by its last.

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
function readStart(bytes: Uint8Array): {
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
    // Its first byte is enough: nothing behind it is about recipients.
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

/**
 * `whole`: the last length leads to the last byte; `truncated`: to behind it; `cannot tell`: neither is proven.
 * It proves nothing about what is encrypted, only that all of what was begun is there.
 */
export type Ending = 'whole' | 'truncated' | 'cannot tell';

/** Bytes of an object, and where in it they begin. */
export type Part = { readonly from: number; readonly bytes: Uint8Array };

/** The part that is to be read next. */
export type Span = { readonly from: number; readonly bytes: number };

/** A tail is never longer: so far from the end can stand the first length behind GnuPG's chunks of 8 KiB. */
export const TAIL_BYTES = 8197;

// GnuPG cuts what it encrypts into chunks of this size, which says where a length stands without reading those before
// it. Newer ones take 64 KiB: none is recorded, so a length that is not found there proves nothing.
const CHUNK_BYTES = 8192;
const LEAST_CHUNK_BYTES = 512;

/**
 * Finds the ending of an object of `size` bytes from its first ones, or asks for the one part more that shows it;
 * with that part as `tail` it always finds it. Never throws, whatever the bytes. Source: RFC 9580, section 4.2.1.
 */
export function readEnding(size: number, head: Uint8Array): Ending | Span;
export function readEnding(size: number, head: Uint8Array, tail: Part): Ending;
export function readEnding(size: number, head: Uint8Array, tail?: Part): Ending | Span {
  const { head: message, dataAt } = readStart(head);
  if (message.kind === 'short') return head.length === size ? 'truncated' : 'cannot tell';
  const tag = readTag(head[dataAt ?? 0] ?? 0);
  if (dataAt === undefined || tag === undefined || head.length > size) return 'cannot tell';

  const parts = [{ from: 0, bytes: head }, ...(tail === undefined ? [] : [tail])];
  let chunkBytes: number | undefined;
  let isGuessed = false;
  let isTail = false;
  for (let at = dataAt + 1; ; ) {
    if (at >= size) return isGuessed ? 'cannot tell' : 'truncated';
    const read = (bytes: Uint8Array, from: number) =>
      at === dataAt + 1 ? readLength(bytes, from, tag) : readNewLength(bytes, from);
    const length = lengthAt(at, parts, size, read);
    if (length === 'cut') return isGuessed ? 'cannot tell' : 'truncated';
    if (length === 'not read') {
      const span = isTail ? undefined : spanBehind(at, chunkBytes, size);
      if (span === undefined) return 'cannot tell';
      if (tail === undefined) return span;
      if (tail.from !== span.from || tail.bytes.length !== span.bytes) return 'cannot tell';
      isGuessed = span.from !== at && chunkBytes !== CHUNK_BYTES;
      isTail = true;
      at = span.from;
      continue;
    }
    if (length.is === 'open') return 'cannot tell';
    const end = length.bodyAt + length.bytes;
    if (length.is === 'whole') {
      if (end === size) return 'whole';
      return end > size && !isGuessed ? 'truncated' : 'cannot tell';
    }
    // Chunks of two sizes before the tail: nothing says where the next ones begin.
    chunkBytes = chunkBytes === undefined || chunkBytes === length.bytes ? length.bytes : 0;
    at = end;
  }
}

function lengthAt(
  at: number,
  parts: readonly Part[],
  size: number,
  read: (bytes: Uint8Array, from: number) => PacketLength | 'short',
): PacketLength | 'cut' | 'not read' {
  for (const { from, bytes } of parts) {
    if (at < from) continue;
    const length = read(bytes, at - from);
    if (length !== 'short') return { ...length, bodyAt: from + length.bodyAt };
    if (from + bytes.length === size) return 'cut';
  }
  return 'not read';
}

/**
 * From the earliest length from which GnuPG can end the object: behind its last whole chunk come smaller ones, each at
 * most once, and less than 512 bytes with a length of two octets. An earlier chunk is then sure to be a whole one,
 * wherever the object was cut. `undefined`: too far from the end.
 */
function spanBehind(at: number, chunkBytes: number | undefined, size: number): Span | undefined {
  const step = chunkBytes === undefined || chunkBytes < LEAST_CHUNK_BYTES ? 0 : chunkBytes + 1;
  const longest = step === 0 ? 0 : step + Math.log2((step - 1) / LEAST_CHUNK_BYTES);
  const skipped = step === 0 ? 0 : Math.max(0, Math.ceil((size - at - longest) / step));
  let from = at + skipped * step;
  // Bigger chunks end too far from the end; of the smaller ones behind them, each is there if it fits.
  for (let chunk = step - 1; size - from > TAIL_BYTES && chunk >= CHUNK_BYTES; chunk /= 2) {
    if (size - from > chunk + 1) from += chunk + 1;
  }
  return size - from > TAIL_BYTES ? undefined : { from, bytes: size - from };
}

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
