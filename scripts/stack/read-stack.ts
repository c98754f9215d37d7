// hosts.yml -> the stack it asks for, and what of the roll each function carries along.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ConfigError } from '../../shared/roster/config-error.ts';
import { formatKeyFiles, type ReadKeyFile } from '../../shared/roster/key-files.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import { keyFilesBeside } from '../rollcall/public-key-file.ts';
import { type Stack, stackOf } from './stack.ts';

/**
 * Where the roll is: `ROLLCALL_HOSTS`, or `hosts.yml` in the project.
 */
export const rollFile = (projectDir: string, env: NodeJS.ProcessEnv): string =>
  resolve(projectDir, env.ROLLCALL_HOSTS || 'hosts.yml');

/**
 * Reads the roll and works out its stack. `ROLLCALL_ADMINS` may hold ARNs, separated by commas, of
 * principals who may do to the bucket what the break-glass role may.
 *
 * Throws `ConfigError` with every mistake in the roll, or when it cannot be read.
 */
export function readStack(projectDir: string, env: NodeJS.ProcessEnv): Stack {
  const file = rollFile(projectDir, env);
  const admins = (env.ROLLCALL_ADMINS ?? '').split(',').flatMap((arn) => arn.trim() || []);
  const roster = readRoster(readRoll(file), relative(projectDir, file), keyFilesBeside(file));
  return stackOf(roster, admins);
}

/**
 * Writes what the key files hold that the roll names, as `keys.json` in a folder: in a function's zip there are no key
 * files. Nothing where it names none. Throws `ConfigError`.
 */
export function writePackedKeys(projectDir: string, env: NodeJS.ProcessEnv, out: string): void {
  const file = rollFile(projectDir, env);
  const readKeyFile = keyFilesBeside(file);
  const files = new Map<string, readonly string[]>();
  const noteAndRead: ReadKeyFile = (path) => {
    const answer = readKeyFile(path);
    if ('fingerprints' in answer) files.set(path, answer.fingerprints);
    return answer;
  };
  readRoster(readRoll(file), relative(projectDir, file), noteAndRead);
  if (files.size > 0) writeFileSync(join(out, 'keys.json'), formatKeyFiles(files));
}

function readRoll(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([
      `${file}: cannot be read (${(cause as NodeJS.ErrnoException).code}): ` +
        'copy hosts.example.yml to hosts.yml, or name another file in ROLLCALL_HOSTS',
    ]);
  }
}
