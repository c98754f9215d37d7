// Makes a stored body of a request's: framing off, checksums checked, what the headers say of it read.
import { readAwsChunked } from '../aws-chunked.ts';
import { AwsError, notImplemented } from '../aws-error.ts';
import { type Checksum, checkDigests } from '../checksum.ts';
import { childOf, readXml, textOf } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { headerOf, type S3Call } from './call.ts';
import type { Version } from './version.ts';

/** The bytes a client sent, and the checksum that came with them. */
export function readUpload(call: S3Call): { payload: Buffer; checksum: Checksum | undefined } {
  const sha = headerOf(call, 'x-amz-content-sha256') ?? '';
  const encoded = (headerOf(call, 'content-encoding') ?? '').includes('aws-chunked');
  if (!encoded && !sha.startsWith('STREAMING-')) {
    return { payload: call.body, checksum: checkDigests(call.body, call.headers) };
  }
  const { payload, trailers } = readAwsChunked(call.body);
  const length = headerOf(call, 'x-amz-decoded-content-length');
  if (length !== undefined && Number(length) !== payload.length) {
    throw new AwsError(
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }
  return { payload, checksum: checkDigests(payload, { ...call.headers, ...trailers }) };
}

const storageClasses = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
]);

const contentHeaders = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
];

/** What a PUT, a copy or a new upload says of the object to be, next to its bytes. */
export function readAttributes(
  call: S3Call,
): Pick<Version, 'storageClass' | 'contentHeaders' | 'metadata'> {
  const storageClass = headerOf(call, 'x-amz-storage-class') ?? 'STANDARD';
  if (!storageClasses.has(storageClass)) {
    throw new AwsError('InvalidStorageClass', 'The storage class you specified is not valid');
  }
  const encryption = headerOf(call, 'x-amz-server-side-encryption') ?? 'AES256';
  if (encryption !== 'AES256') throw notImplemented(`encryption with ${encryption}`);
  if (!/^(private|bucket-owner-full-control)$/.test(headerOf(call, 'x-amz-acl') ?? 'private')) {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  const metadata = Object.entries(call.headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)]] : [],
  );
  const given = contentHeaders.flatMap((name) => {
    const value = headerOf(call, name);
    return value === undefined ? [] : [[name, value]];
  });
  // The framing of the upload is not the object's.
  const encoding = (headerOf(call, 'content-encoding') ?? '').replace(/,?\s*aws-chunked\s*,?/, '');
  return {
    storageClass,
    contentHeaders: {
      'content-type': 'binary/octet-stream',
      ...(encoding === '' ? {} : { 'content-encoding': encoding }),
      ...(Object.fromEntries(given) as Record<string, string>),
    },
    metadata: Object.fromEntries(metadata) as Record<string, string>,
  };
}

/** Refuses a write whose condition does not hold: `If-None-Match: *`, `If-Match: <etag>`. */
export function checkWriteConditions(call: S3Call, current: Version | undefined): void {
  const noneMatch = headerOf(call, 'if-none-match');
  const match = headerOf(call, 'if-match');
  if (noneMatch !== undefined && noneMatch !== '*') {
    throw notImplemented('If-None-Match with an ETag on a write');
  }
  if (noneMatch === '*' && current) throw failed('If-None-Match');
  if (match === undefined) return;
  if (!current) throw new AwsError('NoSuchKey');
  if (match.replaceAll('"', '') !== current.etag) throw failed('If-Match');
}

/** Until when the bucket's default retention locks what is written at this instant. */
export function readDefaultLock(
  bucket: Bucket,
  at: number,
): Pick<Version, 'lockedUntil' | 'lockMode'> {
  const source = bucket.settings.get('object-lock');
  const rule = source === undefined ? undefined : childOf(readXml(source), 'Rule');
  const retention = childOf(rule, 'DefaultRetention');
  if (!retention) return { lockedUntil: undefined, lockMode: undefined };
  const days = Number(textOf(retention, 'Days') ?? 365 * Number(textOf(retention, 'Years')));
  return { lockedUntil: at + days * 86_400_000, lockMode: textOf(retention, 'Mode') };
}

/** The answer's words for a failed condition. */
export function failed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', undefined, { fields: { Condition: condition } });
}
