// A question at the terminal, for what cannot be taken back.
import { createInterface } from 'node:readline';
import { UsageError } from './usage-error.ts';

/** The word itself must be typed. Throws `UsageError` for another one, and where nobody can be asked. */
export async function confirm(what: string, word: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError(
      `${what}: nobody can be asked here`,
      'say so with --yes, or look first with --dry-run',
    );
  }
  // Not `terminal`: the line is the kernel's to edit, and Ctrl-C ends the program as everywhere else.
  const lines = createInterface({ input: process.stdin, terminal: false });
  const ended = new Promise<string>((done) => lines.once('close', () => done('')));
  process.stderr.write(`${what}. Type ${word} to go on: `);
  const answer = await Promise.race([
    new Promise<string>((done) => lines.once('line', done)),
    ended,
  ]);
  lines.close();
  if (answer.trim() !== word) {
    throw new UsageError('nothing was removed', `to go on, type the name: ${word}`);
  }
}
