import { defineConfig } from 'vitest/config';

// The long run: hours may be spent here, `npm test` spends seconds.
export default defineConfig({
  test: {
    include: ['test/fuzz/*.fuzz.ts', 'test/simulation/*.fuzz.ts'],
    testTimeout: 600_000,
    disableConsoleIntercept: true,
  },
});
