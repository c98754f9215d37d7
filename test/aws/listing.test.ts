import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseXml } from '../../shared/aws/read-xml.ts';
import { listObjects, listObjectVersions, listPages } from '../../shared/aws/s3-listing.ts';
import { type ListAnswer, TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { casesOf } from '../support/cases.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';
import { type Answer, anAnswer } from './an-answer.ts';
import { askAnswered, readBySdk } from './read-by-sdk.ts';

const bytesOf = (xml: string) => new TextEncoder().encode(xml);
const query = { bucket: 'any', prefix: '', onePage: true };

function read(bytes: Uint8Array, versions: boolean): Promise<ListAnswer> {
  const ask = askAnswered(bytes);
  return versions ? listObjectVersions(ask, query) : listObjects(ask, query);
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** By key: the SDK tells uploads and markers in two lists, and so loses the order of the answer. */
function sorted({ objects, hidden, ...rest }: ListAnswer): ListAnswer {
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  return { objects: objects.toSorted(byKey), hidden: hidden.toSorted(byKey), ...rest };
}

async function expectAsSdk(answer: ListAnswer, bytes: Uint8Array, versions: boolean) {
  expect(sorted(answer)).toEqual(sorted(await readBySdk(bytes, versions)));
}

// An expectation for each byte would take longer than the reading.
function isRefused(bytes: Uint8Array): boolean {
  try {
    parseXml(bytes);
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

/** Answers and refusals, as values. */
const settled = (reading: Promise<ListAnswer>) =>
  reading.catch((error: unknown) => {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return undefined;
  });

const recorded = readdirSync(fixturePath('answers')).map((name): [string, Answer] => [
  name,
  { versions: name.includes('-versions'), xml: readFixture(`answers/${name}`) },
]);

describe('a listing', () => {
  it.each(recorded)('of %s is what the SDK reads', async (name, { versions, xml }) => {
    const answer = await read(bytesOf(xml), versions);
    await expectAsSdk(answer, bytesOf(xml), versions);
    const rows = answer.objects.length + answer.hidden.length + answer.prefixes.length;
    expect(rows > 0).toBe(!name.includes('-none'));
    expect(answer.cut).toBe(name.includes('-cut'));
  });

  it('of any S3 is what the SDK reads', () =>
    fc.assert(
      fc.asyncProperty(anAnswer, async ({ versions, xml }) => {
        await expectAsSdk(await read(bytesOf(xml), versions), bytesOf(xml), versions);
      }),
      { numRuns: casesOf(300) },
    ));

  it('that was damaged is refused, or is still what the SDK reads', () => {
    const aSplice = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      lose: fc.nat(40),
      gain: fc.oneof(
        fc.constant(''),
        fc.string({ maxLength: 3 }),
        fc.constantFrom(
          '<',
          '>',
          '/',
          '&',
          '</Key>',
          '<Key>',
          '</Contents>',
          '<Size>7</Size>',
          ']]>',
        ),
      ),
    });
    return fc.assert(
      fc.asyncProperty(anAnswer, aSplice, async ({ versions, xml }, { at, lose, gain }) => {
        const from = Math.floor(at * xml.length);
        const damaged = bytesOf(xml.slice(0, from) + gain + xml.slice(from + lose));
        const answer = await settled(read(damaged, versions));
        if (answer !== undefined) await expectAsSdk(answer, damaged, versions);
      }),
      { numRuns: casesOf(600) },
    );
  });

  it('is let go of, though a key of it is kept', () => {
    const bytes = bytesOf(page(ROW.replace('>k<', `>${'k'.repeat(20)}<`) + ROW.repeat(8000)));
    const kept: unknown[] = [];
    const before = heapBytes();
    for (let round = 0; round < 20; round += 1) {
      kept.push(parseXml(bytes).children[1]?.children[0]?.text);
    }
    expect(kept.at(-1)).toBe('k'.repeat(20));
    expect(heapBytes() - before).toBeLessThan(10 * bytes.length);
  });

  it('that ends at any byte before its end has no elements at all', () => {
    const step = casesOf(1000) === 1000 ? 1 : 7;
    for (const [name, { xml }] of recorded) {
      const whole = bytesOf(xml.trimEnd());
      for (let length = 0; length < whole.length; length += step) {
        if (!isRefused(whole.subarray(0, length))) expect.fail(`${name} is read at ${length}`);
      }
    }
  });
});

const ROW =
  '<Contents><Key>k</Key><LastModified>2026-11-23T03:15:02.000Z</LastModified><Size>7</Size></Contents>';
const VERSION =
  '<Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-23T03:15:02Z</LastModified><Size>7</Size></Version>';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const page = (inside: string, root = 'ListBucketResult') =>
  `${DECLARATION}<${root}><IsTruncated>false</IsTruncated>${inside}</${root}>`;
const objects = (from: string, to: string) => page(ROW.replace(from, to));

describe('a listing of objects', () => {
  it('is read where nothing is wrong with it', async () => {
    const { objects } = await read(bytesOf(page(ROW)), false);
    expect(objects).toMatchObject([{ key: 'k', bytes: 7 }]);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a page for people', '<html><body>Welcome</body></html>'],
    ['an error', '<Error><Code>AccessDenied</Code></Error> '],
    ['a listing of versions', page(VERSION, 'ListVersionsResult')],
    ['an empty root', `${DECLARATION}<ListBucketResult/>`],
    ['two roots', page(ROW) + page(ROW)],
    ['more behind its end', `${page(ROW)}x`],
    ['a comment without an end', page(`<!-- ${ROW}`)],
    ['CDATA without an end', objects('>k<', '><![CDATA[k]><')],
    ['an instruction without an end', page(`<?php ${ROW}`)],
    ['a document type', page(ROW).replace('?>', '?><!DOCTYPE x [<!ENTITY e "k">]>')],
    ['an attribute without quotes', objects('<Key>', '<Key a=b>')],
    ['tags of two prefixes', objects('<Key>k</Key>', '<s3:Key>k</Key>')],
    ['text next to elements', objects('<Size>', 'x<Size>')],
    ['text behind elements', objects('</Contents>', 'x</Contents>')],
    ['elements where text belongs', objects('>k<', '><b>k</b><')],
    ['tags that cross', objects('</Key><LastModified>', '<LastModified></Key>')],
    ['an entity of its own', objects('>k<', '>&k;<')],
    ['an entity without an end', objects('>k<', '>&amp<')],
    ['a character that is none', objects('>k<', '>&#0;<')],
    ['half a character', objects('>k<', '>&#xd83d;<')],
    ['a character too far', objects('>k<', '>&#x110000;<')],
    ['another encoding', page(ROW).replace('UTF-8', 'ISO-8859-1')],
    ['a mark of byte order in the middle', page(`${ROW}\ufeff`)],
    ['elements without a bottom', page('<a>'.repeat(9) + '</a>'.repeat(9))],
    ['no end of a million elements', page('<a>'.repeat(1_000_000))],
    ['no key', objects('<Key>k</Key>', '')],
    ['an empty key', objects('>k<', '><')],
    ['two keys', objects('<Size>', '<Key>l</Key><Size>')],
    ['no size', objects('<Size>7</Size>', '')],
    ['an empty size', objects('>7<', '><')],
    ['a size below nothing', objects('>7<', '>-7<')],
    ['a size that is no number', objects('>7<', '>1e3<')],
    ['a size too large to be exact', objects('>7<', '>9007199254740993<')],
    ['no time', objects(/<LastM.*ied>/.exec(ROW)?.[0] ?? '', '')],
    ['a day on no calendar', objects('2026-11-23', '2026-02-31')],
    ['a time of no zone', objects('02.000Z', '02.000')],
    ['a prefix without a name', page('<CommonPrefixes><Prefix></Prefix></CommonPrefixes>')],
    ['no word of whether it is cut', page(ROW).replace(/<IsT.*ted>/, '')],
    ['two words of whether it is cut', page('<IsTruncated>true</IsTruncated>')],
    ['another word for cut', page(ROW).replace('false', 'no')],
  ])('is refused with %s', async (_, xml) => {
    expect(await settled(read(bytesOf(xml), false))).toBeUndefined();
  });

  it('is refused when it is not UTF-8', async () => {
    const bytes = bytesOf(page(ROW));
    bytes[page(ROW).indexOf('>k<') + 1] = 0xe9;
    await expect(read(bytes, false)).rejects.toThrow(/XML that is not UTF-8/);
  });

  it('has characters beyond 65535 by their number, which the SDK mangles', async () => {
    const { objects: rows } = await read(bytesOf(objects('>k<', '>&#x1F600;<')), false);
    expect(rows[0]?.key).toBe('😀');
  });
});

describe('a listing of versions', () => {
  it.each([
    ['an empty version', '>v<', '><'],
    ['no word of whether it is the latest', '<IsLatest>true</IsLatest>', ''],
    ['another word for true', '>true<', '>yes<'],
    ['no size', '<Size>7</Size>', ''],
  ])('is refused with %s', async (_, from, to) => {
    const whole = page(VERSION, 'ListVersionsResult');
    expect((await read(bytesOf(whole), true)).objects).toHaveLength(1);
    expect(await settled(read(bytesOf(whole.replace(from, to)), true))).toBeUndefined();
  });

  it('is given up after 500 pages, as of one key with half a million versions', async () => {
    let asked = 0;
    const next = () => ({ key: 'k', version: `v${asked}` });
    const ask = async () => {
      asked += 1;
      return bytesOf(page(VERSION, 'ListVersionsResult').replace('false', 'true'));
    };
    const all = { bucket: 'any', prefix: '' };
    await expect(listPages(all, { ask, next, read: () => [], mark: 'marker' })).rejects.toThrow(
      's3://any/ holds over 500 pages of objects',
    );
    expect(asked).toBe(500);
  });

  it('goes on for twice as long while somebody watches, and tells how far it is', async () => {
    const shown: number[] = [];
    const all = { bucket: 'any', prefix: '', onPage: (rows: number) => shown.push(rows) };
    const ask = async () => bytesOf(page(VERSION, 'ListVersionsResult').replace('false', 'true'));
    const next = () => ({ key: 'k', version: `v${shown.length}` });
    await expect(
      listPages(all, { ask, next, read: () => ['row'], mark: 'marker' }),
    ).rejects.toThrow('s3://any/ holds over 1000 pages of objects');
    expect([shown.length, shown.at(-1)]).toEqual([1000, 1000]);
  });

  it('is refused where a server answers with objects', async () => {
    await expect(read(bytesOf(page(ROW)), true)).rejects.toThrow(/objects where versions/);
  });
});
