// Reads the Range header as S3 does: one range of bytes, open or closed, or the last so many.
import { AwsError, notImplemented } from '../aws-error.ts';

/** From `start` to before `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

/** `undefined` = answer whole: no header, or one S3 does not understand. InvalidRange when nothing lies in it. */
export function parseRange(header: string | undefined, bytes: number): ByteRange | undefined {
  if (header?.includes(',')) throw notImplemented('more than one range in a GET');
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, first, last] = match;
  const range =
    first === ''
      ? { start: Math.max(0, bytes - Number(last)), end: bytes }
      : { start: Number(first), end: last === '' ? bytes : Math.min(bytes, Number(last) + 1) };
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (range.start >= bytes || range.start >= range.end) {
    throw new AwsError('InvalidRange', undefined, {
      headers: { 'content-range': `bytes */${bytes}` },
      fields: { RangeRequested: header ?? '', ActualObjectSize: String(bytes) },
    });
  }
  return range;
}
