// Messages of real gpg, built again from the lengths that were recorded of them; what lies between is filled.
import { type Ending, HEAD_BYTES, readEnding } from '../../shared/openpgp/message.ts';
import { readFixture } from './recorded.ts';

/** One line of message-lengths.json: each length with its place, and how many of it follow one another. */
export type RecordedMessage = {
  readonly to: string;
  readonly plain: number;
  readonly piped: boolean;
  readonly size: number;
  readonly lengths: readonly (readonly [at: number, hex: string, times: number])[];
};

const recording = JSON.parse(readFixture('message-lengths.json')) as {
  readonly by: string;
  readonly starts: Readonly<Record<string, string>>;
  readonly messages: readonly RecordedMessage[];
};

export const recordedMessages = recording.messages;

/** What stands for the encrypted bytes: the next one at each call. */
export type Fill = () => number;

/** Bytes without a pattern, the same for the same seed. */
export function noise(seed: number): Fill {
  let state = seed | 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  };
}

/** So many bytes of it. */
export function filled(size: number, fill: Fill): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  // `Uint8Array.from` takes ten times as long.
  for (let at = 0; at < size; at += 1) bytes[at] = fill();
  return bytes;
}

/** The whole object, byte for byte where gpg's own lengths are. */
export function buildMessage({ to, size, lengths }: RecordedMessage, fill: Fill): Uint8Array {
  const bytes = filled(size, fill);
  bytes.set(Buffer.from(recording.starts[to] ?? '', 'hex'));
  for (const [first, hex, times] of lengths) {
    const octets = Buffer.from(hex, 'hex');
    const step = octets.length + 2 ** ((octets[0] ?? 0) & 0x1f);
    for (let nth = 0; nth < times; nth += 1) bytes.set(octets, first + nth * step);
  }
  return bytes;
}

/** Reads an object as the check does: its head and at most one part more; `asked` tells how much that was. */
export function endingOf(
  object: Uint8Array,
  { headBytes = HEAD_BYTES, asked = [] as number[] } = {},
): Ending {
  const head = object.subarray(0, headBytes);
  const first = readEnding(object.length, head);
  if (typeof first === 'string') return first;
  asked.push(first.bytes);
  const bytes = object.subarray(first.from, first.from + first.bytes);
  return readEnding(object.length, head, { from: first.from, bytes });
}
