// The short run, a fifth of it by `npm test`: the same cases every time, so that a change is judged by what it changes.
// `npm run fuzz` looks further.
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { casesOf } from '../support/cases.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';
import type { Case } from './a-bucket.ts';
import { agreesOnAll, agreesOnRecent, laws } from './laws.ts';

const SEED = 20261123;

describe('any input', () => {
  it.each(laws)('$says', async ({ property, short }) => {
    await fc.assert(property, { seed: SEED, numRuns: casesOf(short) });
  });
});

describe('a case that was found once', () => {
  const kept = readdirSync(fixturePath('fuzz')).filter((file) => file.endsWith('.json'));
  it.each(kept)('stays solved: %s', async (file) => {
    const { pageRows, ...one } = JSON.parse(readFixture(`fuzz/${file}`)) as Case & {
      pageRows: number;
    };
    await agreesOnAll(one);
    await agreesOnRecent(one, pageRows);
  });
});
