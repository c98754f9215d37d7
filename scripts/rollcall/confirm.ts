// A question at the terminal, for what cannot be taken back.
import { createInterface } from 'node:readline/promises';
import { UsageError } from './usage-error.ts';

/** The word itself must be typed. Throws `UsageError` for another one, and where nobody can be asked. */
export async function confirm(what: string, word: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError(
      `${what}: nobody can be asked here`,
      'say so with --yes, or look first with --dry-run',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what}. Type ${word} to go on: `);
  terminal.close();
  if (answer.trim() !== word) {
    throw new UsageError('nothing was removed', `to go on, type the name: ${word}`);
  }
}
