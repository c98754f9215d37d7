// The seal of a finished set: one text over all that its files are, to be hashed and kept elsewhere.
import type { StoredObject } from './listing.ts';
import type { Instant } from './time.ts';

/** What one full is, file by file; `text` is long, and made to be hashed. */
export type SetText = {
  readonly startedAt: Instant;
  readonly files: number;
  readonly text: string;
};

/**
 * The same for the same files, whatever their order; another one when a file is added, lost, or has another ETag or
 * size. Made of the members of one set as a listing with versions told them; a file of which no version is known
 * has no seal. The same bytes again, under another version id, are a client's retry: the id counts only where there is
 * no ETag. JSON, so that no name can be mistaken for the parts of another line.
 */
export function sealOf(members: readonly StoredObject[]): string | undefined {
  const lines = members.map(({ name, versionId, etag, bytes }) =>
    versionId === undefined ? undefined : JSON.stringify([name, etag ?? versionId, bytes]),
  );
  const known = lines.filter((line) => line !== undefined);
  return known.length < members.length || known.length === 0 ? undefined : known.sort().join('\n');
}
