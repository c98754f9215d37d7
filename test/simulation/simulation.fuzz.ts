// The long run: other fleets every time.
//
//   npm run fuzz                    from a new seed on, which is printed
//   FUZZ_SEED=7 npm run fuzz        from this seed on
//   FUZZ_TIMES=20 npm run fuzz      twenty times as many
//   SEED=7 npm run fuzz             one plan, with its story
//   KINDS="no backup+memory lost" npm run fuzz      of these incidents only
import { expect, it } from 'vitest';
import { entryOf, isKnownFault } from './kept.ts';
import { live } from './live.ts';
import { planOf } from './plan.ts';
import { formatStory, shrink, signatureOf } from './story.ts';

const { SEED, FUZZ_SEED, KINDS, FUZZ_TIMES = '1' } = process.env;
const asked = KINDS?.split('+');
const first = Number(SEED ?? FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const plans = SEED === undefined ? Math.ceil(150 * Number(FUZZ_TIMES)) : 1;
const MOST_NEW = 5;

it('no fleet breaks a law in a way that is not known', { timeout: 3_600_000 }, async () => {
  const known = new Map<string, number>();
  const fresh: string[] = [];
  let days = 0;
  const start = performance.now();
  for (let seed = first; seed < first + plans && fresh.length < MOST_NEW; seed += 1) {
    const plan = planOf(seed, asked);
    const { violation } = await live(plan);
    days += plan.days;
    if (violation === undefined) continue;
    const small = await shrink(plan, violation);
    const signature = signatureOf(small.plan, small.violation.law);
    const isKnown = isKnownFault(small);
    if (isKnown) known.set(signature, (known.get(signature) ?? 0) + 1);
    if (!isKnown || SEED !== undefined) console.log(`\n${formatStory(small)}\n`);
    if (!isKnown) fresh.push(entryOf(small));
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`simulation: SEED=${first} and on, ${days} days in ${seconds} s`);
  for (const [signature, times] of known) console.log(`known, ${times} times: ${signature}`);
  expect(fresh, 'to be kept in seeds.json').toEqual([]);
});
