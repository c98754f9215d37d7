// What test/smoke/smoke-aws.ts runs: a line for each check, on the AWS that it names.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/smoke/*.smoke.ts'],
    reporters: ['verbose'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    // Twice a quarter of an hour: until versions hold, or the schedule comes due, and until a metric shows it.
    testTimeout: 2_400_000,
    hookTimeout: 300_000,
  },
});
