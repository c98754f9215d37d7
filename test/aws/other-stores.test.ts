// Answers that are legal and not Amazon's: the verdict is what it is on Amazon's S3. What would hide something is
// unreadable.
import dns from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectBucketReader } from '../../shared/aws/bucket-reader.ts';
import { type Connection, s3ClientConfig } from '../../shared/aws/client.ts';
import { connectUndelete } from '../../shared/aws/remove-markers.ts';
import { connectBuckets } from '../../shared/aws/s3-objects.ts';
import { connectJanitor } from '../../shared/aws/tag-objects.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import { aFull, aHost, at } from '../support/builders.ts';
import { drawNoBackOff } from '../support/no-back-off.ts';

const now = at('2026-11-23T12:00:00Z');
const files = ['2026-11-21', '2026-11-22', '2026-11-23'].flatMap((day) =>
  aFull({ begun: `${day}T03:15:00Z` }),
);
const host = aHost({ name: 'web', target: { bucket: 'b', prefix: 'web/' } });
const later = aHost({ ...host, filePrefix: host.filePrefix });

type Object = { readonly key: string; readonly bytes: number; readonly at: number };
type Asked = { readonly query: URLSearchParams; readonly path: string };
/** What a store does otherwise: it changes the page, or answers by itself. */
type Odd = {
  readonly pageSize?: number;
  readonly page?: (xml: string, asked: Asked) => string;
  readonly answer?: undefined | ((asked: Asked, response: ServerResponse) => boolean);
  readonly objects?: (all: readonly Object[]) => readonly Object[];
};

let odd: Odd = {};
let server: Server;
let endpoint: string;
const asked: Asked[] = [];

const all: readonly Object[] = files.map(({ name, bytes, modifiedAt }) => ({
  ...{ key: `web/${name}`, bytes, at: modifiedAt },
}));
const inUrl = (text: string) => encodeURIComponent(text).replaceAll('%2F', '/');

