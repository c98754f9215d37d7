// A public key in a file: whose it is, and which keys in it backups are encrypted to.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isKeyFile, type ReadKeyFile } from '../shared/config/config.ts';
import { suggest } from '../shared/config/yaml.ts';
import {
  encryptionKeysOf,
  isArmoured,
  type PublicKey,
  readArmour,
  readPublicKeys,
} from '../shared/openpgp/public-key.ts';
import { UsageError } from './rollcall/terminal.ts';

/** What a file holds; `problem` goes on behind its name. */
type KeyFile =
  | { readonly keys: readonly PublicKey[]; readonly isArmoured: boolean }
  | { readonly problem: string; readonly hint: string };

const PROBLEMS = {
  secret: {
    problem: 'is the SECRET key, which belongs on no host and in no config',
    hint: 'keep it where restores are done, and give the .pub.asc file',
  },
  damaged: {
    problem: 'is cut off, damaged or of an unknown version',
    hint: 'export it again: gpg --armor --export KEY',
  },
  'no key': { problem: 'is no OpenPGP public key', hint: 'give the .pub.asc file' },
};

/** Throws the error of the file system. */
function openKeyFile(file: string): KeyFile {
  const bytes = readFileSync(file);
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN PGP PRIVATE')) return PROBLEMS.secret;
  const armoured = isArmoured(text);
  const binary = armoured ? readArmour(text) : bytes;
  if (binary === undefined) return PROBLEMS.damaged;
  const keys = readPublicKeys(binary, (algorithm, all) =>
    createHash(algorithm).update(all).digest(),
  );
  if (typeof keys === 'string') return PROBLEMS[keys];
  if (encryptionKeysOf(keys).length > 0) return { keys, isArmoured: armoured };
  const parts = keys.flatMap(({ primary, subkeys }) => [primary, ...subkeys]);
  const revoked = parts.some((part) => part.encrypts && part.revoked);
  return {
    problem: `holds no key to encrypt to${revoked ? ', but a revoked one' : ''}`,
    hint: 'export the key together with its encryption subkey: gpg --armor --export KEY',
  };
}

/** Key files by their paths from where the config is; each is read once. Never throws. */
export function keyFilesNextTo(configFile: string): ReadKeyFile {
  const known = new Map<string, ReturnType<ReadKeyFile>>();
  return (path) => {
    const answer = known.get(path) ?? readFingerprints(resolve(dirname(configFile), path));
    known.set(path, answer);
    return answer;
  };
}

function readFingerprints(file: string): ReturnType<ReadKeyFile> {
  try {
    const key = openKeyFile(file);
    return 'problem' in key
      ? { problem: `${key.problem}: ${key.hint}` }
      : { fingerprints: encryptionKeysOf(key.keys) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code !== 'ENOENT') return { problem: `cannot be read (${code}): make it readable` };
    return { problem: `is not there${suggest(basename(file), keyFilesIn(dirname(file)))}` };
  }
}

function keyFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isKeyFile).sort();
  } catch {
    return [];
  }
}

/**
 * A look at the key before a host gets it. Throws `UsageError` for a file that cannot be read, is no public
 * key to encrypt to, is another key than the fingerprint says, or is not armoured where it has to pass through a
 * pipe.
 */
export function checkPublicKey(
  file: string | undefined,
  fingerprint: string | undefined,
  { piped }: { piped: boolean },
): void {
  const digits = fingerprint?.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase();
  if (digits !== undefined && !/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits)) {
    throw new UsageError(
      `--fingerprint ${JSON.stringify(fingerprint)} is no fingerprint`,
      'write the 40 hexadecimal digits that rollcall-keygen printed',
    );
  }
  if (file === undefined) return;
  const key = tryToOpen(file);
  if ('problem' in key) throw new UsageError(`${file} ${key.problem}`, key.hint);
  const primaries = key.keys.map(({ primary }) => primary.fingerprint);
  if (digits !== undefined && !primaries.includes(digits)) {
    throw new UsageError(
      `${file} holds the key ${primaries.join(' and ')}, and not --fingerprint ${digits}`,
      'give the file and the fingerprint of one key',
    );
  }
  if (piped && !key.isArmoured) {
    throw new UsageError(
      `${file} is binary, and shares a pipe with the AWS key`,
      'give the armoured one next to it, which ends in .pub.asc',
    );
  }
}

function tryToOpen(file: string): KeyFile {
  try {
    return openKeyFile(file);
  } catch (cause) {
    throw new UsageError(
      `cannot read the public key ${file}: ${(cause as NodeJS.ErrnoException).code}`,
      'name the file that rollcall-keygen wrote: --public-key web.pub.asc',
      { cause },
    );
  }
}
