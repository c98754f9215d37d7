// A full with a volume of one byte in its middle, and one whose signatures are empty.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, EVERYBODY, fullOf, startWorld, type World } from './world.ts';

const MiB = 1024 * 1024;
const WHOLE = [200 * MiB, 200 * MiB, 200 * MiB, 200 * MiB, 20 * MiB];
const ODD = [200 * MiB, 200 * MiB, 1, 200 * MiB, 20 * MiB];
const before = datesFrom('2026-11-20', 3);
const today = '2026-11-23';
const begun = (date: string) => `${date}T03:00:00Z`;

let world: World;
afterEach(() => world.close());

async function play(odd: { volumes?: readonly number[]; signatures?: number }): Promise<void> {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
  for (const date of before) {
    world.write('web', fullOf(begun(date), { volumes: WHOLE }));
    await world.morning(date);
  }
  world.forgetHeard();
  world.write('web', fullOf(begun(today), { volumes: WHOLE, ...odd }));
  await world.day(today);
}
const kinds = () => world.kinds('web', today);

describe('a full with a volume of one byte among others of 200 MiB', () => {
  it('is damaged, reaches every channel, and is no last good copy', async () => {
    await play({ volumes: ODD });
    expect(kinds()).toContain('damaged');
    expect(world.reported('web', today)?.lastGood?.startedAt).toBe(begun('2026-11-22'));
    expect(world.hearersOf(/\bweb\b/)).toEqual(EVERYBODY);
  });
});

describe('a full with signatures of 0 bytes', () => {
  it('is reported as one without', async () => {
    await play({ signatures: 0 });
    expect(kinds()).toContain('no-signatures');
    expect(world.heardOf(/\bweb\b/, /signatures/i)).not.toEqual([]);
  });
});
