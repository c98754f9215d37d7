// Says how S3 lists: its order, prefixes, delimiters, pages and encodings, in all three calls.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { MATTERS } from './contract-matters.ts';
import { type ContractCheck, expectRefusal } from './contract-target.ts';

// What duplicity leaves for one host: two full sets, each with volumes, signatures and a manifest.
const sets = ['20261121T020003Z', '20261122T020002Z'].flatMap((time) => [
  `web/duplicity-full-signatures.${time}.sigtar.gpg`,
  `web/duplicity-full.${time}.manifest.gpg`,
  ...[1, 2, 10].map((volume) => `web/duplicity-full.${time}.vol${volume}.difftar.gpg`),
]);

/** The checks. */
export const listingChecks: readonly ContractCheck[] = [
  {
    name: 'S3 lists keys in the order of their UTF-8 bytes',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      // In UTF-16, where most languages sort, the emoji comes before the full-width mark.
      await fill(Bucket, ['\u{1f600}', '\uff01', 'é', 'a', 'Z', 'a/b', 'a.b', 'vol2', 'vol10']);
      const list = await s3.send(new ListObjectsV2Command({ Bucket }));
      const keys = ['Z', 'a', 'a.b', 'a/b', 'vol10', 'vol2', 'é', '\uff01', '\u{1f600}'];
      expect(list.Contents?.map(({ Key }) => Key)).toEqual(keys);
      expect(list.KeyCount).toBe(9);
    },
  },
  {
    name: 'S3 pages ListObjectsV2 by its token, and shows each key once',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      const keys = ['a', 'b', 'c', 'd', 'e'];
      await fill(Bucket, keys);
      const { pages, rows } = await readV2(s3, { Bucket, MaxKeys: 2 });
      expect(Math.max(...pages)).toBeLessThanOrEqual(2);
      expect(rows).toEqual(keys);
    },
  },
  {
    name: 'S3 refuses a continuation token that it did not give',
    matters: MATTERS.listed,
    emulatedOnly: 'AWS writes nothing of it down',
    differs: { ministack: 'takes any text for a token' },
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket();
      const wrong = new ListObjectsV2Command({ Bucket, ContinuationToken: 'a' });
      await expectRefusal(s3.send(wrong), 'InvalidArgument', 400);
    },
  },
  {
    name: 'S3 lists what a prefix covers and nothing else',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['we', 'web', 'web/1', 'web/2', 'web1/1', 'webmail/1']);
      const { rows } = await readV2(s3, { Bucket, Prefix: 'web/', MaxKeys: 1 });
      expect(rows).toEqual(['web/1', 'web/2']);
    },
  },
  {
    name: 'S3 lists nothing for MaxKeys 0, and says that this was all',
    matters: MATTERS.others,
    emulatedOnly: 'AWS writes nothing of it down',
    differs: { ministack: 'calls the empty page truncated' },
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['web/1']);
      const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
      expect([none.KeyCount, none.IsTruncated]).toEqual([0, false]);
    },
  },
  {
    name: 'S3 starts after a key, whether or not it is there',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['a', 'b', 'd']);
      const after = async (StartAfter: string) => (await readV2(s3, { Bucket, StartAfter })).rows;
      expect(await after('b')).toEqual(['d']);
      expect(await after('c')).toEqual(['d']);
      expect(await after('0')).toEqual(['a', 'b', 'd']);
    },
  },
  {
    name: 'S3 rolls up by a delimiter of several characters: one line for all volumes of a set',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, sets);
      const Prefix = 'web/duplicity-full.';
      const list = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, Delimiter: '.vol' }));
      expect(list.CommonPrefixes?.map((one) => one.Prefix)).toEqual([
        'web/duplicity-full.20261121T020003Z.vol',
        'web/duplicity-full.20261122T020002Z.vol',
      ]);
      expect(list.Contents?.map(({ Key }) => Key)).toEqual([
        'web/duplicity-full.20261121T020003Z.manifest.gpg',
        'web/duplicity-full.20261122T020002Z.manifest.gpg',
      ]);
      expect([list.KeyCount, list.IsTruncated]).toEqual([4, false]);
    },
  },
  {
    name: 'S3 counts a common prefix as one key of a page, and never shows it twice',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, sets);
      for (const MaxKeys of [1, 2, 3]) {
        const { pages, rows } = await readV2(s3, { Bucket, MaxKeys, Delimiter: '.vol' });
        expect(rows).toEqual([
          'web/duplicity-full-signatures.20261121T020003Z.sigtar.gpg',
          'web/duplicity-full-signatures.20261122T020002Z.sigtar.gpg',
          'web/duplicity-full.20261121T020003Z.manifest.gpg',
          'web/duplicity-full.20261121T020003Z.vol',
          'web/duplicity-full.20261122T020002Z.manifest.gpg',
          'web/duplicity-full.20261122T020002Z.vol',
        ]);
        expect(Math.max(...pages)).toBeLessThanOrEqual(MaxKeys);
      }
    },
  },
  {
    // ListObjectsV2, S3 API Reference, on Delimiter: "CommonPrefixes is filtered out from results if it is not
    // lexicographically greater than the StartAfter value."
    name: 'S3 hides a common prefix from a StartAfter inside it, or equal to it',
    matters: MATTERS.others,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['a/1', 'a/2', 'b/1']);
      const after = async (StartAfter: string) => {
        const form = { Bucket, Delimiter: '/', StartAfter };
        const { CommonPrefixes } = await s3.send(new ListObjectsV2Command(form));
        return CommonPrefixes?.map(({ Prefix }) => Prefix);
      };
      expect(await after('a/1')).toEqual(['b/']);
      expect(await after('a/')).toEqual(['b/']);
      expect(await after('a')).toEqual(['a/', 'b/']);
    },
  },
  {
    name: 'S3 hides from listings with a delimiter what is behind delete markers',
    matters: MATTERS.listed,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket({ versioned: true });
      await fill(Bucket, ['gone/1', 'half/1', 'half/2']);
      for (const Key of ['gone/1', 'half/1']) {
        await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      }
      const list = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
      expect(list.CommonPrefixes?.map((one) => one.Prefix)).toEqual(['half/']);
    },
  },
  {
    // ListObjects, S3 API Reference, on NextMarker: only with a delimiter, and good for the next call. What is in it, AWS
    // does not say.
    name: 'S3 pages ListObjects by marker, with NextMarker only where a delimiter is',
    matters: MATTERS.duplicity,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['asdf', 'boo/bar', 'boo/baz/xyzzy', 'cquux/bla', 'cquux/thud']);
      const list = async (Marker: string, Delimiter?: string) => {
        const input = { Bucket, Marker, MaxKeys: 1, ...(Delimiter && { Delimiter }) };
        const page = await s3.send(new ListObjectsCommand(input));
        const keys = page.Contents?.map(({ Key = '' }) => Key) ?? [];
        const prefixes = page.CommonPrefixes?.map(({ Prefix = '' }) => Prefix) ?? [];
        return { rows: [...keys, ...prefixes], next: page.NextMarker, more: page.IsTruncated };
      };
      const rows: string[] = [];
      let page = await list('', '/');
      for (let pages = 1; page.more && pages < 20; pages += 1) {
        rows.push(...page.rows);
        page = await list(page.next ?? '', '/');
      }
      expect([...rows, ...page.rows]).toEqual(['asdf', 'boo/', 'cquux/']);
      const plain = await list('asdf');
      expect(plain).toEqual({ rows: ['boo/bar'], next: undefined, more: true });
    },
  },
  {
    name: 'S3 stores keys of any character, and lists them encoded when asked to',
    matters: MATTERS.hostile,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      const keys = [
        ' ',
        'a b',
        'a%2Fb',
        'a&b',
        'a+b',
        'a//b',
        'a=b?c#d',
        "it's",
        '<x>',
        'ü',
        '日本',
      ];
      await fill(Bucket, keys);
      const list = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }));
      const decoded = list.Contents?.map(({ Key = '' }) =>
        decodeURIComponent(Key.replaceAll('+', ' ')),
      );
      expect(decoded?.sort()).toEqual([...keys].sort());
      expect(list.Contents?.map(({ Key }) => Key)).toContain('a%2Bb');
      expect(list.Contents?.map(({ Key }) => Key)).toContain('a//b');
      for (const Key of keys) {
        const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
        expect(await got.Body?.transformToString()).toBe(Key);
      }
    },
  },
  {
    name: 'S3 encodes control characters, prefixes and delimiters in an encoded listing',
    matters: MATTERS.hostile,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      const Key = 'x y/\n\r\t\u0001';
      await fill(Bucket, [Key, 'x y/b c d']);
      const form = { Bucket, EncodingType: 'url', Prefix: 'x y/', Delimiter: 'c d' } as const;
      const list = await s3.send(new ListObjectsV2Command(form));
      // A plus sign is encoded, so both spellings of a space read the same.
      const decode = (text = '') => decodeURIComponent(text.replaceAll('+', ' '));
      expect(list.Contents?.map((one) => decode(one.Key))).toEqual([Key]);
      expect(list.CommonPrefixes?.map((one) => decode(one.Prefix))).toEqual(['x y/b c d']);
      expect([decode(list.Prefix), decode(list.Delimiter)]).toEqual(['x y/', 'c d']);
      expect(list.Contents?.[0]?.Key).toContain('%0A%0D%09%01');
      // Where listings of versions are not encoded nobody could name it to take it away.
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
  },
  {
    name: 'S3 calls the version of an unversioned object null',
    matters: MATTERS.tampered,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['a']);
      const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      expect(Versions).toMatchObject([{ Key: 'a', VersionId: 'null', IsLatest: true, Size: 1 }]);
    },
  },
  {
    name: 'S3 pages ListObjectVersions through the versions of one key',
    matters: MATTERS.tampered,
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket({ versioned: true });
      const put = async (Key: string) =>
        `${Key} ${(await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))).VersionId}`;
      const [a1, a2, a3, b1] = [await put('a'), await put('a'), await put('a'), await put('b')];
      const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      for (const MaxKeys of [1, 2]) {
        const rows = await readVersions(s3, Bucket, MaxKeys);
        expect(rows).toEqual([`a ${VersionId}`, a3, a2, a1, b1]);
      }
    },
  },
  {
    name: 'S3 rolls up ListObjectVersions by a delimiter',
    matters: MATTERS.others,
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket({ versioned: true });
      await fill(Bucket, [...sets, ...sets]);
      const form = { Bucket, Prefix: 'web/duplicity-full.', Delimiter: '.vol' };
      const list = await s3.send(new ListObjectVersionsCommand(form));
      expect(list.Versions?.length).toBe(4);
      expect(list.CommonPrefixes?.map((one) => one.Prefix)).toEqual([
        'web/duplicity-full.20261121T020003Z.vol',
        'web/duplicity-full.20261122T020002Z.vol',
      ]);
    },
  },
  {
    // What a marker holds, and how full a page is, is not asserted: AWS promises neither.
    name: 'S3 pages ListObjectVersions with a delimiter, and shows each version and each prefix once',
    matters: MATTERS.others,
    differs: { ministack: 'shows the common prefixes on every page again' },
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket({ versioned: true });
      await fill(Bucket, [...sets, ...sets]);
      const form = { Prefix: 'web/duplicity-full.', Delimiter: '.vol' };
      const rows = await readVersions(s3, Bucket, 3, form);
      expect(new Set(rows).size).toBe(rows.length);
      expect(rows.map((row) => row.split(' ')[0]).sort()).toEqual([
        'web/duplicity-full.20261121T020003Z.manifest.gpg',
        'web/duplicity-full.20261121T020003Z.manifest.gpg',
        'web/duplicity-full.20261121T020003Z.vol',
        'web/duplicity-full.20261122T020002Z.manifest.gpg',
        'web/duplicity-full.20261122T020002Z.manifest.gpg',
        'web/duplicity-full.20261122T020002Z.vol',
      ]);
    },
  },
];

