// What an object holds: who can open it, and whether all of it is there; the rest is noise.

/** A form of contents; `key` is the one in the config. */
export type Form = 'key' | 'other key' | 'passphrase' | 'plain' | 'garbage';

/** The same `etag` is the same bytes. */
export type Body = {
  readonly bytes: number;
  readonly form: Form;
  readonly etag: string;
  /** It ends before the message in it does. */
  readonly isCut: boolean;
};

export const KEY = '1D6A2B3C4D5E6F70';
const OTHER_KEY = '90A1B2C3D4E5F607';

let made = 0;

/** Bytes that nothing else holds. */
export function newBody(bytes: number, form: Form, { isCut = false } = {}): Body {
  made += 1;
  return { bytes, form, isCut, etag: made.toString(16).padStart(32, '0') };
}

/** A part of its bytes. Source: RFC 9580, sections 4.2, 5.1 and 5.3. */
export function readBody(body: Body, from: number, length: number): Uint8Array {
  const end = Math.min(body.bytes, from + length);
  const part = new Uint8Array(Math.max(0, end - from));
  const head = headOf(body);
  for (let at = from; at < end; at += 1) part[at - from] = head[at] ?? (at * 151 + 7) & 0xff;
  return part;
}

function headOf({ form, bytes, isCut }: Body): readonly number[] {
  if (form === 'plain') return [0x1f, 0x8b, 8, 0];
  if (form === 'garbage') return [0x00, 0x07, 0x17];
  const opener = form === 'passphrase' ? [0x8c, 4, 4, 9, 0, 0] : sessionKeyFor(form);
  const left = bytes - opener.length - 6 + (isCut ? 100 : 0);
  const size = [left >>> 24, (left >>> 16) & 0xff, (left >>> 8) & 0xff, left & 0xff];
  return [...opener, 0xd2, 0xff, ...size];
}

function sessionKeyFor(form: 'key' | 'other key'): number[] {
  const id = form === 'key' ? KEY : OTHER_KEY;
  return [0x84, 12, 3, ...Buffer.from(id, 'hex'), 18, 0, 0];
}
