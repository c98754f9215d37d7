// What the SDK's client did for us: addresses, encoding, signatures, tries, the clock, and what a refusal is called.
import { createHash, createHmac } from 'node:crypto';
import http, {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Connection, hintFor, nameOf, s3ClientConfig } from '../../shared/aws/client.ts';
import { connectS3, type S3Request } from '../../shared/aws/s3-requests.ts';
import { REGIONS } from '../../shared/config/aws-names.ts';
import { casesOf } from '../support/cases.ts';
import { drawNoBackOff } from '../support/no-back-off.ts';

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'not-a-secret', sessionToken: 'a+/=' };

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Thrown in the place of sending. */
class Stop extends Error {}

/** What Node is given to send. */
async function sentByUs(connection: Connection, request: S3Request): Promise<Sent> {
  let sent: Sent | undefined;
  for (const transport of [http, https]) {
    vi.spyOn(transport, 'request').mockImplementation(((options: http.RequestOptions) => {
      const [path = '', words = ''] = (options.path ?? '').split('?');
      const query = words === '' ? [] : words.split('&').map((word) => word.split('='));
      const headers = options.headers as Record<string, string>;
      const decoded = query.map(([name = '', value = '']) => [name, decodeURIComponent(value)]);
      sent = { method: options.method ?? '', path, query: Object.fromEntries(decoded), headers };
      throw new Stop();
    }) as typeof https.request);
  }
  await connectS3({ ...connection, credentials })(request).catch((error) => {
    if (!(error instanceof Stop)) throw error;
  });
  if (sent === undefined) throw new Error('nothing was sent');
  return sent;
}

/** What the SDK would send for the same. */
async function sentBySdk(connection: Connection, request: S3Request): Promise<Sent> {
  let sent: Sent | undefined;
  const handle = async (one: Sent): Promise<never> => {
    sent = one;
    throw new Stop();
  };
  const config = {
    ...s3ClientConfig(connection),
    credentials,
    requestHandler: { handle } as never,
  };
  const client = new S3Client(config);
  await client.send(commandFor(request) as GetObjectCommand).catch((error) => {
    if (!(error instanceof Stop)) throw error;
  });
  if (sent === undefined) throw new Error('nothing was sent');
  const { 'x-id': _, ...query } = sent.query;
  return { ...sent, query };
}

function commandFor({ method, bucket, key, query = {}, headers = {}, body, span }: S3Request) {
  const object = { Bucket: bucket, Key: key ?? '' };
  if (method === 'DELETE')
    return new DeleteObjectCommand({ ...object, VersionId: query.versionId });
  if (method === 'PUT') {
    return new PutObjectCommand({ ...object, Body: body ?? '', IfMatch: headers['if-match'] });
  }
  if (key === undefined) {
    return new ListObjectsV2Command({
      ...{ Bucket: bucket, Prefix: query.prefix, ContinuationToken: query['continuation-token'] },
    });
  }
  const Range = span && `bytes=${span.from}-${span.from + span.bytes - 1}`;
  return new GetObjectCommand({ ...object, Range });
}

const SIGNED_ALIKE = ['host', 'range', 'if-match', 'x-amz-content-sha256', 'x-amz-security-token'];

async function expectAsSdk(connection: Connection, request: S3Request): Promise<Sent> {
  const ours = await sentByUs(connection, request);
  const { method, path, query, headers } = await sentBySdk(connection, request);
  expect({ ...ours, headers: pick(ours.headers) }).toEqual({
    ...{ method, path, query, headers: pick(headers) },
  });
  return ours;
}

const pick = (headers: Readonly<Record<string, string>>) =>
  SIGNED_ALIKE.map((name) => [name, headers[name]]);