/** All pages, by the token: how many rows each had, and all rows in S3's order. */
async function readV2(s3: S3Client, input: ListObjectsV2CommandInput) {
  const pages: number[] = [];
  const rows: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const token = ContinuationToken === undefined ? {} : { ContinuationToken };
    const page = await s3.send(new ListObjectsV2Command({ ...input, ...token }));
    const found = [
      ...(page.Contents ?? []).map(({ Key = '' }) => Key),
      ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
    ];
    expect(page.KeyCount).toBe(found.length);
    pages.push(found.length);
    rows.push(...found.sort());
    ContinuationToken = page.NextContinuationToken;
    expect(ContinuationToken !== undefined).toBe(page.IsTruncated);
  } while (ContinuationToken !== undefined && pages.length < 50);
  return { pages, rows };
}

async function readVersions(
  s3: S3Client,
  Bucket: string,
  MaxKeys: number,
  form: { Prefix?: string; Delimiter?: string } = {},
): Promise<string[]> {
  const rows: string[] = [];
  let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (let pages = 0; pages < 20; pages += 1) {
    const input = { Bucket, MaxKeys, ...form, ...markers };
    const page = await s3.send(new ListObjectVersionsCommand(input));
    const found = [
      ...[...(page.DeleteMarkers ?? []), ...(page.Versions ?? [])].map(
        (one) => `${one.Key} ${one.VersionId}`,
      ),
      ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
    ];
    expect(found.length).toBeLessThanOrEqual(MaxKeys);
    rows.push(...found);
    if (!page.IsTruncated) break;
    markers = {
      ...(page.NextKeyMarker && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
    };
  }
  return rows;
}
