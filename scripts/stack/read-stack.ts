// hosts.yml -> the stack it asks for, and the text of the roll that each function carries along.
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { ConfigError } from '../../shared/roster/config-error.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import { type Stack, stackOf } from './stack.ts';

/**
 * Where the roll is: `ROLLCALL_HOSTS`, or `hosts.yml` in the project.
 */
export const rollFile = (projectDir: string, env: NodeJS.ProcessEnv): string =>
  resolve(projectDir, env.ROLLCALL_HOSTS || 'hosts.yml');

/**
 * Reads the roll and works out its stack. `ROLLCALL_ADMINS` may hold ARNs, separated by commas, of
 * principals who may do to the bucket what the break-glass role may; `ROLLCALL_HOSTS_A_RUN` how many hosts one run
 * judges without workers.
 *
 * Throws `ConfigError` with every mistake in the roll, or when it cannot be read.
 */
export function readStack(projectDir: string, env: NodeJS.ProcessEnv): Stack {
  const file = rollFile(projectDir, env);
  const admins = (env.ROLLCALL_ADMINS ?? '').split(',').flatMap((arn) => arn.trim() || []);
  const roster = readRoster(readRoll(file), relative(projectDir, file));
  return stackOf(roster, admins, readHostsARun(env));
}

function readHostsARun({ ROLLCALL_HOSTS_A_RUN: text = '' }: NodeJS.ProcessEnv): number | undefined {
  if (text === '') return undefined;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new ConfigError([`ROLLCALL_HOSTS_A_RUN is "${text}", but must be a number of hosts`]);
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
