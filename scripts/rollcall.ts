#!/usr/bin/env node
// The command line: the same check as the Lambdas', with nothing deployed.
import { runCommandLine } from './rollcall/command-line.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
