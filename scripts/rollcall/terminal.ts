// What a command says at the terminal and asks there, and the error for what cannot be carried out.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { DATE } from '../../shared/config/config-values.ts';
import { DAY } from '../../shared/duplicity/time.ts';
import { whyNot } from '../../shared/stores/directory-records.ts';

/** Told as `rollcall: error: MESSAGE` and `rollcall: hint: HINT`; exit status 3. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What to print: `--json`, `--format`, or the first of the formats. Throws `UsageError`. */
export function chooseFormat<Format extends string>(
  { json, format }: { readonly json: boolean; readonly format?: string | undefined },
  formats: readonly [Format, ...Format[]],
): Format {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(
      `--json and --format ${JSON.stringify(format)} differ`,
      'give one of them',
    );
  }
  const asked = json ? 'json' : (format ?? formats[0]);
  const known = formats.find((one) => one === asked);
  if (known !== undefined) return known;
  throw new UsageError(
    `--format ${JSON.stringify(format)} is not known`,
    `write one of ${formats.join(', ')}`,
  );
}

/**
 * Whether to go on: not with --dry-run; else, without --yes, the word itself must be typed. Throws `UsageError` for
 * another one, and where nobody can be asked.
 */
export async function confirm(
  options: { readonly 'dry-run': boolean; readonly yes: boolean },
  what: string,
  word: string,
): Promise<boolean> {
  if (options['dry-run']) {
    print('nothing is changed (--dry-run)');
    return false;
  }
  if (options.yes) return true;
  if (process.stdin.isTTY !== true) {
    throw new UsageError(
      `${what}: nobody can be asked here`,
      'say so with --yes, or look first with --dry-run',
    );
  }
  if ((await ask(`${what}. Type ${word} to go on: `)) !== word) {
    throw new UsageError('nothing was removed', `to go on, type the name: ${word}`);
  }
  return true;
}

/** The line that is typed, without blanks around it; nothing at the end of the input. */
export async function ask(question: string): Promise<string> {
  // Not `terminal`: the line is the kernel's to edit, and Ctrl-C ends the program as everywhere else.
  const lines = createInterface({ input: process.stdin, terminal: false });
  const ended = new Promise<string>((done) => lines.once('close', () => done('')));
  process.stderr.write(question);
  const typed = new Promise<string>((done) => lines.once('line', done));
  const answer = await Promise.race([typed, ended]);
  lines.close();
  return answer.trim();
}

/** Tells how many are done; `end` wipes the line. Standard error only, so that output can be piped. */
export function startProgress(noun: string, verb = 'checked') {
  const shown = process.stderr.isTTY === true;
  let shownAt = 0;
  return {
    show(done: number, of?: number): void {
      const now = Date.now();
      if (!shown || (now - shownAt < 100 && done !== of)) return;
      shownAt = now;
      process.stderr.write(
        `\r\u001b[K${verb} ${done}${of === undefined ? '' : ` of ${of}`} ${noun}s`,
      );
    },
    end(): void {
      if (shown) process.stderr.write('\r\u001b[K');
    },
  };
}

/** Does what writes a file. Throws `UsageError` where the system refuses; `hint` says what to do then. */
export async function writeTo<Value>(file: string, hint: string, work: () => Promise<Value>) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const why = whyNot(error, 'there is no such folder');
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const problem = isThere ? `${file} is there already` : `cannot write ${file}: ${why}`;
    throw new UsageError(problem, hint, { cause: error });
  }
}

/** The text of a file, or of standard input for `-`. Throws `UsageError`. */
export async function readInput(file: string, hint: string): Promise<string> {
  return (await readBytes(file, hint)).toString('utf8');
}

async function readBytes(file: string, hint: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${whyNot(error)}`, hint, { cause: error });
  }
}

/** The instant of `--at`. Throws `UsageError`. */
export function parseInstant(text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  // duplicity is of 2002, and its own clock ends with 2099.
  const year = new Date(at).getUTCFullYear();
  if (!(year >= 2000 && year < 2100)) {
    throw new UsageError(
      `--at ${JSON.stringify(text)} is not an instant`,
      'write it like 2026-11-23T12:00:00Z or 2026-11-23T13:00:00+01:00',
    );
  }
  return at;
}

/** A day of the calendar: as it is, or so many from `today`, like `14d`. Undefined for what is neither. */
export function parseDay(text: string, today: string): string | undefined {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  if (days === undefined) return DATE.parse(text);
  return new Date(Date.parse(today) + Number(days) * DAY).toISOString().slice(0, 10);
}
