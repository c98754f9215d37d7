import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each takes seconds: `npm run check` has them (test/slow/vitest.config.ts).
    exclude: [...configDefaults.exclude, 'test/**/*.slow.test.ts'],
    passWithNoTests: false,
    // A process for many files: to load the SDK for each of them would take longer than most of them run.
    isolate: false,
    setupFiles: ['test/support/leave-nothing.ts'],
    // Every processor: the work is ours, and nothing here waits for anything.
    maxWorkers: '100%',
    // A test may hang, but a busy machine is no failure: the slowest takes two seconds when it is alone.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
