// A second reader of OpenPGP heads, written from RFC 9580 sections 4.2 and 5.1 and docs/how-it-judges.md alone.
import type { MessageHead } from '../../shared/openpgp/message.ts';

/** The head ends before what was asked of it. */
const SHORT = Symbol('short');
const OTHER = Symbol('other');

/** Reads byte after byte, as the RFC tells it, and stops where it must. */
export function readHeadByTheBook(bytes: Uint8Array): MessageHead {
  const plain = plainKind(bytes);
  if (plain !== undefined) return { kind: plain, recipients: [], symmetric: 0 };
  const recipients: string[] = [];
  let symmetric = 0;
  const rest = [...bytes];
  const next = (): number => {
    const byte = rest.shift();
    if (byte === undefined) throw SHORT;
    return byte;
  };
  const take = (count: number): number[] => Array.from({ length: count }, next);
  const bigEndian = (count: number) => take(count).reduce((sum, byte) => sum * 256 + byte, 0);

  /** One packet; true when the encrypted data begins. */
  const readPacket = (): boolean => {
    const ctb = next();
    if (ctb < 128) throw OTHER;
    const isNew = ctb >= 192;
    const tag = isNew ? ctb % 64 : Math.floor((ctb % 64) / 4);
    const isData = tag === 9 || tag === 18 || tag === 20;
    // The first byte of the data packet is enough: nothing behind it tells of recipients.
    if (isData) return true;
    let length: number | undefined;
    if (isNew) {
      const first = next();
      if (first < 192) length = first;
      else if (first < 224) length = (first - 192) * 256 + next() + 192;
      else if (first === 255) length = bigEndian(4);
    } else {
      const type = ctb % 4;
      if (type < 3) length = bigEndian([1, 2, 4][type] as number);
    }
    if (length === undefined) throw OTHER;
    if (tag === 1) {
      const used = readRecipient(length);
      skip(length - used);
    } else if (tag === 3) {
      symmetric += 1;
      skip(length);
    } else if (tag === 10 || tag === 21) skip(length);
    else throw OTHER;
    return false;
  };
  const skip = (count: number): void => {
    if (count > rest.length) throw SHORT;
    rest.splice(0, count);
  };
  const hex = (id: readonly number[]) =>
    id
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase();
  /** How many bytes of the body it took. */
  const readRecipient = (length: number): number => {
    if (length === 0) throw OTHER;
    const version = next();
    if (version === 3) {
      if (length < 9) throw OTHER;
      recipients.push(hex(take(8)));
      return 9;
    }
    if (version !== 6 || length < 2) throw OTHER;
    const octets = next();
    if (octets === 0) {
      recipients.push('0'.repeat(16));
      return 2;
    }
    if (octets + 2 > length) throw OTHER;
    const keyVersion = next();
    const fingerprint = take(octets - 1);
    if (fingerprint.length < 8) throw OTHER;
    recipients.push(hex(keyVersion === 4 ? fingerprint.slice(-8) : fingerprint.slice(0, 8)));
    return octets + 2;
  };

  try {
    while (!readPacket());
    const kind = recipients.length + symmetric > 0 ? 'openpgp' : 'other';
    return { kind, recipients, symmetric };
  } catch (end) {
    if (end !== SHORT && end !== OTHER) throw end;
    return { kind: end === SHORT ? 'short' : 'other', recipients, symmetric };
  }
}

function plainKind(bytes: Uint8Array): MessageHead['kind'] | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  if (text === '') return 'empty';
  if (text.startsWith('\x1f\x8b')) return 'gzip';
  if (text.slice(257, 262) === 'ustar') return 'tar';
  return /^[\t-\r -~]*$/.test(text) ? 'text' : undefined;
}
