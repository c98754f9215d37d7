// The seal of a finished set: one text over all that its files are, to be hashed and kept elsewhere.
import type { StoredObject } from './backup-set.ts';

/**
 * The same for the same files, whatever their order; another one when a file is added, lost, or has another version, ETag
 * or size. Made of the members of one set as a listing with versions told them; a file of which no version is known
 * has no seal. JSON, so that no name can be mistaken for the parts of another line.
 */
export function sealOf(members: readonly StoredObject[]): string | undefined {
  const lines = members.map(({ name, versionId, etag, bytes }) =>
    versionId === undefined ? undefined : JSON.stringify([name, versionId, etag ?? null, bytes]),
  );
  const known = lines.filter((line) => line !== undefined);
  return known.length < members.length || known.length === 0 ? undefined : known.sort().join('\n');
}
