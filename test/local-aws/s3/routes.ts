// Finds the S3 operation a request means, and refuses what no operation here admits.
import type { IncomingHttpHeaders } from 'node:http';
import { notImplemented } from '../aws-error.ts';
import { type Route, routes } from './route-table.ts';

// Signing, tracing and checksums: on any call, and either read elsewhere or without effect here.
const everywhere =
  /^x-amz-(content-sha256|date|user-agent|security-token|te|trailer|decoded-content-length|expected-bucket-owner|request-payer|sdk-.*|checksum-.*)$/;

// Standard headers that change what a call does: where they are not admitted, ignoring them would be a lie.
const meaningful = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
]);

/** The route of a request, or NotImplemented with the name of what is not known. */
export function findRoute(
  method: string,
  on: Route['on'],
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): Route {
  const parameters = [...new Set(query.keys())].filter(
    (name) => name !== 'x-id' && !/^x-amz-/i.test(name),
  );
  const found = routes
    .filter((one) => one.method === method && one.on === on)
    .filter((one) => one.needs.every((name) => parameters.includes(name)))
    .filter((one) => one.needsHeader === undefined || headers[one.needsHeader] !== undefined)
    .sort((a, b) => weigh(b) - weigh(a))[0];
  const unknown = parameters.find(
    (name) => !found?.needs.includes(name) && !found?.admits.includes(name),
  );
  if (!found || unknown !== undefined) {
    const asked = parameters.length === 0 ? '' : ` with ?${parameters.join('&')}`;
    throw notImplemented(`${method} on a ${on}${asked}`);
  }
  const header = Object.keys(headers).find(
    (name) =>
      (name.startsWith('x-amz-') || meaningful.has(name)) &&
      !everywhere.test(name) &&
      !found.admitsHeaders.some(
        (one) => name === one || (one.endsWith('-') && name.startsWith(one)),
      ),
  );
  if (header !== undefined) throw notImplemented(`the header ${header} on ${found.operation}`);
  return found;
}

function weigh(one: Route): number {
  return one.needs.length + (one.needsHeader === undefined ? 0 : 1);
}
