// Runs a program to its end.
import { type ExecFileOptions, execFile } from 'node:child_process';

/** A program that ended badly: `printed` is all that it said. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly status: number | string | null | undefined;
  readonly printed: string;

  constructor(program: string, status: number | string | null | undefined, printed: string) {
    super(`${program} ended with ${status}:\n${printed}`);
    this.status = status;
    this.printed = printed;
  }
}

/** Answers what the program printed, on both channels. Throws `ProgramError` unless it ends well. */
export function runProgram(
  program: string,
  words: readonly string[],
  options: Pick<ExecFileOptions, 'cwd' | 'env' | 'signal' | 'killSignal'> = {},
): Promise<string> {
  return new Promise((done, fail) => {
    execFile(program, words, { ...options, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) done(stdout + stderr);
      else fail(new ProgramError(program, error.code, stdout + stderr));
    });
  });
}
