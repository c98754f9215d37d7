// Makes a page of a listing: S3's order, prefix, delimiter, size and resumption, for objects and for versions alike.
import { behindKey, behindPrefix } from '../byte-key.ts';
import { type Bucket, type KeyVersions, walkKeys } from './bucket.ts';
import type { Version } from './version.ts';

/** What is asked for; all strings are byte keys. `from` is the first key that may appear. */
export type PageRequest = {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly from: string;
  /** Resume inside this key, behind this version. */
  readonly behindVersion?: { readonly byteKey: string; readonly versionId: string };
  /** Every version, or only the newest that is no delete marker. */
  readonly versions: 'all' | 'current';
};

/** A line of a page: a version of a key, or all keys below a common prefix as one. */
export type Row =
  | { readonly byteKey: string; readonly version: Version; readonly latest: boolean }
  | { readonly commonPrefix: string };

/** The rows of a page in order, and whether there are more behind them. */
export type Page = { readonly rows: readonly Row[]; readonly truncated: boolean };

/** At most `limit` rows, in order; a common prefix counts as one, whatever is below it. */
export function readPage(bucket: Bucket, request: PageRequest): Page {
  const { prefix, delimiter, limit } = request;
  const rows: Row[] = [];
  if (limit === 0) return { rows, truncated: false };
  let from = request.from > prefix ? request.from : prefix;
  for (;;) {
    let jump: string | undefined;
    for (const entry of walkKeys(bucket, from)) {
      if (!entry.byteKey.startsWith(prefix)) return { rows, truncated: false };
      const found = rowsOf(entry, request);
      if (found.length === 0) continue;
      const commonPrefix = commonPrefixOf(entry.byteKey, prefix, delimiter);
      for (const row of commonPrefix === undefined ? found : [{ commonPrefix }]) {
        if (rows.length === limit) return { rows, truncated: true };
        rows.push(row);
      }
      if (commonPrefix !== undefined) {
        jump = behindPrefix(commonPrefix);
        break;
      }
    }
    if (jump === undefined) return { rows, truncated: false };
    from = jump;
  }
}

/** What a key rolls up into: everything up to and including the first delimiter behind the prefix. */
export function commonPrefixOf(
  byteKey: string,
  prefix: string,
  delimiter: string,
): string | undefined {
  if (delimiter === '' || !byteKey.startsWith(prefix)) return undefined;
  const at = byteKey.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : byteKey.slice(0, at + delimiter.length);
}

/** Where a page behind this row begins. */
export function behindRow(row: Row): string {
  return 'commonPrefix' in row ? behindPrefix(row.commonPrefix) : behindKey(row.byteKey);
}

/**
 * Where a listing behind a marker begins: a common prefix that is not greater than the marker is hidden whole.
 * Source: ListObjectsV2, S3 API Reference, on Delimiter and StartAfter; ListObjects, on Marker.
 */
export function behindMarker(marker: string, prefix: string, delimiter: string): string {
  if (marker === '') return '';
  const commonPrefix = commonPrefixOf(marker, prefix, delimiter);
  return commonPrefix === undefined ? behindKey(marker) : behindPrefix(commonPrefix);
}

function rowsOf(entry: KeyVersions, request: PageRequest): Row[] {
  const { byteKey, versions } = entry;
  const newest = versions[0];
  if (request.versions === 'current') {
    return newest && !newest.deleteMarker ? [{ byteKey, version: newest, latest: true }] : [];
  }
  const rows = versions.map((version, at) => ({ byteKey, version, latest: at === 0 }));
  const behind = request.behindVersion;
  if (behind?.byteKey !== byteKey) return rows;
  const at = versions.findIndex(({ versionId }) => versionId === behind.versionId);
  return at < 0 ? [] : rows.slice(at + 1);
}
