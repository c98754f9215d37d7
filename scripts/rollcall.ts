#!/usr/bin/env node
// The command line: the same check as the Lambdas', with nothing deployed.
import { runCommandLine } from './rollcall/command-line.ts';

// What a command has begun to change it changes to the end. A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  Object.assign(process.stdout, { write: () => true, writable: false });
  if (code === 'EPIPE') return;
  process.stderr.write(`rollcall: error: cannot write to standard output: ${code}\n`);
  process.stderr.write('rollcall: hint: make room there, or print elsewhere, and run it again\n');
  process.once('exit', () => {
    process.exitCode = 3;
  });
});
process.stderr.on('error', () => undefined);

// By itself Node would end with 1, which is only a warning.
process.on('uncaughtException', (error) => {
  console.error(error);
  process.exit(3);
});

process.exitCode = await runCommandLine(process.argv.slice(2));
