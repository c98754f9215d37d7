// ListObjectsV2, read to the end: every page, decoded, or an error that says what to do.
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type KeyedObject,
  type ListAnswer,
  type ListQuery,
  TargetUnreadableError,
} from '../check/object-store.ts';
import { hintFor, nameOf } from './aws-error.ts';

// 500,000 rows of one target; a host with more is flooded, and must not starve the others.
const PAGES_READ = 500;

/**
 * Lists a bucket. Throws `TargetUnreadableError` for a refusal, a broken answer, a token that comes back,
 * and a target of more than 500 pages: a part of a listing is never answered as if it were all.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const objects: KeyedObject[] = [];
  const prefixes: string[] = [];
  const tokens = new Set<string>();
  let token: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = await readPage(client, query, token);
    // The SDK takes an answer without a body for a listing without a single field.
    if (page.IsTruncated === undefined) throw broken(query, 'no listing at all');
    const decode = page.EncodingType === 'url' ? decodeKey : (text: string) => text;
    for (const row of page.Contents ?? []) objects.push(readObject(row, query, decode));
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix === undefined) throw broken(query, 'a prefix without a name');
      prefixes.push(decode(Prefix));
    }
    if (!page.IsTruncated) return { objects, prefixes, cut: false };
    if (query.onePage) return { objects, prefixes, cut: true };
    token = page.NextContinuationToken;
    if (token === undefined || token === '') throw broken(query, 'a cut page without a token');
    if (tokens.has(token)) throw broken(query, 'the same continuation token twice');
    if (pages >= PAGES_READ) {
      throw new TargetUnreadableError(
        `s3://${query.bucket}/${query.prefix} holds over ${PAGES_READ} pages of objects`,
        'see who writes there: rollcall check --deep --host HOST; docs/runbook.md#unreadable',
      );
    }
    tokens.add(token);
  }
}

async function readPage(
  client: S3Client,
  { bucket, prefix, delimiter, startAfter }: ListQuery,
  token: string | undefined,
): Promise<ListObjectsV2CommandOutput> {
  try {
    return await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: delimiter,
        StartAfter: token === undefined ? startAfter : undefined,
        ContinuationToken: token,
        EncodingType: 'url',
      }),
    );
  } catch (error) {
    throw new TargetUnreadableError(
      `s3://${bucket}/${prefix} could not be listed: ${nameOf(error)}`,
      hintFor(error, bucket),
      { cause: error },
    );
  }
}

type Row = NonNullable<ListObjectsV2CommandOutput['Contents']>[number];

function readObject(row: Row, query: ListQuery, decode: (text: string) => string): KeyedObject {
  const { Key, Size, LastModified } = row;
  const at = LastModified?.getTime();
  if (Key === undefined || Size === undefined || at === undefined || Number.isNaN(at)) {
    throw broken(query, 'an object without key, size or time');
  }
  return { key: decode(Key), bytes: Size, modifiedAt: at, firstModifiedAt: at };
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
