// Reads what a listing asks for, and turns its page, or stumbles on it as a fault wants.
import { AwsError } from '../aws-error.ts';
import { toByteKey } from '../byte-key.ts';
import { bucketOf, type S3Call } from './call.ts';
import { behindRow, type Page, type PageRequest, type Row, readPage } from './listing.ts';

/** What the three calls have in common; `encode` writes a key as the answer is to hold it. */
export type Form = {
  readonly request: Pick<PageRequest, 'prefix' | 'delimiter' | 'limit'>;
  readonly encoding: string | null;
  readonly encode: (text: string) => string;
};

/** Reads prefix, delimiter, max-keys and encoding-type; a wrong one is InvalidArgument. */
export function readForm(call: S3Call): Form {
  const encoding = call.query.get('encoding-type');
  if (encoding !== null && encoding !== 'url')
    throw invalid('Invalid Encoding Method specified in Request');
  const maxKeys = call.query.get('max-keys') ?? '1000';
  if (!/^\d{1,10}$/.test(maxKeys)) {
    throw invalid('Argument max-keys must be an integer between 0 and 2147483647');
  }
  return {
    request: {
      prefix: toByteKey(call.query.get('prefix') ?? ''),
      delimiter: toByteKey(call.query.get('delimiter') ?? ''),
      limit: Math.min(Number(maxKeys), 1000),
    },
    encoding,
    encode: encoding === null ? (text) => text : encodeKey,
  };
}

/** What the next page starts from: the last row, or where this page itself began. */
export type Resume = { readonly from: string; readonly last: Row | undefined };

/** The page, and where the next one starts if there is more. */
export function cutPage(
  call: S3Call,
  request: PageRequest,
): { page: Page; resume: Resume | undefined } {
  const page = readPage(bucketOf(call), request);
  const again: Resume = { from: request.from, last: undefined };
  if (call.page === 'empty') return { page: { rows: [], truncated: true }, resume: again };
  if (call.page === 'endless') {
    return { page: { rows: [], truncated: true }, resume: further(request.from) };
  }
  if (call.page === 'looping') {
    const turned = request.from.endsWith('\0\0');
    const resume = turned ? { ...again, from: request.from.slice(0, -1) } : further(request.from);
    return { page: { ...page, truncated: true }, resume };
  }
  const last = page.rows.at(-1);
  if (call.page === 'same-token') {
    // The first page has no token yet that could come again, so the loop starts from its end.
    const looping = request.from !== '' || last === undefined;
    const resume = looping ? again : { from: behindRow(last), last };
    return { page: { ...page, truncated: true }, resume };
  }
  const resume = page.truncated && last ? { from: behindRow(last), last } : undefined;
  return { page, resume };
}

/** Another place that shows the same page. */
function further(from: string): Resume {
  return { from: `${from}\0`, last: undefined };
}

// As S3 does it: like a form, but the slash stays.
function encodeKey(text: string): string {
  return encodeURIComponent(text)
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A continuation token. */
export function writeToken(from: string): string {
  return Buffer.from(`1 ${from}`, 'latin1').toString('base64');
}

/** Where the token leads; what this server did not write is InvalidArgument. */
export function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('latin1');
  if (!text.startsWith('1 ') || writeToken(text.slice(2)) !== token) {
    throw invalid('The continuation token provided is incorrect');
  }
  return text.slice(2);
}

/** InvalidArgument. */
export function invalid(message: string): AwsError {
  return new AwsError('InvalidArgument', message);
}
