// The long run: other cases every time, and as many as FUZZ_TIMES asks for (1 = two million in some minutes).
//
//   npm run fuzz                    a new seed, which is printed
//   FUZZ_SEED=7 npm run fuzz        the same cases again
//   FUZZ_TIMES=20 npm run fuzz      twenty times as many
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFileName } from '../../shared/duplicity/file-name.ts';
import { names } from './a-name.ts';
import { findDuplicity, startDuplicityParser } from './duplicity-parser.ts';
import { laws } from './laws.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const times = Number(process.env.FUZZ_TIMES ?? 1);
// A case of a millisecond that takes a thousand of them is a way to stop the check.
const PATIENCE_MS = 2_000;

console.log(`FUZZ_SEED=${seed} FUZZ_TIMES=${times}`);

describe('any input', () => {
  it.each(laws)('$says', async ({ says, property, long }) => {
    let slowestMs = 0;
    const run = property.run.bind(property);
    property.run = async (value) => {
      const start = performance.now();
      const outcome = await run(value);
      const ms = performance.now() - start;
      slowestMs = Math.max(slowestMs, ms);
      if (outcome === null && ms > PATIENCE_MS) {
        const error = new Error(`it took ${Math.round(ms)} ms`);
        return { error };
      }
      return outcome;
    };
    const numRuns = Math.ceil(long * times);
    const start = performance.now();
    await fc.assert(property, { seed, numRuns });
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `${says}: ${numRuns} cases in ${seconds.toFixed(0)} s, slowest ${slowestMs.toFixed(0)} ms`,
    );
  });
});

describe.skipIf(findDuplicity() === undefined)('the parser of duplicity itself', () => {
  it('reads the same names, to the same sets', async () => {
    const parser = startDuplicityParser();
    const chunk = 5_000;
    const chunks = Math.ceil(40 * times);
    for (let round = 0; round < chunks; round += 1) {
      const some = [...new Set(fc.sample(names, { numRuns: chunk, seed: seed + round }))].filter(
        // Lone surrogates have no UTF-8, and S3 no such keys.
        (name) => name.isWellFormed(),
      );
      const theirs = await parser.read(some);
      const differing = some.flatMap((name, place) => {
        const ours = inItsWords(readFileName(name));
        const their = theirs[place];
        return ours === 'relative' || JSON.stringify(ours) === JSON.stringify(their)
          ? []
          : [{ name, ours, their }];
      });
      expect(differing.slice(0, 5), `FUZZ_SEED=${seed}, round ${round}`).toEqual([]);
    }
    await parser.stop();
    console.log(`duplicity's own parser: ${chunk * chunks} names`);
  });
});

function inItsWords(reading: ReturnType<typeof readFileName>): unknown {
  if (reading.kind === 'lethal') return 'dies';
  if (reading.kind === 'foreign' || reading.kind === 'statistics') return null;
  const { type, manifest, volume, time, start, end, encrypted, compressed, partial } = reading.name;
  const seconds = [time, start, end].map((at) => (at === undefined ? null : at / 1000));
  // Too big for a double, and for any calendar.
  const isVague = (at: number | null) => at !== null && !Number.isSafeInteger(at * 1000);
  if (seconds.some(isVague) || !Number.isSafeInteger(volume ?? 0)) return 'relative';
  // Without par2 it is the same file once more, in the clear.
  const form = reading.kind === 'parity' ? [false, false] : [encrypted, compressed];
  return [type, manifest, volume ?? null, ...seconds, ...form, partial];
}
