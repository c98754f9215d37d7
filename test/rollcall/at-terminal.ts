// The command line at a pseudo-terminal of its own, as a person sits before it. Needs `script` of util-linux.
import { spawn } from 'node:child_process';
import { script } from './run-rollcall.ts';

/** `rollcall` with these words, for a shell. */
export function rollcallLine(args: readonly string[]): string {
  return [process.execPath, script, ...args].map((word) => `'${word}'`).join(' ');
}

/** Runs a line of shell; `type` is told what is new on the screen, and answers what is typed then. */
export async function runAtTerminal(
  line: string,
  type: (screen: string) => string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ screen: string; status: number | null }> {
  const child = spawn(
    'script',
    ['--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'],
    { env: { ...env, SHELL: '/bin/sh', TERM: 'dumb' } },
  );
  let screen = '';
  let typed = 0;
  child.stdout.on('data', (piece: Buffer) => {
    screen += piece.toString('utf8');
    const keys = type(screen.slice(typed));
    if (keys === undefined) return;
    typed = screen.length;
    child.stdin.write(keys);
  });
  const status = await new Promise<number | null>((done) => child.on('close', done));
  return { screen: screen.replaceAll('\r\n', '\n'), status };
}
