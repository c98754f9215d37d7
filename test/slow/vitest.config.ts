// Tests that take seconds each: they package the stack, kill a run at each of its requests, live through months, or wait
// for deadlines.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/**/*.slow.test.ts',
      // Those that the units try on some of their cases only (test/support/cases.ts).
      'test/aws/listing.test.ts',
      'test/faults/reading.test.ts',
      'test/faults/windows.test.ts',
      'test/fuzz/fuzz.test.ts',
    ],
    env: { ROLLCALL_ALL_CASES: 'yes' },
    passWithNoTests: false,
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
