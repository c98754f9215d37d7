// A second reader of where a message ends, which has all of its bytes: RFC 9580, section 4.2, one packet after the other.
import type { Ending } from '../../shared/openpgp/message.ts';
import { readHeadByTheBook } from './reference-head.ts';

const DATA = [9, 18, 20];

/** Reads the whole object, byte for byte. */
export function readEndingByTheBook(object: Uint8Array): Ending {
  const { kind } = readHeadByTheBook(object);
  if (kind === 'short') return 'truncated';
  if (kind !== 'openpgp') return 'cannot tell';
  let at = 0;
  const next = (): number => {
    const byte = object[at];
    at += 1;
    return byte ?? Number.NaN;
  };
  const number = (octets: number): number => {
    let sum = 0;
    for (let count = 0; count < octets; count += 1) sum = sum * 256 + next();
    return sum;
  };
  const skip = (count: number): void => {
    at += count;
  };
  for (;;) {
    const ctb = next();
    const tag = ctb >= 192 ? ctb - 192 : Math.floor((ctb - 128) / 4);
    // It goes on to the end of the object, but encrypted data of no bytes is none: RFC 9580, section 5.7.
    if (ctb < 192 && ctb % 4 === 3) return at === object.length ? 'truncated' : 'cannot tell';
    let goesOn = ctb >= 192;
    if (!goesOn) skip(number([1, 2, 4][ctb % 4] ?? 0));
    while (goesOn) {
      const first = next();
      goesOn = first >= 224 && first < 255;
      if (goesOn) skip(2 ** (first - 224));
      else if (first < 192) skip(first);
      else if (first < 224) skip((first - 192) * 256 + next() + 192);
      else skip(number(4));
      // Not a number: a length was to be read behind the last byte.
      if (Number.isNaN(at)) return 'truncated';
    }
    if (!DATA.includes(tag)) continue;
    if (Number.isNaN(at) || at > object.length) return 'truncated';
    return at === object.length ? 'whole' : 'cannot tell';
  }
}
