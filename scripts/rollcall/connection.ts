// How the command line gets its AWS credentials: once, before anything is done, with a question for a second factor.
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ReadStream } from 'node:tty';
import type { Connection, Credentials } from '../../shared/aws/client.ts';
import { CredentialsError, readCredentials } from '../../shared/aws/profile-credentials.ts';
import { toAscii } from '../../shared/messages/plain-text.ts';

const RENEWED_BEFORE_MS = 5 * 60_000;

/**
 * Where AWS is, and credentials that every client shares, so that a code of a second factor is asked for once an hour.
 * They are read here and now. Throws `CredentialsError`.
 */
export async function connect(region: string, endpoint: string | undefined): Promise<Connection> {
  let last: Promise<Credentials | undefined> = Promise.resolve(undefined);
  const credentials = async (): Promise<Credentials> => {
    // One after the other: clients that start together would each ask for a code.
    const next = last
      .catch(() => undefined)
      .then((known) =>
        known !== undefined && isFresh(known)
          ? known
          : readCredentials(region, process.env, askCode),
      );
    last = next;
    return next;
  };
  await credentials();
  return { region, endpoint, credentials };
}

function isFresh({ expiration }: Credentials): boolean {
  return expiration === undefined || expiration.getTime() - Date.now() > RENEWED_BEFORE_MS;
}

/** Asked at the terminal itself: standard input and output may be pipes. A code is of use once, so it may be seen. */
async function askCode(serial: string, signal: AbortSignal): Promise<string> {
  const profile = process.env.AWS_PROFILE || 'default';
  const asks = `the profile ${profile} asks for a second factor`;
  const terminal = openTerminal();
  if (terminal === undefined) {
    throw new CredentialsError(
      `${asks}, and there is no terminal to ask for the code`,
      `run it at a terminal; or first, at one: aws configure export-credentials --profile ${profile} --format env; then give it what that prints, without AWS_PROFILE`,
    );
  }
  const input = new ReadStream(terminal);
  // Not `terminal`: the line is the kernel's to edit, and Ctrl-C ends the program as everywhere else.
  const lines = createInterface({ input, terminal: false });
  const stopped = new Promise<never>((_, stop) => {
    const end = () => stop(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  const ended = new Promise<string>((done) => lines.once('close', () => done('')));
  try {
    for (;;) {
      const next = new Promise<string>((done) => lines.once('line', done));
      writeSync(terminal, `MFA code of ${toAscii(serial)}: `);
      const line = (await Promise.race([next, ended, stopped])).trim();
      if (/^\d{6}$/.test(line)) return line;
      if (line === '') {
        throw new CredentialsError(`${asks}, and no code was given`, 'run it again with the code');
      }
      writeSync(terminal, 'A code is six digits; an empty line gives up.\n');
    }
  } finally {
    lines.close();
    input.destroy();
  }
}

/** `undefined` where nobody sits: cron has none, and where input and errors go elsewhere nobody looks at one. */
function openTerminal(): number | undefined {
  if (process.stdin.isTTY !== true && process.stderr.isTTY !== true) return undefined;
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
}
