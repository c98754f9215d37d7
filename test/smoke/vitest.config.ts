// What scripts/smoke-aws.ts runs: a line for each check, on the AWS that it names.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/smoke/*.smoke.ts'],
    reporters: ['verbose'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    // A new access key and a new policy are known everywhere within a minute or so.
    testTimeout: 300_000,
  },
});
