// Files and standard input for the command line, with errors that say which and what next.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UsageError } from './usage-error.ts';

/** The text of a file, or of standard input for `-`. Throws `UsageError`. */
export async function readInput(file: string, hint: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw new UsageError(`cannot read ${file}: ${why}`, hint, { cause: error });
  }
}
