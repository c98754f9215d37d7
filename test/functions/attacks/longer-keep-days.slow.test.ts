// The config comes to keep backups longer, or shorter, as the docs advise: nobody has tampered with what lifecycle took before.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { configOf, datesFrom, fullOf, startWorld, type World } from './world.ts';

const keeping = (days: number) => configOf('{ web: {}, db: {} }', { more: `keepDays: ${days}` });

// On a busy machine each takes minutes.
vi.setConfig({ testTimeout: 600_000 });

let world: World;
afterEach(() => world.close());

const live = async (dates: readonly string[]) => {
  for (const date of dates) {
    for (const host of ['web', 'db']) world.write(host, fullOf(`${date}T03:00:00Z`));
    await world.morning(date);
  }
};

describe('another keepDays', () => {
  it.each([
    [30, 6],
    [8, 7],
  ])('from %i days to %i is no tampering', async (before, after) => {
    world = await startWorld(keeping(before));
    await live(datesFrom('2026-10-20', 20));
    await world.change(keeping(after));
    await live(datesFrom('2026-11-09', 10));
    expect(world.heardOf(/tamper/i)).toEqual([]);
  });

  it.each([
    [6, 30],
    [14, 30],
    [6, 10],
  ])('from %i days to %i is no tampering on any of 30 mornings', async (before, after) => {
    world = await startWorld(keeping(before));
    await live(datesFrom('2026-10-20', 20));
    expect(world.heardOf(/tamper/i)).toEqual([]);
    await world.change(keeping(after));
    const mornings = datesFrom('2026-11-09', 30);
    await live(mornings);
    expect(mornings.filter((date) => world.isBad('web', date))).toEqual([]);
    expect(world.heardOf(/tamper/i)).toEqual([]);
  });
});
