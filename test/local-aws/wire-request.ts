// Reads an HTTP request as a call to AWS: which service, by whom, on what.
import type { IncomingMessage } from 'node:http';

/** A request, before anybody has decided what it means. */
export type WireRequest = {
  /** From the signature's scope; `s3` for a request without one that is no form. */
  readonly service: string;
  /** The access key id of the signature, or `anonymous`. Signatures are not checked. */
  readonly principal: string;
  /** Of the signature's scope; `undefined` without one. */
  readonly region: string | undefined;
  readonly method: string;
  /** Path-style or virtual-host style, all the same here; both `''` where there is none. */
  readonly bucket: string;
  readonly key: string;
  /** False when the path is no UTF-8 in percent-encoding: S3's InvalidURI. */
  readonly decodable: boolean;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly sourceIp: string;
};

/** Reads the body to its end, then the rest. */
export async function readWireRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const { headers } = incoming;
  const scope = readScope(headers.authorization);
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return {
    service: scope?.service ?? (isForm ? 'unsigned' : 's3'),
    principal: scope?.principal ?? 'anonymous',
    region: scope?.region,
    method: incoming.method ?? 'GET',
    ...readPlace(path, headers.host ?? ''),
    path,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
    body: Buffer.concat(pieces),
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
  };
}

// AWS4-HMAC-SHA256 Credential=<access key id>/<date>/<region>/<service>/aws4_request, ...
function readScope(
  authorization: string | undefined,
): { principal: string; region: string; service: string } | undefined {
  const match = /Credential=([^/\s]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    authorization ?? '',
  );
  if (!match) return undefined;
  return { principal: match[1] ?? '', region: match[2] ?? '', service: match[3] ?? '' };
}

function readPlace(
  path: string,
  host: string,
): { bucket: string; key: string; decodable: boolean } {
  const hosted = /^(.+?)\.(?:s3[.-][^:]*amazonaws\.com|localhost)(?::\d+)?$/.exec(host)?.[1];
  try {
    const place = decodeURIComponent(path.slice(1));
    if (hosted !== undefined) return { bucket: hosted, key: place, decodable: true };
    // A bucket's name holds no slash, so that the first one ends it.
    const slash = `${place}/`.indexOf('/');
    return { bucket: place.slice(0, slash), key: place.slice(slash + 1), decodable: true };
  } catch {
    return { bucket: '', key: '', decodable: false };
  }
}
