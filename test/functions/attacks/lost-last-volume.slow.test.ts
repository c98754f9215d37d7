// Small sets that have lost their last volume: nothing but the host's own history can tell.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, fullOf, startWorld, volumeOf, type World } from './world.ts';

const MiB = 1024 * 1024;
const before = datesFrom('2026-11-19', 4);
const today = '2026-11-23';
const begun = (date: string) => `${date}T03:00:00Z`;

let world: World;
afterEach(() => world.close());

/** Four nights of sets of these volumes; today's has lost the last so many. */
async function play(volumes: readonly number[], lost: number): Promise<void> {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
  for (const date of before) {
    world.write('web', fullOf(begun(date), { volumes }));
    await world.morning(date);
  }
  world.forgetHeard();
  const gone = volumes
    .map((_, index) => volumeOf(begun(today), index + 1))
    .slice(volumes.length - lost);
  world.write(
    'web',
    fullOf(begun(today), { volumes }).filter(({ name }) => !gone.includes(name)),
  );
  await world.day(today);
}
const kinds = () => world.kinds('web', today);

describe('a set that has lost its last volume', () => {
  it.each([
    ['of 2', [200 * MiB, 20 * MiB]],
    ['of 2, a full one', [200 * MiB, 200 * MiB]],
    ['of 3', [200 * MiB, 200 * MiB, 20 * MiB]],
    ['of 3, a full one', [200 * MiB, 200 * MiB, 200 * MiB]],
  ])('%s is reported', async (_, volumes) => {
    await play(volumes, 1);
    expect(kinds()).toContain('maybe-truncated');
    expect(world.heardOf(/\bweb\b/, /volume/i)).not.toEqual([]);
  });

  it.each([
    ['of 2', [200 * MiB, 20 * MiB]],
    ['of 3', [200 * MiB, 200 * MiB, 20 * MiB]],
  ])('is not made of one %s that is whole', async (_, volumes) => {
    await play(volumes, 0);
    expect(kinds()).not.toContain('maybe-truncated');
    expect(world.isBad('web', today)).toBe(false);
  });
});
