// A listing of S3's read to the end, whichever call lists it: every page, decoded, or an error that says what to do.
import { type ListQuery, TargetUnreadableError } from '../check/object-store.ts';
import { hintFor, nameOf } from './aws-error.ts';

// 500,000 rows of one target; a host with more is flooded, and must not starve the others.
const PAGES_READ = 500;

/** What the answers of both calls have in common. */
type Page = {
  readonly IsTruncated?: boolean | undefined;
  readonly EncodingType?: string | undefined;
  readonly CommonPrefixes?: readonly { readonly Prefix?: string | undefined }[] | undefined;
};

/** A key as the answer wrote it -> as it is. */
export type Decode = (text: string) => string;

/** One of S3's calls that list: how to ask from a mark on, what a row is, and where the next page begins. */
export type ListCall<Answer extends Page, Mark, Row> = {
  readonly ask: (mark: Mark | undefined) => Promise<Answer>;
  /** Throws a `TypeError` that says what a row lacks. */
  readonly read: (page: Answer, decode: Decode) => readonly Row[];
  readonly next: (page: Answer, decode: Decode) => Mark | undefined;
  /** What the call's mark is called. */
  readonly mark: string;
};

/**
 * Reads page after page. Throws `TargetUnreadableError` for a refusal, a broken answer, a mark that comes back,
 * and a target of more than 500 pages: a part of a listing is never answered as if it were all.
 */
export async function listPages<Answer extends Page, Mark, Row>(
  query: ListQuery,
  call: ListCall<Answer, Mark, Row>,
): Promise<{ rows: Row[]; prefixes: string[]; cut: boolean }> {
  const rows: Row[] = [];
  const prefixes: string[] = [];
  const marks = new Set<string>();
  let mark: Mark | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = await askPage(query, call, mark);
    // The SDK takes an answer without a body for a listing without a single field.
    if (page.IsTruncated === undefined) throw broken(query, 'no listing at all');
    const decode = page.EncodingType === 'url' ? decodeKey : (text: string) => text;
    for (const row of readRows(query, () => call.read(page, decode))) rows.push(row);
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix === undefined) throw broken(query, 'a prefix without a name');
      prefixes.push(decode(Prefix));
    }
    if (!page.IsTruncated) return { rows, prefixes, cut: false };
    if (query.onePage) return { rows, prefixes, cut: true };
    mark = call.next(page, decode);
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

async function askPage<Answer extends Page, Mark, Row>(
  { bucket, prefix }: ListQuery,
  { ask }: ListCall<Answer, Mark, Row>,
  mark: Mark | undefined,
): Promise<Answer> {
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

function readRows<Row>(query: ListQuery, read: () => readonly Row[]): readonly Row[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw broken(query, error.message);
  }
}

/** S3 writes a space as "+" and a plus as "%2B"; what does not decode stays as it came, and is foreign. */
function decodeKey(text: string): string {
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
