import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    passWithNoTests: false,
    // A test may hang, but a busy machine is no failure: the slowest takes three seconds when it is alone.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
