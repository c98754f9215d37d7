// The command line as an operator starts it, with an environment of its own.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { LocalAws } from '../../scripts/demo/aws/local-aws.ts';

export const rollcallScript = new URL('../../scripts/rollcall.ts', import.meta.url).pathname;

export type Ran = {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
};

/** Runs `rollcall` against a local AWS; standard input is empty and no terminal. */
export async function runRollcall(
  aws: LocalAws,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [rollcallScript, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      ...env,
    },
  });
  child.stdin.end();
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.on('close', done)),
  ]);
  return { stdout, stderr, status };
}
