// The command line as an operator starts it, with an environment of its own; in this process, where a start costs nothing.
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCommandLine } from '../../scripts/rollcall/command-line.ts';
import type { LocalAws } from '../local-aws/local-aws.ts';

/** The program. */
export const script = new URL('../../scripts/rollcall.ts', import.meta.url).pathname;

export type Ran = {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
};

/**
 * Starts the program itself, with just this environment; standard input is `input`, and there is no terminal. `wrap`
 * is a command that starts what is behind it.
 */
export async function startAlone(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | Uint8Array = '',
  wrap: readonly string[] = [],
): Promise<Ran> {
  const [program = '', ...words] = [...wrap, process.execPath, script, ...args];
  const child = spawn(program, words, { env });
  child.stdin.end(input);
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.on('close', done)),
  ]);
  return { stdout, stderr, status };
}

// The environment and the three streams belong to the process: one run at a time.
let running: Promise<unknown> = Promise.resolve();

/** What `startAlone` does, without a process of its own. */
export function runAlone(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | Uint8Array = '',
): Promise<Ran> {
  const run = running.then(() => runHere(args, env, input));
  running = run.catch(() => {});
  return run;
}

async function runHere(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | Uint8Array,
): Promise<Ran> {
  const before = { env: process.env, stdin: process.stdin, random: Math.random };
  const printed = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const { write, isTTY } = process[name];
    process[name].isTTY = false;
    process[name].write = (chunk: string | Uint8Array) => {
      printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    return () => Object.assign(process[name], { write, isTTY });
  });
  process.env = { ...env };
  // What the SDK draws before it tries again is how long it waits.
  Math.random = () => 0;
  Object.defineProperty(process, 'stdin', {
    value: Readable.from([Buffer.from(input as string)]),
    configurable: true,
  });
  try {
    return { status: await runCommandLine(args), ...printed };
  } finally {
    process.env = before.env;
    Math.random = before.random;
    Object.defineProperty(process, 'stdin', { value: before.stdin, configurable: true });
    for (const one of restore) one();
  }
}

/** The environment of somebody who may do everything on a local AWS. */
export const environmentOf = (aws: LocalAws): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: aws.endpoint,
  AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
});

/** Runs `rollcall` against a local AWS. */
export function runRollcall(
  aws: LocalAws,
  args: readonly string[],
  env: Record<string, string> = {},
  run: typeof startAlone = runAlone,
): Promise<Ran> {
  return run(args, { ...environmentOf(aws), ...env });
}
