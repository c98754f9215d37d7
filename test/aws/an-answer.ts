// Arbitrary answers to a listing, as one S3 or another might write them: any keys, any order of fields, any white space.
import fc from 'fast-check';
import { anyText } from '../support/any-text.ts';

/** Bytes of one page, and which call it answers. */
export type Answer = { readonly versions: boolean; readonly xml: string };

const NAMED: Record<string, string> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};
const LEADS = [
  '<?xml version="1.0" encoding="UTF-8"?>\n',
  "<?xml version='1.0' encoding='utf-8'?>",
  '',
];

/** How one server writes. */
const aHand = fc.record({
  space: fc.constantFrom('', '\n', '\r\n  '),
  lead: fc.constantFrom(...LEADS),
  spelling: fc.constantFrom('name', 'decimal', 'hex'),
  empty: fc.constantFrom('<X></X>', '<X/>', '<X />'),
  url: fc.boolean(),
  namespace: fc.constantFrom('', ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'),
});
type Hand = Parameters<Parameters<(typeof aHand)['map']>[0]>[0];

// As XML can hold it. The SDK takes white space for nothing, and where it is no line end, loses the elements next to it.
const aText = anyText({ minLength: 1, maxLength: 30 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the characters that XML has not
  .map((text) => text.replace(/[\u0000-\u001f\ufffe\uffff]|\p{Cs}/gu, 'x'))
  .filter((text) => text.trim() !== '');
const aKey = fc.oneof(
  fc.constantFrom(
    'web/duplicity-full.20261123T031502Z.vol1.difftar.gpg',
    'web/a b+c%41',
    '__proto__',
  ),
  aText,
);
const aTime = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());
const extras = fc.subarray([
  ['StorageClass', 'STANDARD'],
  ['ChecksumAlgorithm', 'CRC32'],
  ['ChecksumAlgorithm', 'SHA256'],
  ['Type', 'Normal'],
  ['SomethingNew', ''],
] as [string, string][]);

const aRow = fc.record({
  key: aKey,
  at: aTime,
  size: fc.maxSafeNat(),
  etag: fc.option(fc.constantFrom('"0123456789abcdef"', '"0123-4"', 'plain')),
  versionId: fc.constantFrom('null', 'Ts30SkQVrzCzgEEk0pC6mM7Yaov2gpJ', 'a.b-c_d'),
  latest: fc.boolean(),
  marker: fc.boolean(),
  owned: fc.boolean(),
  extras,
  order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
});

/** A page that is whole. */
export const anAnswer: fc.Arbitrary<Answer> = fc
  .record({
    versions: fc.boolean(),
    hand: aHand,
    // The SDK tells uploads and markers in two lists, so that of one instant it does not know which came first.
    rows: fc.uniqueArray(aRow, { maxLength: 6, selector: ({ at }) => at }),
    prefixes: fc.array(aKey, { maxLength: 3 }),
    truncated: fc.boolean(),
  })
  .map(({ versions, hand, rows, prefixes, truncated }) => {
    const encode = (text: string) =>
      hand.url ? encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+') : text;
    const leaf = (name: string, text: string) => element(hand, name, spell(hand, text));
    const lines = rows.map((row) => {
      const isMarker = versions && row.marker;
      const fields = [
        leaf('Key', encode(row.key)),
        leaf('LastModified', row.at),
        ...(isMarker ? [] : [leaf('Size', String(row.size))]),
        ...(isMarker || row.etag === null ? [] : [leaf('ETag', row.etag)]),
        ...(versions ? [leaf('VersionId', row.versionId), leaf('IsLatest', `${row.latest}`)] : []),
        ...(row.owned ? [element(hand, 'Owner', leaf('ID', 'me') + leaf('DisplayName', ''))] : []),
        ...row.extras.map(([name, text]) => leaf(name, text)),
      ];
      const shuffled = fields
        .map((field, index) => ({ field, place: row.order[index] ?? 0 }))
        .sort((a, b) => a.place - b.place)
        .map(({ field }) => field);
      const name = isMarker ? 'DeleteMarker' : versions ? 'Version' : 'Contents';
      return element(hand, name, shuffled.join(hand.space));
    });
    const frame = [
      leaf('Name', 'any'),
      leaf('Prefix', ''),
      ...(versions ? [leaf('KeyMarker', '')] : [leaf('KeyCount', String(rows.length))]),
      ...(hand.url ? [leaf('EncodingType', 'url')] : []),
      leaf('IsTruncated', String(truncated)),
      ...lines,
      ...prefixes.map((one) => element(hand, 'CommonPrefixes', leaf('Prefix', encode(one)))),
    ];
    const root = versions ? 'ListVersionsResult' : 'ListBucketResult';
    const inside = frame.map((line) => hand.space + line).join('');
    return {
      versions,
      xml: `${hand.lead}<${root}${hand.namespace}>${inside}${hand.space}</${root}>${hand.space}`,
    };
  });

function element({ empty }: Hand, name: string, inside: string): string {
  return inside === '' ? empty.replaceAll('X', name) : `<${name}>${inside}</${name}>`;
}

function spell({ spelling }: Hand, text: string): string {
  return text.replace(/[&<>"']/g, (char) => {
    const code = char.charCodeAt(0);
    if (spelling === 'decimal') return `&#${code};`;
    return spelling === 'hex' ? `&#x${code.toString(16)};` : `&${NAMED[char]};`;
  });
}
