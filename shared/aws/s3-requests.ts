// S3 as it is asked for objects: each request signed, sent over connections that stay open, and tried again where that
// may help.
import { createHash } from 'node:crypto';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { escapeUri, escapeUriPath } from '@smithy/core/protocols';
import {
  isClockSkewError,
  isServerError,
  isThrottlingError,
  isTransientError,
  StandardRetryStrategy,
} from '@smithy/core/retry';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Connection, readEnvironment, requestSettings } from './client.ts';
import { parseXml, type XmlElement } from './read-xml.ts';

export type S3Request = {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly bucket: string;
  /** Without one it is the bucket that is asked. */
  readonly key?: string;
  /** What is `undefined` is not asked. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of an object these bytes alone, also from a store that sends all of it. */
  readonly span?: { readonly from: number; readonly bytes: number };
  /** No more is read than so many bytes. */
  readonly most?: number;
};

export type S3Answer = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** Throws `S3Error` for a refusal, and Node's error where there was no answer. */
export type AskS3 = (request: S3Request) => Promise<S3Answer>;

const MOST_SOCKETS = 50;

type Patience = {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
};

/** One way to ask, for all buckets of a place: its requests share connections, tries, and what is known of the clock. */
export function connectS3(connection: Connection, patience: Patience = requestSettings): AskS3 {
  const { region, credentials = readEnvironment } = connection;
  const { Agent, request: open } = transportOf(connection);
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const signer = new SignatureV4({
    ...{ service: 's3', region, credentials, uriEscapePath: false },
    sha256: Hash.bind(null, 'sha256'),
  });
  const tries = new StandardRetryStrategy(patience.maxAttempts);
  let clockOffset = 0;

  const askOnce = async (asked: S3Request): Promise<S3Answer> => {
    const { method = 'GET', body = '' } = asked;
    const { protocol, host, hostname, port, path, query, target } = addressOf(connection, asked);
    const plain = { host, 'user-agent': 'rollcall', ...asked.headers, ...extrasOf(asked) };
    const offset = clockOffset;
    const { headers } = await signer.sign(
      { method, protocol, hostname, path, query, headers: plain, body },
      { signingDate: new Date(Date.now() + offset) },
    );
    const answer = await send(
      open({ agent, method, hostname, port, path: target, headers }),
      body,
      patience,
    );
    const read = await readBody(answer, asked);
    const isLate = answer.statusCode === 200 && asked.key === undefined && isRefusal(read);
    const status = isLate ? LATE_REFUSAL : (answer.statusCode ?? 0);
    if (status < 300) return { headers: answer.headers, body: read };
    const refusal = refusalOf(answer.headers, read, status);
    // A refusal of HEAD has no code.
    if (isClockSkewError(refusal) || refusal.name === 'Forbidden') {
      const ahead = Date.parse(answer.headers.date ?? '') - Date.now();
      if (Math.abs(ahead - clockOffset) > SKEW_MS) clockOffset = ahead;
      if (clockOffset !== offset) refusal.$metadata.clockSkewCorrected = true;
    }
    throw refusal;
  };

  return async (asked) => {
    let token = await tries.acquireInitialRetryToken('s3');
    for (;;) {
      try {
        const answer = await askOnce(asked);
        tries.recordSuccess(token);
        return answer;
      } catch (error) {
        const errorType = kindOf(error as Error & { cause?: Error });
        token = await tries.refreshRetryTokenForRetry(token, { errorType }).catch(() => {
          throw error;
        });
      }
    }
  };
}

// As in the SDK; S3 itself refuses from 15 minutes on.
const SKEW_MS = 4 * 60_000;

function kindOf(error: Parameters<typeof isTransientError>[0]) {
  if (isThrottlingError(error)) return 'THROTTLING';
  if (isTransientError(error)) return 'TRANSIENT';
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}

/** To import node:http makes Node load its fetch, too: 20 ms of each start. Only an endpoint of one's own needs it. */
function transportOf({ endpoint }: Connection): Pick<typeof https, 'Agent' | 'request'> {
  if (endpoint?.startsWith('http:') !== true) return https;
  return process.getBuiltinModule('node:http') as unknown as typeof https;
}

/** Headers that follow from the rest of a request. Some of S3's calls take no body without its digest. */
function extrasOf({ body, span }: S3Request): Record<string, string> {
  return {
    ...(body === undefined
      ? {}
      : { 'content-md5': createHash('md5').update(body).digest('base64') }),
    ...(span === undefined ? {} : { range: `bytes=${span.from}-${span.from + span.bytes - 1}` }),
  };
}