/** The signature as S3 makes it of what it was sent. Source: "Signature Calculations for the Authorization Header". */
function signatureOf({ method, path, query, headers }: Sent): string {
  const { authorization = '' } = headers;
  const [, scope = '', names = ''] =
    /Credential=AKIA\/([^,]+), SignedHeaders=([^,]+),/.exec(authorization) ?? [];
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const canonical = [
    ...[method, path],
    Object.entries(query)
      .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${headers[name]?.trim()}`),
    ...['', names, headers['x-amz-content-sha256']],
  ].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const hmac = (key: string | Buffer, text: string) =>
    createHmac('sha256', key).update(text).digest();
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash].join('\n');
  return hmac(key, text).toString('hex');
}

const AMAZON: Connection = { region: 'eu-west-1', endpoint: undefined };
const PLACES: readonly Connection[] = [
  ...Object.values(REGIONS)
    .flat()
    .map((region) => ({ region, endpoint: undefined })),
  { ...AMAZON, isVirtual: false },
  ...[
    'https://s.example',
    'http://127.0.0.1:9000',
    'http://[::1]:9000',
    'https://s.example/base',
  ].flatMap((endpoint) =>
    [false, true].map((isVirtual) => ({ region: 'fsn1', endpoint, isVirtual })),
  ),
];

const aKey = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', '..', '/', '//', ' ', '+', '%', '%2F', '?', '#', '&', '=', '\\', '\n'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => `k${parts.join('')}`);

const aRequest: fc.Arbitrary<S3Request> = aKey.chain((key) =>
  fc.constantFrom<S3Request>(
    { bucket: 'backups', key },
    { bucket: 'backups', key, span: { from: 7, bytes: 9 } },
    { bucket: 'backups', query: { 'list-type': '2', prefix: key, 'continuation-token': key } },
    { bucket: 'backups', query: { 'list-type': '2', prefix: '', 'continuation-token': undefined } },
    { bucket: 'backups', method: 'DELETE', key, query: { versionId: key } },
    { bucket: 'backups', method: 'PUT', key, body: key, headers: { 'if-match': '"tag"' } },
  ),
);

describe('a request', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each(PLACES)('goes where the SDK would send it: %o', async (place) => {
    for (const bucket of ['backups', 'b.with.dots', 'Under_score', 'ab']) {
      await expectAsSdk(place, { bucket, key: 'a/b c' });
    }
  });

  it('is encoded as by the SDK, whatever the key, and signed as it is sent', () =>
    fc.assert(
      fc.asyncProperty(aRequest, fc.constantFrom(...PLACES), async (request, place) => {
        const sent = await expectAsSdk(place, request);
        expect(sent.headers.authorization).toContain(`Signature=${signatureOf(sent)}`);
      }),
      { numRuns: casesOf(200) },
    ));

  it('has the digest of its body', async () => {
    const { headers } = await sentByUs(AMAZON, { bucket: 'b', key: 'k', method: 'PUT', body: 'é' });
    expect(headers['content-md5']).toBe(createHash('md5').update('é').digest('base64'));
    expect(headers['x-amz-content-sha256']).toBe(createHash('sha256').update('é').digest('hex'));
  });
});

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
let replies: Reply[] = [];
let asked: IncomingMessage[] = [];
let connection: Connection;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    request.resume().once('end', () => reply?.(response, request));
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  connection = { region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}`, credentials };
});
beforeEach(() => {
  drawNoBackOff();
  asked = [];
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const says =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end(body);
const refuses = (status: number, code: string, more = '') =>
  says(status, `<?xml version="1.0"?>\n<Error><Code>${code}</Code>${more}</Error>`);
const well = says(200, 'well');
const object = { bucket: 'b', key: 'k' };

describe('a request that fails', () => {
  it.each<[string, Reply]>([
    ...[500, 502, 503, 504].map((status): [string, Reply] => [`by ${status}`, says(status, '')]),
    ['by 429', says(429, '')],
    ['by SlowDown', refuses(503, 'SlowDown')],
    ['by RequestTimeout', refuses(400, 'RequestTimeout')],
    ['by no answer', (response) => response.destroy()],
    [
      'in the middle of its answer',
      (response) => {
        response.writeHead(200, { 'content-length': 9 }).write('we');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['by saying nothing', () => undefined],
    [
      'by saying a part, and no more',
      (response) => {
        response.writeHead(200, { 'content-length': 9 }).write('we');
      },
    ],
  ])('%s is tried again', async (how, reply) => {
    replies = [reply, reply, well];
    // A busy machine may take long for an answer that comes.
    const requestTimeout = how.startsWith('by saying') ? 500 : 20_000;
    const patience = {
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5000, requestTimeout },
    };
    const { body } = await connectS3(connection, patience)(object);
    expect(body.toString()).toBe('well');
    expect(asked).toHaveLength(3);
  });

  it('is tried five times, and then named', async () => {
    replies = [refuses(503, 'SlowDown')];
    const error = await connectS3(connection)(object).catch((error: unknown) => error);
    expect(nameOf(error)).toBe('SlowDown (503)');
    expect(asked).toHaveLength(5);
  });

  it('by an error that follows a status of 200 is tried again, where it is no object', async () => {
    replies = [refuses(200, 'InternalError'), well];
    expect((await connectS3(connection)({ bucket: 'b' })).body.toString()).toBe('well');
    replies = [refuses(200, 'InternalError')];
    expect((await connectS3(connection)(object)).body.toString()).toContain('InternalError');
  });

  it.each([
    ['AccessDenied (403)', {}, refuses(403, 'AccessDenied')],
    ['NoSuchKey (404)', {}, refuses(404, 'NoSuchKey')],
    ['PreconditionFailed (412)', {}, refuses(412, 'PreconditionFailed')],
    ['NotFound (404)', { method: 'HEAD' }, says(404, '')],
    ['Forbidden (403)', { method: 'HEAD' }, says(403, '')],
    ['MethodNotAllowed (405)', {}, says(405, '<html><body>no</body></html>')],
    ['UnknownError (418)', {}, says(418, '<Error><Code></Code></Error>')],
    ['PermanentRedirect (301)', {}, says(301, '', { location: '/elsewhere' })],
  ] as const)('by %s is not tried again', async (name, more, reply) => {
    replies = [reply];
    const error = await connectS3(connection)({ ...object, ...more }).catch((error) => error);
    expect(nameOf(error)).toBe(name);
    expect(asked).toHaveLength(1);
  });

  it('in another region says in which, and is sent nowhere else', async () => {
    for (const reply of [
      says(301, '', { 'x-amz-bucket-region': 'eu-central-1' }),
      refuses(400, 'AuthorizationHeaderMalformed', '<Region>eu-central-1</Region>'),
    ]) {
      replies = [reply];
      const error = await connectS3(connection)(object).catch((error: unknown) => error);
      expect(hintFor(error, 'b')).toContain('region: eu-central-1');
    }
    expect(asked).toHaveLength(2);
  });

  it('has the id by which Amazon finds it', async () => {
    replies = [says(403, '', { 'x-amz-request-id': 'ABC123' })];
    await expect(connectS3(connection)(object)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403, requestId: 'ABC123' },
    });
  });

  it('is not sent without credentials, and named so that the hint is known', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '');
    const { region, endpoint } = connection;
    const error = await connectS3({ region, endpoint })(object).catch((error: unknown) => error);
    expect(hintFor(error, 'b')).toContain('no AWS credentials found');
    expect(asked).toHaveLength(0);
    vi.unstubAllEnvs();
  });
});

