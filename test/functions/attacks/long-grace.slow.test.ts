// A backup that takes all day, of a host that may take all day.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, fullOf, startWorld, type World } from './world.ts';

const MiB = 1024 * 1024;
const nights = datesFrom('2026-11-16', 5);
const LONG = { volumes: [...Array(40).fill(200 * MiB), 20 * MiB] };

let world: World;
afterEach(() => world.close());

describe('a backup that takes 20 hours', () => {
  it('is late and never missing where the grace is as long', async () => {
    world = await startWorld(
      configOf('{ web: { window: { hardDue: "23:45" } } }', { more: 'keepDays: 30' }),
    );
    world.write('web', fullOf('2026-11-15T03:00:00Z', { ...LONG, done: '2026-11-15T23:00:00Z' }));
    for (const date of nights) {
      const full = fullOf(`${date}T03:00:00Z`, { ...LONG, done: `${date}T23:00:00Z` });
      const until = (iso: string) => full.filter(({ at }) => at <= Date.parse(iso));
      world.write('web', until(`${date}T08:15:00Z`));
      await world.morning(date);
      world.write('web', full);
      await world.ticks(`${date}T23:30:00Z`, `${date}T23:45:00Z`);
    }
    for (const date of nights) expect(world.kinds('web', date), date).toEqual(['late']);
    expect(world.heardOf(/\bweb\b/, /MISSING|INCOMPLETE|FAILED/)).toEqual([]);
  });
});
