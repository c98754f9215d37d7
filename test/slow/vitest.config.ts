// Tests that take seconds each: they package the stack, kill a run at each of its requests, live through months, or wait
// for deadlines.
import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Those that the units try on some of their cases only. */
const triedOnSome = globSync('test/**/*.test.ts').filter((file) =>
  readFileSync(file, 'utf8').includes("/support/cases.ts'"),
);

export default defineConfig({
  test: {
    include: ['test/**/*.slow.test.ts', ...triedOnSome],
    env: { ROLLCALL_ALL_CASES: 'yes' },
    passWithNoTests: false,
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