describe('a clock that is wrong', () => {
  const judge: Reply = (response, { headers }) => {
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
    const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    const isSkewed = Math.abs(at - real()) > 15 * 60_000;
    response.setHeader('date', new Date(real()).toUTCString());
    (isSkewed ? refuses(403, 'RequestTimeTooSkewed') : well)(response, {} as IncomingMessage);
  };
  const real = () => performance.timeOrigin + performance.now();

  it.each([-1, 1])('is set right by the first answer, %i hours off', async (hours) => {
    vi.spyOn(Date, 'now').mockImplementation(() => real() + hours * 3_600_000);
    replies = [judge];
    const ask = connectS3(connection);
    const at = () => ask(object).then(({ body }) => body.toString());
    expect(await Promise.all([at(), at(), at(), at()])).toEqual(Array(4).fill('well'));
    const before = asked.length;
    expect(await at()).toBe('well');
    expect(asked).toHaveLength(before + 1);
  });
});

describe('an answer', () => {
  it('is read no further than is asked', async () => {
    replies = [says(200, 'x'.repeat(1_000_000))];
    expect((await connectS3(connection)({ ...object, most: 1000 })).body).toHaveLength(1000);
  });

  it('comes over a connection that stays open', async () => {
    replies = [well];
    const ask = connectS3(connection);
    for (let count = 0; count < 3; count += 1) await ask(object);
    expect(new Set(asked.map(({ socket }) => socket)).size).toBe(1);
  });
});
