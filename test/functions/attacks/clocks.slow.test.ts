// Clocks that differ: a host's by two minutes at midnight, and for one run the function's own by a day.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  dateAfter,
  datesFrom,
  EVERYBODY,
  fullOf,
  startWorld,
  type World,
} from './world.ts';

const nights = datesFrom('2026-11-18', 5);

let world: World;
afterEach(() => world.close());

/** What a host writes for a date when it begins at midnight by its own clock. */
const fast = (date: string) =>
  fullOf(`${date}T00:00:10Z`, {
    from: `${dateAfter(date, -1)}T23:58:10Z`,
    done: `${dateAfter(date, -1)}T23:59:40Z`,
  });
const slow = (date: string) =>
  fullOf(`${dateAfter(date, -1)}T23:58:10Z`, {
    from: `${date}T00:00:10Z`,
    done: `${date}T00:05:10Z`,
  });

describe('a host that begins at midnight', () => {
  it.each([
    ['fast', fast],
    ['slow', slow],
  ])('by a clock that is two minutes %s is never called missing', async (_, write) => {
    world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
    world.write('web', write(dateAfter('2026-11-18', -1)));
    for (const date of nights) {
      world.write('web', write(date));
      await world.morning(date);
    }
    expect(nights.filter((date) => world.isBad('web', date))).toEqual([]);
    expect(world.heardOf(/MISSING/)).toEqual([]);
  });
});

describe('a state that was written by a clock a day ahead', () => {
  it('lets no window go by', async () => {
    const config = (web: string) => configOf(`{ web: ${web}, db: {} }`, { more: 'keepDays: 30' });
    world = await startWorld(config('{}'));
    for (const date of ['2026-11-21', '2026-11-22']) {
      for (const host of ['web', 'db']) world.write(host, fullOf(`${date}T03:00:00Z`));
      await world.morning(date);
    }
    // Paused, so that this run says nothing of a window that has not closed yet.
    await world.change(config('{ paused: { until: 2026-11-24, because: move } }'));
    await world.tick('2026-11-23T13:40:00Z');
    await world.change(config('{}'));
    world.forgetHeard();
    world.write('db', fullOf('2026-11-23T03:00:00Z'));
    await world.ticks('2026-11-22T13:45:00Z', '2026-11-22T14:00:00Z');
    await world.ticks('2026-11-23T08:00:00Z', '2026-11-23T12:30:00Z');
    expect(world.hearersOf(/\bweb\b/, /missing/i)).toEqual(EVERYBODY);
  });
});
