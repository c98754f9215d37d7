// The lifecycle suite: on an S3 whose lifecycle really runs, with days of ten seconds.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/lifecycle/**/*.rgw.ts'],
    reporters: ['verbose'],
    hookTimeout: 600_000,
    testTimeout: 120_000,
  },
});
