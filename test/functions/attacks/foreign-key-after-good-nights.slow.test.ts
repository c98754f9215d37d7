// Ten good nights, and then every night to a key that is not ours: what was good stays the last good copy, and is kept.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configOf,
  datesFrom,
  EVERYBODY,
  FOREIGN,
  fullOf,
  startWorld,
  type World,
} from './world.ts';

const good = datesFrom('2026-11-01', 10);
const foreign = datesFrom('2026-11-11', 6);
const begun = (date: string) => `${date}T03:00:00Z`;
const lastGood = begun('2026-11-10');

let world: World;
beforeAll(async () => {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 6' }));
  for (const date of good) {
    world.write('web', fullOf(begun(date)));
    await world.morning(date);
  }
  world.forgetHeard();
  for (const date of foreign) {
    world.write('web', fullOf(begun(date), { key: FOREIGN }));
    await world.day(date);
  }
});
afterAll(() => world.close());

describe('a host whose nights go to a foreign key after ten good ones', () => {
  it('is alarmed on the first of them', () => {
    const first = world
      .heardOf(/\bweb\b/, /recipient|key/i)
      .filter(({ at }) => at < Date.parse(begun(foreign[1] ?? '')));
    expect([...new Set(first.map(({ by }) => by))].sort()).toEqual(EVERYBODY);
  });

  it('has the tenth night as its last good copy, for as long as that is there', () => {
    const shown = foreign.map((date) => world.reported('web', date)?.lastGood?.startedAt);
    expect(shown).toEqual(foreign.map(() => lastGood));
  });

  it('is called expiring before lifecycle hides the tenth night', () => {
    const kinds = foreign.flatMap((date) => world.kinds('web', date));
    expect(kinds).toContain('expiring');
  });
});