/** Amazon's answer to version 2 of the call. */
function listing(query: URLSearchParams, objects: readonly Object[], pageSize: number): string {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const after =
    query.get('continuation-token')?.replace(/^token: ?/, '') ??
    query.get('start-after') ??
    query.get('marker') ??
    '';
  const rows = new Map<string, string>();
  for (const { key, bytes, at: time } of objects.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (name <= after || rows.has(name)) continue;
    const date = new Date(time).toISOString();
    rows.set(
      name,
      cut < 0
        ? `<Contents><Key>${inUrl(key)}</Key><LastModified>${date}</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>${bytes}</Size><Owner><ID>1</ID><DisplayName>me</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>`
        : `<CommonPrefixes><Prefix>${inUrl(name)}</Prefix></CommonPrefixes>`,
    );
  }
  const shown = [...rows].slice(0, pageSize);
  const isCut = rows.size > pageSize;
  const token = isCut
    ? `<NextContinuationToken>token:${shown.at(-1)?.[0]}</NextContinuationToken>`
    : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>${inUrl(prefix)}</Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><KeyCount>${shown.length}</KeyCount><IsTruncated>${isCut}</IsTruncated>${token}${shown.map(([, row]) => row).join('')}</ListBucketResult>`;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { searchParams: query, pathname: path } = new URL(request.url ?? '', 'http://store');
  asked.push({ query, path });
  if (odd.answer?.({ query, path }, response)) return;
  const refuse = (status: number, code: string) => {
    response.statusCode = status;
    response.end(`<Error><Code>${code}</Code></Error>`);
  };
  if (query.has('lifecycle')) {
    refuse(404, 'NoSuchLifecycleConfiguration');
    return;
  }
  if (query.has('versions')) {
    refuse(501, 'NotImplemented');
    return;
  }
  const xml = listing(query, odd.objects?.(all) ?? all, odd.pageSize ?? 1000);
  response.setHeader('content-type', 'application/xml');
  response.end(odd.page?.(xml, { query, path }) ?? xml);
}

beforeAll(async () => {
  drawNoBackOff();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  odd = {};
  asked.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function judge(change: Odd, onFlat?: (bucket: string) => void) {
  odd = change;
  const store = connectBuckets({ region: 'fsn1', endpoint }, onFlat);
  const [judgement] = await checkHosts(store, [host], { now, depth: 'recent' });
  if (judgement === undefined) throw new Error('nothing was judged');
  return judgement;
}
const verdictOf = async (change: Odd, onFlat?: (bucket: string) => void) => {
  const judgement = await judge(change, onFlat);
  return judgement.verdict === 'unreadable'
    ? `unreadable: ${JSON.stringify(judgement.findings)}`
    : judgement.verdict;
};

const page = (from: string | RegExp, to: string): Odd => ({
  page: (xml) => {
    const changed = xml.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'g'), to);
    return changed;
  },
});
const refuse =
  (when: (asked: Asked) => boolean, status: number, code: string): Odd['answer'] =>
  (one, response) => {
    if (!when(one)) return false;
    response.statusCode = status;
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
    return true;
  };
const ofDelimiter = ({ query }: Asked) => query.has('delimiter');
const raw = (xml: string) => xml.replaceAll('<EncodingType>url</EncodingType>', '');

const SMALL = 4;
const LEGAL: readonly [string, Odd][] = [
  ['as Amazon writes it', {}],
  ['in small pages', { pageSize: SMALL }],
  ['with keys as they are, and no EncodingType', { page: raw }],
  [
    'with encoded keys, and no EncodingType',
    { page: (xml) => raw(xml).replaceAll('web/', 'web%2F') },
  ],
  ['with keys as they are, and an EncodingType', page('web/', 'web/')],
  ['without KeyCount', page(/<KeyCount>\d+<\/KeyCount>/, '')],
  ['without MaxKeys, Name and Prefix', page(/<(MaxKeys|Name|Prefix)>[^<]*<\/\1>(?!<\/Common)/, '')],
  ['with ETags without quotes', page('&quot;', '')],
  ['with ETags in other quotes', page('&quot;', '&#34;')],
  ['without ETags', page(/<ETag>.*?<\/ETag>/, '')],
  ['with empty ETags', page(/<ETag>.*?<\/ETag>/, '<ETag/>')],
  ['without StorageClass', page(/<StorageClass>.*?<\/StorageClass>/, '')],
  ['with an empty StorageClass', page('<StorageClass>STANDARD</StorageClass>', '<StorageClass/>')],
  ['without Owner', page(/<Owner>.*?<\/Owner>/, '')],
  ['with an empty Owner', page(/<Owner>.*?<\/Owner>/, '<Owner/>')],
  ['with a typed Owner', page('<Owner>', '<Owner xsi:type="CanonicalUser">')],
  ['with times without milliseconds', page(/\.000Z/, 'Z')],
  ['with times to the microsecond', page(/\.000Z/, '.000000Z')],
  ['with times to the nanosecond', page(/\.000Z/, '.000000000Z')],
  ['with times of a zone', page(/\.000Z/, '+00:00')],
  ['without a namespace', page(/ xmlns="[^"]*"/, '')],
  ['with an older namespace', page('s3.amazonaws.com/doc/2006', 'doc.s3.amazonaws.com/2006')],
  [
    'with a prefix for its namespace',
    { page: (xml) => xml.replace('xmlns=', 'xmlns:s3=').replace(/<(\/?)(?=[A-Z])/g, '<$1s3:') },
  ],
  ['without a declaration', page(/<\?xml.*?\?>\n/, '')],
  [
    'with a declaration in small letters',
    page('encoding="UTF-8"', "encoding='utf-8' standalone='yes'"),
  ],
  ['with a mark of byte order', { page: (xml) => `\ufeff${xml}` }],
  ['with comments', page('<Contents>', '<!-- an <object> --><Contents>')],
  ['with keys in CDATA', page(/<Key>(.*?)<\/Key>/, '<Key><![CDATA[$1]]></Key>')],
  [
    'with an instruction',
    page('<ListBucketResult', '<?xml-stylesheet href="x"?><ListBucketResult'),
  ],
  ['in lines that are indented', page(/></, '>\r\n  <')],
  ['with blanks around numbers', page(/<Size>(\d+)</, '<Size> $1\n<')],
  [
    'with elements that S3 has not',
    page('<Contents>', '<Contents><Meta><A>1</A><A>2</A></Meta><Meta/>'),
  ],
  [
    'with a checksum for each object',
    page(
      '<Size>',
      '<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>',
    ),
  ],
  [
    'with an empty CommonPrefixes',
    page('</ListBucketResult>', '<CommonPrefixes/></ListBucketResult>'),
  ],
  [
    'with a CommonPrefixes of white space',
    page('</ListBucketResult>', '<CommonPrefixes>\n</CommonPrefixes></ListBucketResult>'),
  ],
  ['with all prefixes in one element', page('</CommonPrefixes><CommonPrefixes>', '')],
  [
    'with prefixes before objects',
    { page: (xml) => xml.replace(/(<Contents>.*)(<CommonPrefixes>.*<\/CommonPrefixes>)/, '$2$1') },
  ],
  ['with False in capitals', page('<IsTruncated>false', '<IsTruncated>False')],
  [
    'with 0 and 1',
    { pageSize: SMALL, page: (xml) => xml.replace('>false<', '>0<').replace('>true<', '>1<') },
  ],
  [
    'with odd characters in tokens',
    { pageSize: SMALL, ...page('<NextContinuationToken>token:', '<NextContinuationToken>token: ') },
  ],
  [
    'with an empty token at its end',
    page('<IsTruncated>', '<NextContinuationToken/><IsTruncated>'),
  ],
  [
    'of version 1, with NextMarker',
    {
      pageSize: SMALL,
      ...page(
        /<NextContinuationToken>token:(.*?)<\/NextContinuationToken>/,
        '<NextMarker>$1</NextMarker>',
      ),
    },
  ],
  [
    'of version 1, without NextMarker',
    { pageSize: SMALL, ...page(/<NextContinuationToken>.*?<\/NextContinuationToken>/, '') },
  ],
  ['in no order', { objects: (objects) => objects.toReversed() }],
];

describe("a store that is not Amazon's, whose listing comes", () => {
  it.each(LEGAL)("%s, has the verdict that it has on Amazon's", async (_, change) => {
    expect(await verdictOf(change)).toBe('ok');
  });

  it.each(LEGAL)('%s, still lacks what is not there', async (_, change) => {
    const last = all.findLast(({ key }) => key.includes('.manifest'))?.key;
    const objects = (some: readonly Object[]) =>
      (change.objects?.(some) ?? some).filter(({ key }) => key !== last);
    expect(await verdictOf({ ...change, objects })).toBe('incomplete');
  });
});

const DELIMITERS: readonly [string, Odd][] = [
  ['refuses it by InvalidArgument', { answer: refuse(ofDelimiter, 400, 'InvalidArgument') }],
  ['refuses it by InvalidRequest', { answer: refuse(ofDelimiter, 400, 'InvalidRequest') }],
  ['does not implement it', { answer: refuse(ofDelimiter, 501, 'NotImplemented') }],
  [
    'does not implement it, and has a word of its own',
    { answer: refuse(ofDelimiter, 501, 'XNope') },
  ],
  ['ignores it', ignoring(() => '')],
  ['takes "/" in its place', ignoring(() => '/')],
  ['takes its first character', ignoring((delimiter) => delimiter.slice(0, 1))],
  ['cuts before it', page('.vol</Prefix>', '</Prefix>')],
  ['drops what it should cut', page(/<CommonPrefixes>.*?<\/CommonPrefixes>/, '')],
  [
    'answers prefixes without a name',
    page(/<CommonPrefixes><Prefix>.*?</, '<CommonPrefixes><Prefix><'),
  ],
];

/** Cuts at something else than was asked. */
function ignoring(change: (delimiter: string) => string): Odd {
  return {
    answer: ({ query, path }, response) => {
      const delimiter = query.get('delimiter');
      if (delimiter === null || !path.startsWith('/b')) return false;
      query.set('delimiter', change(delimiter));
      response.end(listing(query, odd.objects?.(all) ?? all, 1000));
      return true;
    },
  };
}

describe('a store that, asked for the delimiter ".vol",', () => {
  it.each(DELIMITERS)('%s, is listed whole, which is said once', async (_, change) => {
    const said: string[] = [];
    expect(await verdictOf(change, (bucket) => said.push(bucket))).toBe('ok');
    expect(said).toEqual(['b']);
  });

  it.each(DELIMITERS)('%s, still lacks the volume that is not there', async (_, change) => {
    const volume = all.findLast(({ key }) => key.includes('.vol2.'))?.key;
    const objects = (some: readonly Object[]) => some.filter(({ key }) => key !== volume);
    expect(await verdictOf({ ...change, objects })).toBe('incomplete');
  });

  it('is not asked for it again', async () => {
    odd = { answer: refuse(ofDelimiter, 400, 'InvalidArgument') };
    const store = connectBuckets({ region: 'fsn1', endpoint });
    await checkHosts(store, [host, later, later], { now, depth: 'recent' });
    const cut = asked.filter(ofDelimiter).length;
    await checkHosts(store, [host, later, later], { now, depth: 'recent' });
    expect(asked.filter(ofDelimiter).length).toBe(cut);
  });

  it('cuts it right, is never listed whole', async () => {
    const said: string[] = [];
    await verdictOf({}, (bucket) => said.push(bucket));
    expect(said).toEqual([]);
    expect(asked.filter(ofDelimiter)).toHaveLength(1);
  });
});

describe('an answer that would hide something', () => {
  it.each<[string, Odd, string]>([
    [
      'says nothing of whether it is cut',
      page(/<IsTruncated>.*?<\/IsTruncated>/, ''),
      'IsTruncated',
    ],
    ['has another word for cut', page('<IsTruncated>false', '<IsTruncated>no'), 'IsTruncated'],
    [
      'is cut, and has the same token again',
      {
        answer: ({ query }, response) => {
          if (query.has('versions') || query.has('lifecycle')) return false;
          query.delete('continuation-token');
          response.end(listing(query, all, SMALL));
          return true;
        },
      },
      'the same continuation token twice',
    ],
    [
      'is cut, and holds nothing to go on from',
      page('<IsTruncated>false</IsTruncated>', '<IsTruncated>true</IsTruncated>'),
      'a cut page without a continuation token',
    ],
    ['has keys of another prefix', page('web/', 'elsewhere/'), 'keys that were not asked for'],
    ['has keys without the prefix', page('<Key>web/', '<Key>'), 'keys that were not asked for'],
    ['has objects without a size', page(/<Size>.*?<\/Size>/, ''), 'Size'],
    ['has objects without a time', page(/<LastModified>.*?<\/LastModified>/, ''), 'LastModified'],
    [
      'has times in words',
      page(/<LastModified>.*?</, '<LastModified>Mon, 23 Nov 2026<'),
      'LastModified',
    ],
    ['has times without a zone', page(/\.000Z/, ''), 'LastModified'],
    ['ends early', { page: (xml) => xml.slice(0, -20) }, 'ends early'],
    ['is a page for people', { page: () => '<html><body>Welcome</body></html>' }, 'no listing'],
    ['is empty', { page: () => '' }, 'no listing'],
  ])('is unreadable where it %s', async (_, change, words) => {
    const verdict = await verdictOf(change);
    expect(verdict).toMatch(/^unreadable/);
    expect(verdict).toContain(words);
  });
});

describe('a part of an object, from a store that ignores the range,', () => {
  it.each([
    [{ from: 0, bytes: 4 }, '0123'],
    [{ from: 3, bytes: 4 }, '3456'],
    [{ from: 8, bytes: 4 }, '89'],
    [{ from: 20, bytes: 4 }, ''],
  ])('is that part: %o', async (span, words) => {
    odd = {
      answer: (_, response) => {
        response.end('0123456789');
        return true;
      },
    };
    const store = connectBuckets({ region: 'fsn1', endpoint });
    const part = await store.readPart('b', 'web/x', span);
    expect(new TextDecoder().decode(part)).toBe(words);
  });
});

describe('the address of a bucket', () => {
  it.each([
    [{ region: 'fsn1', endpoint: 'https://s.example' }, true],
    [{ region: 'fsn1', endpoint: 'https://s.example', isVirtual: true }, false],
    [{ region: 'eu-west-1', endpoint: undefined }, undefined],
  ])('of %o has the bucket in its path: %s', (connection, isInPath) => {
    expect(s3ClientConfig(connection).forcePathStyle).toBe(isInPath);
  });

  it.each<[string, (connection: Connection) => Promise<unknown>]>([
    ['reads its settings', (to) => connectBucketReader(to, 'backups').versioning()],
    ['removes a marker', (to) => connectUndelete(to).removeMarker('backups', 'web/x', 'v1')],
    ['tags an object', (to) => connectJanitor(to).tag('backups', 'web/x')],
  ])('is the one that hosts.yml asks for, also where Rollcall %s', async (_, ask) => {
    const lookup = vi
      .spyOn(dns, 'lookup')
      .mockImplementation(((
        _name: string,
        _options: object,
        done: (error: null, addresses: object[]) => void,
      ) => done(null, [{ address: '127.0.0.1', family: 4 }])) as never);
    const paths = async (isVirtual: boolean) => {
      asked.length = 0;
      odd = {
        answer: (_, response) => {
          response.end('<VersioningConfiguration/>');
          return true;
        },
      };
      const named = endpoint.replace('127.0.0.1', 'store.example');
      await ask({ region: 'fsn1', endpoint: named, isVirtual });
      return asked.map(({ path }) => path.startsWith('/backups'));
    };
    expect([await paths(false), await paths(true)]).toEqual([[true], [false]]);
    lookup.mockRestore();
  });
});