/** Answers with the beginning of what comes. */
function send(
  request: ClientRequest,
  body: string,
  { requestHandler }: Patience,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const giveUp = () => request.destroy(timeOut());
    request.once('socket', (socket) => {
      const answering = setTimeout(giveUp, requestHandler.requestTimeout);
      request.once('response', (answer) => {
        clearTimeout(answering);
        // While it is read, for as long as nothing comes.
        answer.setTimeout(requestHandler.requestTimeout, giveUp);
      });
      request.once('close', () => clearTimeout(answering));
      if (!socket.connecting) return;
      const connecting = setTimeout(giveUp, requestHandler.connectionTimeout);
      for (const end of ['connect', 'close']) socket.once(end, () => clearTimeout(connecting));
    });
    request.once('response', resolve);
    // Stays for what happens while the answer is read, which the answer tells itself.
    request.on('error', reject);
    request.end(body);
  });
}

const timeOut = () =>
  Object.assign(new Error('no answer in time'), { name: 'TimeoutError', code: 'ETIMEDOUT' });

/** All of a body, or what was asked of it: a store that ignores a range answers with 200, and from the beginning. */
function readBody(answer: IncomingMessage, { span, most }: S3Request): Promise<Buffer> {
  const isAll = answer.statusCode === 200;
  const from = isAll ? (span?.from ?? 0) : 0;
  const end = isAll ? (most ?? (span === undefined ? undefined : from + span.bytes)) : undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let at = 0;
    answer.on('data', (chunk: Buffer) => {
      chunks.push(
        chunk.subarray(Math.max(0, from - at), end === undefined ? end : Math.max(0, end - at)),
      );
      at += chunk.length;
      if (end === undefined || at < end) return;
      resolve(Buffer.concat(chunks));
      answer.destroy();
    });
    answer.on('end', () => resolve(Buffer.concat(chunks)));
    answer.on('error', reject);
  });
}

// S3 may have said 200 before it fails. That is trouble of its own, and another try may help.
const LATE_REFUSAL = 503;

const isRefusal = (body: Buffer) =>
  /^\s*(?:<\?[^>]*>\s*)?<Error[\s>]/.test(body.toString('latin1', 0, 200));

/** Amazon's domains, by what their regions begin with. */
const DOMAINS = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['', 'amazonaws.com'],
] as const;

/** Where S3 answers: at the endpoint, or else where Amazon's region does. */
export function serverOf({ endpoint, region }: Pick<Connection, 'endpoint' | 'region'>): string {
  const domain = DOMAINS.find(([begin]) => region.startsWith(begin))?.[1];
  return endpoint ?? `https://s3.${region}.${domain}`;
}

/** Where to ask, the path encoded; a bucket with dots in its name is in no certificate, and so always in the path. */
function addressOf(connection: Connection, { bucket, key = '', query: asked = {} }: S3Request) {
  const { endpoint, isVirtual } = connection;
  const url = new URL(serverOf(connection));
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname);
  const canBeHost = /^[a-z\d][a-z\d-]{1,61}[a-z\d]$/.test(bucket) && !isAddress;
  const isHost = (endpoint === undefined || isVirtual === true) && canBeHost;
  const base = url.pathname.replace(/\/$/, '');
  const path = `${base}${isHost ? '' : `/${bucket}`}/${escapeUriPath(key)}`;
  const query = Object.fromEntries(
    Object.entries(asked).filter((one): one is [string, string] => one[1] !== undefined),
  );
  const words = Object.entries(query).map(([name, value]) => `${name}=${escapeUri(value)}`);
  return {
    ...{ protocol: url.protocol, port: url.port },
    host: isHost ? `${bucket}.${url.host}` : url.host,
    // Node connects to a numeric address without its brackets.
    hostname: (isHost ? `${bucket}.${url.hostname}` : url.hostname).replace(/^\[|\]$/g, ''),
    ...{ path, query, target: words.length === 0 ? path : `${path}?${words.join('&')}` },
  };
}

/** A refusal, with the fields of the SDK's errors. Its name is S3's code, or what the status means where there is none. */
class S3Error extends Error {
  declare readonly cause?: never;
  readonly $metadata: {
    readonly httpStatusCode: number;
    readonly requestId: string;
    /** It was signed by a clock that has been set right since. */
    clockSkewCorrected?: true;
  };
  readonly Region: string | undefined;

  constructor(name: string, $metadata: S3Error['$metadata'], region: string | undefined) {
    super(`${name} (${$metadata.httpStatusCode})`);
    this.name = name;
    this.$metadata = $metadata;
    this.Region = region;
  }
}

/** For an answer without a body, as to HEAD, or with one that is not S3's. */
const NAMES: { readonly [status: number]: string } = {
  301: 'PermanentRedirect',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

function refusalOf(headers: IncomingHttpHeaders, body: Buffer, httpStatusCode: number): S3Error {
  let error: XmlElement | undefined;
  try {
    error = parseXml(body);
  } catch {
    // A page for people, or nothing.
  }
  const textOf = (name: string) => error?.children.find((one) => one.name === name)?.text;
  return new S3Error(
    textOf('Code') || NAMES[httpStatusCode] || 'UnknownError',
    { httpStatusCode, requestId: `${headers['x-amz-request-id'] ?? ''}` },
    textOf('Region') || headers['x-amz-bucket-region']?.toString(),
  );
}
