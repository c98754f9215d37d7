// A host misses its second window in a row, and something worse is found on it as well.
import { afterEach, describe, expect, it } from 'vitest';
import {
  BOSS,
  configOf,
  datesFrom,
  FOREIGN,
  fullOf,
  startWorld,
  volumeOf,
  type World,
} from './world.ts';

const THURSDAY = '2026-11-19T03:00:00Z';
const SATURDAY = '2026-11-21T03:00:00Z';
const MONDAY = '2026-11-23T03:00:00Z';

let world: World;
afterEach(() => world.close());

/** Good until Saturday, nothing on Sunday, and on Monday what a test does. */
async function play(onMonday: () => void): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' }));
  for (const date of datesFrom(THURSDAY.slice(0, 10), 5)) {
    world.write('db', fullOf(`${date}T03:00:00Z`));
    if (date <= SATURDAY.slice(0, 10)) world.write('web', fullOf(`${date}T03:00:00Z`));
    if (date === MONDAY.slice(0, 10)) {
      world.forgetHeard();
      onMonday();
      await world.day(date);
    } else await world.morning(date);
  }
}
const bossHeard = () => world.heardOf(/\bweb\b/).filter(({ by }) => by === BOSS);

describe('a second missed window', () => {
  it('reaches those who watch the monitor', async () => {
    await play(() => undefined);
    expect(bossHeard()).not.toEqual([]);
  });

  it('reaches them though the host was tampered with too', async () => {
    await play(() => world.overwrite(`web/${volumeOf(SATURDAY, 2)}`, '2026-11-23T07:00:00Z'));
    expect(world.hearersOf(/\bweb\b/, /tamper/i)).toContain('ops@example.net');
    expect(bossHeard()).not.toEqual([]);
  });

  it('reaches them though a full is there, which a doubled volume makes useless', async () => {
    const twin = volumeOf(MONDAY, 2).replace('vol2', 'vol02');
    await play(() => {
      world.write('web', fullOf(MONDAY));
      world.overwrite(`web/${twin}`, '2026-11-23T03:12:00Z');
    });
    expect(bossHeard()).not.toEqual([]);
  });

  it('reaches them though a full is there, to a foreign key', async () => {
    await play(() => world.write('web', fullOf(MONDAY, { key: FOREIGN })));
    expect(bossHeard()).not.toEqual([]);
  });
});
