// Does an OpenPGP message end where its object ends? Told from the lengths in it, without any key.
import { readStart } from './message-head.ts';
import { type PacketLength, readLength, readNewLength, readTag } from './packet.ts';

/**
 * `whole`: the last length leads to the last byte; `truncated`: to behind it; `cannot tell`: neither is proven.
 * It says nothing of what is encrypted, only that all of what was begun is there.
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
 * Tells the ending of an object of `size` bytes from its first ones, or asks for the one part more that tells it;
 * with that part as `tail` it always tells. Never throws, whatever the bytes. Source: RFC 9580, section 4.2.1.
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
