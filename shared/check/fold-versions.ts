// Versions, row by row, folded into what each key holds now and what it held before.
import type { FileHistory, Version } from '../duplicity/history.ts';
import { uncover } from '../duplicity/listing-versions.ts';
import type { HiddenKey, KeyedObject } from './object-store.ts';

/** One row of a listing of versions. */
export type VersionRow = {
  readonly key: string;
  readonly latest: boolean;
  readonly version: Version;
};

/**
 * The objects that a GET would answer, and the keys that a delete marker hides, in the order of the rows.
 * The rows of a key may come in any order: SDKs tell uploads and markers in two lists.
 */
export function foldVersions(rows: readonly VersionRow[]): {
  objects: KeyedObject[];
  hidden: HiddenKey[];
} {
  const byKey = new Map<string, VersionRow[]>();
  for (const row of rows) {
    const known = byKey.get(row.key);
    if (known === undefined) byKey.set(row.key, [row]);
    else known.push(row);
  }
  const objects: KeyedObject[] = [];
  const hidden: HiddenKey[] = [];
  for (const [key, ofKey] of byKey) {
    const history = ofKey.sort(newestFirst).map(({ version }) => version);
    if (history[0]?.what === 'marker') hidden.push({ key, history });
    else objects.push(...uncover({ name: key, history }).map(keyed));
  }
  return { objects, hidden };
}

/** S3 says itself which is the latest; two writes of one second have one LastModified. */
function newestFirst(a: VersionRow, b: VersionRow): number {
  return Number(b.latest) - Number(a.latest) || b.version.at - a.version.at;
}

function keyed({ name: key, ...object }: ReturnType<typeof uncover>[number]): KeyedObject {
  return { ...object, key };
}

/** A hidden key by its file name. */
export function fileHistoryOf({ key, history }: HiddenKey, prefix: string): FileHistory {
  return { name: key.slice(prefix.length), history };
}
