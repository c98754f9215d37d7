// The janitor of a host whose sets came to have an odd volume, or empty signatures: they replace nothing.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, fullOf, startWorld, type World } from './world.ts';

const MiB = 1024 * 1024;
const WHOLE = [200 * MiB, 200 * MiB, 200 * MiB, 200 * MiB, 20 * MiB];
const good = datesFrom('2026-11-01', 10);
const begun = (date: string) => `${date}T03:00:00Z`;

let world: World;
afterEach(() => world.close());

describe('the janitor', () => {
  it.each([
    ['a volume of one byte', { volumes: [200 * MiB, 200 * MiB, 1, 200 * MiB, 20 * MiB] }],
    ['signatures of 0 bytes', { volumes: WHOLE, signatures: 0 }],
  ])('keeps the last two good ones before 28 nights of %s', async (_, odd) => {
    world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 6\nkeepLastGood: true' }));
    for (const date of datesFrom('2026-11-01', 38)) {
      world.write('web', fullOf(begun(date), good.includes(date) ? { volumes: WHOLE } : odd));
      await world.morning(date);
      await world.tidy(date);
    }
    for (const date of good.slice(-2))
      expect(world.isKept('web', fullOf(begun(date), { volumes: WHOLE })), date).toBe(true);
  });
});
