// Compares paged listings with the plain reading of the rules, over thousands of small buckets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../support/cases.ts';
import { behindKey } from '../byte-key.ts';
import { addVersion, createBucket, hideKey } from '../s3/bucket.ts';
import { behindMarker, behindRow, type PageRequest, type Row, readPage } from '../s3/listing.ts';
import { createVersion } from '../s3/version.ts';

const key = fc.stringMatching(/^[ab/.]{1,6}$/);
const write = fc.record({ key, gone: fc.boolean() });
const form = fc.record({
  prefix: fc.stringMatching(/^[ab/.]{0,2}$/),
  delimiter: fc.constantFrom('', '/', '.', './', 'ab'),
  limit: fc.integer({ min: 1, max: 4 }),
});
type Write = { readonly key: string; readonly gone: boolean };

function makeBucket(writes: readonly Write[]) {
  const bucket = createBucket('b', 0);
  bucket.versioning = 'Enabled';
  writes.forEach(({ key, gone }, at) => {
    const content = { bytes: at, head: Buffer.alloc(0) };
    const version = { versionId: `v${at}`, content, modifiedAt: at, etag: 'e' };
    if (gone) hideKey(bucket, key, at);
    else addVersion(bucket, key, createVersion(version));
  });
  return bucket;
}

const nameOf = (row: Row) =>
  'commonPrefix' in row ? `${row.commonPrefix} ...` : `${row.byteKey} ${row.version.versionId}`;

/** Every row there is, by reading the rules aloud: all keys in order, rolled up, each prefix once. */
function listAll(
  writes: readonly Write[],
  { prefix, delimiter }: { prefix: string; delimiter: string },
  versions: PageRequest['versions'],
): string[] {
  const bucket = makeBucket(writes);
  const keys = [...new Set(writes.map(({ key }) => key))].sort();
  const rows: string[] = [];
  for (const key of keys.filter((one) => one.startsWith(prefix))) {
    const stack = bucket.stacks.get(key) ?? [];
    const shown = versions === 'all' ? stack : stack.slice(0, 1).filter((one) => !one.deleteMarker);
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const commonPrefix = `${key.slice(0, at + delimiter.length)} ...`;
    if (at < 0) rows.push(...shown.map(({ versionId }) => `${key} ${versionId}`));
    else if (shown.length > 0 && !rows.includes(commonPrefix)) rows.push(commonPrefix);
  }
  return rows;
}

function readAll(writes: readonly Write[], first: PageRequest): string[] {
  const bucket = makeBucket(writes);
  const rows: Row[] = [];
  let request = first;
  for (;;) {
    const page = readPage(bucket, request);
    expect(page.rows.length).toBeLessThanOrEqual(request.limit);
    rows.push(...page.rows);
    const last = page.rows.at(-1);
    if (!page.truncated || !last) return rows.map(nameOf);
    expect(page.rows.length).toBe(request.limit);
    if ('commonPrefix' in last || request.versions === 'current') {
      request = { ...first, from: behindRow(last) };
    } else {
      const behindVersion = { byteKey: last.byteKey, versionId: last.version.versionId };
      request = { ...first, from: last.byteKey, behindVersion };
    }
  }
}

describe('readPage', () => {
  it.each(['current', 'all'] as const)('pages through %s versions as one long page', (versions) => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 25 }), form, (writes, asked) => {
        const rows = readAll(writes, { ...asked, from: '', versions });
        expect(rows).toEqual(listAll(writes, asked, versions));
      }),
      { numRuns: casesOf(500) },
    );
  });

  it('goes on behind a marker with the keys behind it, and no prefix that holds it', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 25 }), form, key, (writes, asked, marker) => {
        const { prefix, delimiter } = asked;
        const behind = writes.filter((one) => one.key > marker);
        const at = delimiter === '' ? -1 : marker.indexOf(delimiter, prefix.length);
        const inside = marker.startsWith(prefix) && at >= 0;
        const hidden = inside ? `${marker.slice(0, at + delimiter.length)} ...` : undefined;
        const from = behindMarker(marker, prefix, delimiter);
        const rows = readAll(writes, { ...asked, from, versions: 'current' });
        // Ids count writes, so that they are compared in the whole bucket and not in what is behind.
        const whole = listAll(writes, asked, 'current');
        const expected = listAll(behind, asked, 'current').map((row) => row.split(' ')[0]);
        expect(rows.map((row) => row.split(' ')[0])).toEqual(
          expected.filter((row) => row !== hidden?.split(' ')[0]),
        );
        for (const row of rows) expect(whole).toContain(row);
      }),
      { numRuns: casesOf(500) },
    );
  });

  it('starts after a key with everything behind it, rolled up again', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 25 }), form, key, (writes, asked, after) => {
        const behind = writes.filter((one) => one.key > after);
        const rows = readAll(writes, { ...asked, from: behindKey(after), versions: 'current' });
        expect(rows.map((row) => row.split(' ')[0])).toEqual(
          listAll(behind, asked, 'current').map((row) => row.split(' ')[0]),
        );
      }),
      { numRuns: casesOf(500) },
    );
  });
});
