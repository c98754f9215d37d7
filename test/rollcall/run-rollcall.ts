// The command line as an operator starts it, with an environment of its own.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { LocalAws } from '../../scripts/demo/aws/local-aws.ts';

/** The program. */
export const script = new URL('../../scripts/rollcall.ts', import.meta.url).pathname;

export type Ran = {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
};

/** Runs `rollcall` with just this environment; standard input is `input`, and there is no terminal. */
export async function runAlone(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<Ran> {
  const child = spawn(process.execPath, [script, ...args], { env });
  child.stdin.end(input);
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.on('close', done)),
  ]);
  return { stdout, stderr, status };
}

/** Runs `rollcall` against a local AWS. */
export function runRollcall(
  aws: LocalAws,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  return runAlone(args, {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    ...env,
  });
}
