// Checks the checksums a client sends with a body, and makes the ones S3 answers with.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError, notImplemented } from './aws-error.ts';

/** A checksum as S3 keeps it: `value` is base64, with `-N` behind it for an object of N parts. */
export type Checksum = { readonly algorithm: ChecksumAlgorithm; readonly value: string };

/** The algorithms this server can check. */
export type ChecksumAlgorithm = 'CRC32' | 'SHA1' | 'SHA256';

const digests: Readonly<Record<ChecksumAlgorithm, (bytes: Buffer) => Buffer>> = {
  CRC32: (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum;
  },
  SHA1: (bytes) => createHash('sha1').update(bytes).digest(),
  SHA256: (bytes) => createHash('sha256').update(bytes).digest(),
};

/** MD5 in hex: what an ETag is made of. */
export function md5Hex(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** The response header a checksum is sent in. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Which algorithm a header or an XML text names; CRC32C and CRC64NVME are not implemented. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  if (upper in digests) return upper as ChecksumAlgorithm;
  throw notImplemented(`the checksum ${upper}; CRC32, SHA1 and SHA256 are known`);
}

/**
 * Checks `content-md5` and `x-amz-checksum-*`, from the headers or the trailers, and returns the checksum to keep.
 * A wrong one is BadDigest, as on S3, so that a damaged upload is never stored.
 */
export function checkDigests(
  payload: Buffer,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Checksum | undefined {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== Buffer.from(md5Hex(payload), 'hex').toString('base64')) {
    throw new AwsError(
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
    );
  }
  let kept: Checksum | undefined;
  for (const [name, sent] of Object.entries(headers)) {
    const suffix = /^x-amz-checksum-(.+)$/.exec(name)?.[1];
    if (suffix === undefined || suffix === 'algorithm' || suffix === 'type') continue;
    if (suffix === 'mode') continue;
    const algorithm = parseChecksumAlgorithm(suffix);
    const value = digests[algorithm](payload).toString('base64');
    if (value !== sent) {
      throw new AwsError(
        'BadDigest',
        `The ${algorithm} you specified did not match the calculated checksum.`,
      );
    }
    kept = { algorithm, value };
  }
  return kept;
}

/** The checksum of an object in parts: over the parts' checksums, not over the bytes. */
export function composeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly (Checksum | undefined)[],
): Checksum | undefined {
  if (parts.some((part) => part?.algorithm !== algorithm)) return undefined;
  const raw = Buffer.concat(parts.map((part) => Buffer.from(part?.value ?? '', 'base64')));
  return { algorithm, value: `${digests[algorithm](raw).toString('base64')}-${parts.length}` };
}
