import { defineConfig } from 'vitest/config';

// What tells right from wrong in the pure folders; the rest of the tests would only make a mutant slower.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    env: { ROLLCALL_ALL_CASES: 'yes' },
    include: [
      'test/{duplicity,rules,openpgp,config,fuzz}/*.test.ts',
      'test/monitor/list-sets.test.ts',
      'test/recordings.test.ts',
    ],
  },
});
