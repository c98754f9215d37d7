// Ends a program that a test has started.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks it to end, and waits; after five seconds it is killed. */
export async function endProgram(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = new Promise((done) => program.once('exit', done));
  program.kill('SIGTERM');
  const gone = await Promise.race([ended.then(() => true), sleep(5_000, false)]);
  if (!gone) program.kill('SIGKILL');
  await ended;
}
