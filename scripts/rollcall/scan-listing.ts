// Goes through JSON that may be larger than memory: the lists of its outermost object piece by piece, the rest as text.
import { UsageError } from './terminal.ts';

/** Bytes of UTF-8 that can be read again. */
export type Source = {
  readonly size: number;
  /** They stand until the next read. */
  readonly read: (from: number, bytes: number) => Buffer;
};

/** A run of whole elements of one list, with the commas between them; its number among the runs of the list. */
export type Piece = {
  readonly list: string;
  readonly number: number;
  readonly from: number;
  readonly bytes: number;
};

const CHUNK = 1 << 20;
const PIECE = 1 << 18;
/** Of one element, and of all that is outside of the lists. */
const MOST_BYTES = 1 << 22;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const MARK = Buffer.from('\ufeff');

/**
 * Gives each piece of each list to `take`, and answers the JSON with all lists empty. What is no JSON is so in a piece or
 * in the answer: anyone who parses both has checked every byte.
 */
export function scanListing(
  { size, read }: Source,
  take: (piece: Piece, text: string) => void,
  { chunkBytes = CHUNK, pieceBytes = PIECE } = {},
): string {
  let [outside, depth, inText] = ['', 0, false];
  let list: string | undefined;
  let number = 0;
  // What was read, from `base` on; of that, what is not used yet begins at `start`.
  let [window, base, start, at] = [Buffer.alloc(0), 0, 0, 0];
  let room = window;

  const refill = (): boolean => {
    const end = base + window.length;
    if (end >= size) return false;
    const kept = window.subarray(start);
    if (kept.length + outside.length > MOST_BYTES) throw tooLong();
    const more = read(end, Math.min(chunkBytes, size - end));
    // One buffer for all that is read: V8 would be in no hurry to free thousands of them.
    const length = kept.length + more.length;
    const into = length <= room.length ? room : Buffer.allocUnsafe(length);
    kept.copy(into);
    more.copy(into, kept.length);
    [room, window] = [into, into.subarray(0, length)];
    [base, at, start] = [base + start, at - start, 0];
    // A file that has become shorter meanwhile is cut off.
    return more.length > 0;
  };
  const leaveOutside = () => {
    outside += window.toString('utf8', start, at);
    start = at;
  };
  const takePiece = () => {
    if (list === undefined) return;
    const piece = { list, number, from: base + start, bytes: at - start };
    take(piece, window.toString('utf8', start, at));
    number += 1;
    start = at;
  };

  if (size >= MARK.length && read(0, MARK.length).equals(MARK)) base = MARK.length;
  for (;;) {
    if (at >= window.length && !refill()) break;
    if (inText) {
      while (at < window.length && window[at] !== QUOTE) at += window[at] === BACKSLASH ? 2 : 1;
      if (at >= window.length) continue;
      inText = false;
      at += 1;
      continue;
    }
    switch (window[at]) {
      case QUOTE:
        inText = true;
        break;
      case OPEN_OBJECT:
        depth += 1;
        break;
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case OPEN_LIST:
        depth += 1;
        if (depth === 2 && list === undefined) {
          at += 1;
          leaveOutside();
          at -= 1;
          list = nameBefore(outside);
          number = 0;
        }
        break;
      case CLOSE_LIST:
        if (depth === 2) {
          takePiece();
          list = undefined;
        }
        depth -= 1;
        break;
      case COMMA:
        if (depth === 2 && list !== undefined && at - start >= pieceBytes) {
          takePiece();
          start += 1;
        }
        break;
    }
    at += 1;
  }
  at = window.length;
  leaveOutside();
  return outside;
}

/** The name of the list that has just begun; of none, as in a list of lists, nothing. */
function nameBefore(outside: string): string {
  const [, name = '""'] = /("(?:[^"\\]|\\.)*")\s*:\s*\[$/s.exec(outside.slice(-1000)) ?? [];
  try {
    return JSON.parse(name);
  } catch {
    return '';
  }
}

function tooLong(): UsageError {
  return new UsageError(
    `one element of the listing is over ${MOST_BYTES >> 20} MiB`,
    'save it again: aws s3api list-objects-v2 --bucket BUCKET --output json > FILE',
  );
}
