// The schedule stands still for eight days; a host misses seven nights of them, and writes the last.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, fullOf, startWorld, type World } from './world.ts';

const missed = datesFrom('2026-11-16', 7);
const begun = (date: string) => `${date}T03:00:00Z`;

let world: World;
afterEach(() => world.close());

/** `isMissing`: then `web` writes in no night but the last. */
async function standStill(isMissing: boolean): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' }));
  for (const date of datesFrom('2026-11-13', 3)) {
    for (const host of ['web', 'db']) world.write(host, fullOf(begun(date)));
    await world.morning(date);
  }
  world.forgetHeard();
  for (const host of isMissing ? ['db'] : ['web', 'db'])
    for (const date of missed) world.write(host, fullOf(begun(date)));
  for (const host of ['web', 'db']) world.write(host, fullOf(begun('2026-11-23')));
  await world.day('2026-11-23');
}
const SEVEN = /\b7\b.{0,80}\bmiss|\bmiss\w*.{0,80}\b7\b/i;

describe('a schedule that stood still for eight days', () => {
  it('says how many windows a host has missed while nobody looked', async () => {
    await standStill(true);
    expect(world.hearersOf(/\bweb\b/, SEVEN)).toContain('ops@example.net');
  });

  it('says no such thing of hosts that wrote every night', async () => {
    await standStill(false);
    expect(world.heardOf(SEVEN)).toEqual([]);
    expect(world.isBad('web', '2026-11-23')).toBe(false);
  });
});
