// A full to a foreign key, and behind it a lone manifest with a later name to the right key.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  dateAfter,
  datesFrom,
  EVERYBODY,
  FOREIGN,
  fullOf,
  startWorld,
  type World,
} from './world.ts';

const nights = datesFrom('2026-11-15', 9);
const begun = (date: string) => `${date}T03:00:00Z`;
const loneManifest = (date: string) => fullOf(`${date}T04:00:00Z`).slice(-1);

let world: World;
afterEach(() => world.close());

/** Two good nights, and then so many of the attack. */
async function play(dates: readonly string[]): Promise<void> {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
  for (const back of [-2, -1]) {
    const date = dateAfter('2026-11-15', back);
    world.write('web', fullOf(begun(date)));
    await world.morning(date);
  }
  world.forgetHeard();
  for (const date of dates) {
    world.write('web', [...fullOf(begun(date), { key: FOREIGN }), ...loneManifest(date)]);
    await world.day(date);
  }
}

describe('a full to a foreign key', () => {
  it('reaches every channel though a lone manifest has a later name', async () => {
    await play(nights.slice(0, 1));
    expect(world.hearersOf(/\bweb\b/, /recipient|key/i)).toEqual(EVERYBODY);
  });

  it('is no backup on any of nine mornings, and no last good copy', async () => {
    await play(nights);
    const stood = nights.map((date) => world.reported('web', date));
    expect(stood.filter((one) => one?.verdict === 'ok')).toEqual([]);
    expect(new Set(stood.map((one) => one?.lastGood?.startedAt))).toEqual(
      new Set([begun('2026-11-14')]),
    );
  });
});
