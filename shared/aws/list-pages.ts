// A listing of S3's read to the end, whichever call lists it: every page, decoded, or an error that says what to do.
import { type ListQuery, TargetUnreadableError } from '../check/object-store.ts';
import { hintFor, nameOf } from './aws-error.ts';
import { findText, readBoolean, readText } from './listing-fields.ts';
import { parseXml, type XmlElement } from './strict-xml.ts';

// 500,000 rows of one target; a host with more is flooded, and must not starve the others.
const PAGES_READ = 500;

/** What is said of an answer that is something else. */
export const NO_LISTING = 'no listing at all';

/** A key as the answer wrote it -> as it is. */
export type Decode = (text: string) => string;

/** One of S3's calls that list: how to ask from a mark on, what a row is, and where the next page begins. */
export type ListCall<Mark, Row> = {
  /** The body of the answer, unread. */
  readonly ask: (mark: Mark | undefined) => Promise<Uint8Array>;
  /** Throws a `SyntaxError` that says what a row lacks. */
  readonly read: (page: XmlElement, decode: Decode) => readonly Row[];
  readonly next: (page: XmlElement, decode: Decode) => Mark | undefined;
  /** What the call's mark is called. */
  readonly mark: string;
};

/**
 * Reads page after page. Throws `TargetUnreadableError` for a refusal, a broken answer, a mark that comes back,
 * and a target of more than 500 pages: a part of a listing is never answered as if it were all.
 */
export async function listPages<Mark, Row>(
  query: ListQuery,
  call: ListCall<Mark, Row>,
): Promise<{ rows: Row[]; prefixes: string[]; cut: boolean }> {
  const rows: Row[] = [];
  const prefixes: string[] = [];
  const marks = new Set<string>();
  let mark: Mark | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = readPage(query, call, await askPage(query, call, mark));
    for (const row of page.rows) rows.push(row);
    for (const prefix of page.prefixes) prefixes.push(prefix);
    if (!page.isCut) return { rows, prefixes, cut: false };
    if (query.onePage) return { rows, prefixes, cut: true };
    mark = page.next;
    if (mark === undefined) throw broken(query, `a cut page without a ${call.mark}`);
    if (marks.has(JSON.stringify(mark))) throw broken(query, `the same ${call.mark} twice`);
    if (pages >= PAGES_READ) {
      throw new TargetUnreadableError(
        `s3://${query.bucket}/${query.prefix} holds over ${PAGES_READ} pages of objects`,
        'see who writes there: rollcall check --deep --host HOST; docs/runbook.md#unreadable',
      );
    }
    marks.add(JSON.stringify(mark));
  }
}

async function askPage<Mark>(
  { bucket, prefix }: ListQuery,
  { ask }: Pick<ListCall<Mark, never>, 'ask'>,
  mark: Mark | undefined,
): Promise<Uint8Array> {
  try {
    return await ask(mark);
  } catch (error) {
    throw new TargetUnreadableError(
      `s3://${bucket}/${prefix} could not be listed: ${nameOf(error)}`,
      hintFor(error, bucket),
      { cause: error },
    );
  }
}

type Page<Mark, Row> = {
  readonly rows: readonly Row[];
  readonly prefixes: readonly string[];
  readonly isCut: boolean;
  readonly next: Mark | undefined;
};

function readPage<Mark, Row>(
  query: ListQuery,
  { read, next }: ListCall<Mark, Row>,
  body: Uint8Array,
): Page<Mark, Row> {
  try {
    const page = parseXml(body);
    const decode = findText(page, 'EncodingType') === 'url' ? decodeKey : (text: string) => text;
    const rows = read(page, decode);
    const prefixes = page.children.flatMap((child) =>
      child.name === 'CommonPrefixes' ? decode(readText(child, 'Prefix')) : [],
    );
    const isCut = readBoolean(page, 'IsTruncated');
    return { rows, prefixes, isCut, next: isCut ? next(page, decode) : undefined };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw broken(query, error.message);
  }
}

/** S3 writes a space as "+" and a plus as "%2B"; what does not decode stays as it came, and is foreign. */
function decodeKey(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function broken({ bucket, prefix }: ListQuery, what: string): TargetUnreadableError {
  return new TargetUnreadableError(
    `s3://${bucket}/${prefix} was answered with ${what}`,
    'run it again; if it stays, the endpoint does not speak S3 as it should',
  );
}
