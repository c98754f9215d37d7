import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { parseListing } from '../../scripts/rollcall/parse-listing.ts';
import { askListings, coverBucket } from '../../scripts/rollcall/saved-listing.ts';
import { UsageError } from '../../scripts/rollcall/terminal.ts';
import { readFixture } from '../support/recorded.ts';

const row = (Key: string, more = {}) => ({
  Key,
  Size: 1,
  LastModified: '2026-11-23T03:15:02.000Z',
  ...more,
});
const parseText = (text: string) => parseListing(sourceOf(text), 'all.json');
const parse = (document: unknown) => parseText(JSON.stringify(document));
const rowsOf = (document: unknown) => parse(document).blocks.map(({ read }) => read());
const keysOf = async (document: unknown, prefix = '') => {
  const { objects } = await askListings([parse(document)])({ bucket: 'b', prefix });
  return objects.map(({ key }) => key);
};

describe('parseListing', () => {
  it('takes an empty bucket as empty, and an empty file as no answer at all', async () => {
    expect(await keysOf({ RequestCharged: null })).toEqual([]);
    expect(await keysOf({})).toEqual([]);
    expect(() => parseText('')).toThrow(/is empty, which an answer of S3's never is/);
  });

  it.each([
    ['half a file', '{"Contents": [{"Key": "a"', /not JSON, or was cut off/],
    ['another answer of AWS', '{"Buckets": []}', /not a listing of objects/],
    ['a list', '[]', /the file is not an object/],
    [
      'a row without a size',
      { Contents: [row('a', { Size: undefined })] },
      /Contents\[0\] has no Size/,
    ],
    [
      'a row without a time',
      { Contents: [row('a', { LastModified: 'today' })] },
      /no LastModified/,
    ],
    ['a row without a key', { Contents: [row('a'), { Size: 1 }] }, /Contents\[1\] has no Key/],
    ['a delimited listing', { CommonPrefixes: [{ Prefix: 'a/' }] }, /listed with a delimiter/],
    [
      'a page that does not say where it goes on',
      { Contents: [], IsTruncated: true },
      /IsTruncated/,
    ],
  ])('refuses %s', (_, document, problem) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    expect(() => parseText(text)).toThrow(problem);
    expect(() => parseText(text)).toThrow(UsageError);
  });

  it('refuses a recorded listing cut at any byte', () => {
    const whole = readFixture('listings/stale.json').trimEnd();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => parseText(whole.slice(0, length))).toThrow(UsageError);
      }),
    );
  });

  it('takes the latest version of each key with the time of its first, and hidden keys as hidden', async () => {
    const page = parse({
      Versions: [
        row('a', { IsLatest: true, LastModified: '2026-11-23T05:00:00Z', Size: 2 }),
        row('a', { IsLatest: false, LastModified: '2026-11-23T03:00:00Z' }),
        row('hidden', { IsLatest: false }),
      ],
      DeleteMarkers: [{ Key: 'hidden', IsLatest: true, LastModified: '2026-11-23T06:00:00Z' }],
    });
    const { objects, hidden } = await askListings([page])({
      bucket: 'b',
      prefix: '',
      versions: true,
    });
    expect(objects).toMatchObject([
      {
        key: 'a',
        bytes: 2,
        modifiedAt: Date.parse('2026-11-23T05:00:00Z'),
        firstModifiedAt: Date.parse('2026-11-23T03:00:00Z'),
        history: [{ what: 'upload' }, { what: 'upload' }],
      },
    ]);
    expect(hidden).toMatchObject([{ key: 'hidden', history: [{ what: 'marker' }, {}] }]);
    expect((await askListings([page])({ bucket: 'b', prefix: '' })).hidden).toEqual([]);
  });

  it('keeps the storage class of each object and version, where it is one', async () => {
    const row = { Key: 'web/a', Size: 1, LastModified: '2026-11-23T03:00:00Z' };
    const classOf = (StorageClass: unknown) =>
      rowsOf({ Contents: [{ ...row, StorageClass }] })[0]?.objects[0]?.storageClass;
    expect(classOf('DEEP_ARCHIVE')).toBe('DEEP_ARCHIVE');
    for (const none of ['STANDARD', '', null, 7, 'glacier', 'A\u0007', 'X'.repeat(41)]) {
      expect(classOf(none)).toBeUndefined();
    }
    const version = { ...row, IsLatest: true, VersionId: '1', StorageClass: 'GLACIER' };
    expect(rowsOf({ Versions: [version] })[0]?.versions).toMatchObject([
      { version: { what: 'upload', storageClass: 'GLACIER' } },
    ]);
  });

  it('decodes keys that were asked for url-encoded', async () => {
    const document = { EncodingType: 'url', Contents: [row('web/a%0A+b%2Bc')] };
    expect(await keysOf(document)).toEqual(['web/a\n b+c']);
  });
});

