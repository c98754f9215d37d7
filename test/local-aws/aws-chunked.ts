// Takes the framing off a body sent as `aws-chunked`: chunks with their sizes, then trailing headers.
import { AwsError } from './aws-error.ts';

/** The payload, and the trailers by lower-case name. Chunk signatures are skipped, as no signature is checked. */
export type Unchunked = { readonly payload: Buffer; readonly trailers: Record<string, string> };

/** Reads `<hex size>[;chunk-signature=...]\r\n<bytes>\r\n ... 0\r\n<trailers>\r\n`; a cut body is IncompleteBody. */
export function readAwsChunked(framed: Buffer): Unchunked {
  const pieces: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = framed.indexOf('\r\n', at);
    if (end < 0) throw incomplete();
    const text = framed.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = Number.parseInt(line(), 16);
    if (Number.isNaN(size) || at + size > framed.length) throw incomplete();
    if (size === 0) break;
    pieces.push(framed.subarray(at, at + size));
    at += size;
    if (line() !== '') throw incomplete();
  }
  const trailers: Record<string, string> = {};
  while (at < framed.length) {
    const text = line();
    const colon = text.indexOf(':');
    if (colon > 0) trailers[text.slice(0, colon).toLowerCase()] = text.slice(colon + 1).trim();
  }
  return { payload: Buffer.concat(pieces), trailers };
}

function incomplete(): AwsError {
  return new AwsError(
    'IncompleteBody',
    'The request body terminated unexpectedly: it is not whole aws-chunked framing',
  );
}
