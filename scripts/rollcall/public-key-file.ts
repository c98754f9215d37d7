// A look at the public key before a host is told of it: it must be one, and no secret.
import { readFile } from 'node:fs/promises';
import { UsageError } from './usage-error.ts';

/**
 * Throws `UsageError` for a file that cannot be read, is a secret key, or is not armoured where it has to
 * pass through a pipe.
 */
export async function checkPublicKey(
  file: string | undefined,
  fingerprint: string | undefined,
  { piped }: { piped: boolean },
): Promise<void> {
  if (fingerprint !== undefined && !/^(?:0x)?[0-9A-Fa-f ]{40,60}$/.test(fingerprint)) {
    throw new UsageError(
      `--fingerprint ${JSON.stringify(fingerprint)} is no fingerprint`,
      'write the 40 hexadecimal digits that rollcall-keygen printed',
    );
  }
  if (file === undefined) return;
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read the public key ${file}: ${cause.code}`,
      'name the file that rollcall-keygen wrote: --public-key web.pub.asc',
      { cause },
    );
  });
  const armoured = bytes.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----');
  const [tag = 0] = bytes;
  const type = tag & 0x40 ? tag & 0x3f : (tag & 0x3c) >> 2;
  const secret = bytes.includes('-----BEGIN PGP PRIVATE') || (tag & 0x80 && type === 5);
  if (secret) {
    throw new UsageError(
      `${file} is the SECRET key; it must never be on a host`,
      'keep it where restores are done, and give the .pub.asc file',
    );
  }
  if (!armoured && type !== 6) {
    throw new UsageError(`${file} is no OpenPGP public key`, 'give the .pub.asc file');
  }
  if (piped && !armoured) {
    throw new UsageError(
      `${file} is binary, and shares a pipe with the AWS key`,
      'give the armoured one beside it, which ends in .pub.asc',
    );
  }
}
