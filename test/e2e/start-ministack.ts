// One MiniStack for all files of the suite that ask for no more than that AWS answers.
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { runProgram } from '../support/run-program.ts';

let ministack: Ministack | undefined;

/** Says in ROLLCALL_E2E_ENDPOINT where it is; one that is named there already is used as it is. */
export async function setup(): Promise<void> {
  // `npx rollcall`, which each fix is printed with, runs what was built.
  await runProgram(process.execPath, ['scripts/build.ts']);
  if (process.env.ROLLCALL_E2E_ENDPOINT) return;
  ministack = await startMinistack({ strict: false });
  process.env.ROLLCALL_E2E_ENDPOINT = ministack.endpoint;
  console.log(`MiniStack answers at ${ministack.endpoint}`);
}

/** Ends the one that was started. */
export async function teardown(): Promise<void> {
  await ministack?.stop();
}