describe('askListings', () => {
  it('cannot tell of a prefix that was not listed', async () => {
    const ask = askListings([parse({ Prefix: 'web/', Contents: [row('web/a')] })]);
    await expect(ask({ bucket: 'b', prefix: 'mail/' })).rejects.toThrow(/no --listing covers/);
    expect((await ask({ bucket: 'b', prefix: 'web/' })).objects).toHaveLength(1);
  });

  it('cannot tell of another bucket than the one that was listed', async () => {
    const ask = askListings([parse({ Name: 'other', Contents: [] })]);
    await expect(ask({ bucket: 'b', prefix: '' })).rejects.toThrow(/no --listing covers/);
  });

  it('wants every page of a listing that was saved in pages', async () => {
    const first = parse({ Contents: [row('a')], IsTruncated: true, NextContinuationToken: 't' });
    const second = parse({ Contents: [row('b')], ContinuationToken: 't', IsTruncated: false });
    for (const part of [first, second]) {
      await expect(askListings([part])({ bucket: 'b', prefix: '' })).rejects.toThrow(/one page/);
    }
    const both = await askListings([second, first])({ bucket: 'b', prefix: '' });
    expect(both.objects.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('refuses two listings that tell different things of one key', async () => {
    const ask = askListings([
      parse({ Contents: [row('a')] }),
      parse({ Contents: [row('a', { Size: 9 })] }),
    ]);
    await expect(ask({ bucket: 'b', prefix: '' })).rejects.toThrow(/different things/);
  });

  it('cuts keys at a delimiter as S3 does', async () => {
    const document = { Contents: [row('a/1'), row('a/2'), row('b'), row('c/d/e')] };
    const answer = await askListings([parse(document)])({
      bucket: 'b',
      prefix: '',
      delimiter: '/',
    });
    expect(answer.prefixes).toEqual(['a/', 'c/']);
    expect(answer.objects.map(({ key }) => key)).toEqual(['b']);
  });
});

describe('a listing of many keys', () => {
  const hosts = Array.from({ length: 40 }, (_, number) => `host-${number + 10}/`);
  const keys = hosts.flatMap((host) => Array.from({ length: 250 }, (_, at) => `${host}${at}`));
  const text = JSON.stringify({ Contents: keys.map((key) => row(key, { ETag: 'x'.repeat(900) })) });

  /** How often, and how much, it is read. */
  const counted = (bytes = text) => {
    const { size, read } = sourceOf(bytes);
    const asked: number[] = [];
    const source = {
      size,
      read: (from: number, length: number) => {
        asked.push(length);
        return read(from, length);
      },
    };
    return { asked, source };
  };

  it('is read once, and then only where a host’s rows lie', async () => {
    const { asked, source } = counted();
    const ask = askListings([parseListing(source, 'all.json')]);
    expect(asked.reduce((a, b) => a + b)).toBeLessThan(text.length + 10);
    asked.length = 0;
    for (const prefix of hosts) {
      const { objects } = await ask({ bucket: 'b', prefix, versions: true });
      expect(objects).toHaveLength(250);
    }
    // The last pieces were kept as they were read first.
    expect(asked.reduce((a, b) => a + b, 0)).toBeLessThan(1.1 * text.length);
    expect(Math.max(0, ...asked)).toBeLessThan(300_000);
    expect((await ask({ bucket: 'b', prefix: '', delimiter: '/' })).prefixes).toEqual(hosts);
  });

  it('is refused where it is another one when it is read again', async () => {
    const { source } = counted();
    const listing = parseListing(source, 'all.json');
    const changed = { ...listing, blocks: listing.blocks.slice(0, 1) };
    source.read = (_, length) => Buffer.from(`${JSON.stringify(row('web/a'))}`.padEnd(length));
    await expect(askListings([changed])({ bucket: 'b', prefix: 'host-10/' })).rejects.toThrow(
      /it changed while it was read/,
    );
  });

  it('has no list twice, as the first would be lost', () => {
    const list = JSON.stringify([row('web/a')]);
    expect(() => parseText(`{"Contents":${list},"Contents":${list}}`)).toThrow(/is there twice/);
  });
});

describe('coverBucket', () => {
  it('is true only for a listing of the whole bucket', () => {
    expect(coverBucket([parse({ Contents: [] })], 'b')).toBe(true);
    expect(coverBucket([parse({ Prefix: 'web/', Contents: [] })], 'b')).toBe(false);
  });
});
