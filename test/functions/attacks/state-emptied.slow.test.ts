// Somebody empties the state some hours before the next window closes, and the run that finds it so has nothing else to say.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, created, datesFrom, fullOf, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const HOSTS = ['web', 'db'];
const MEMORY = /\b(state|memory|records?)\b/i;

type How = Parameters<World['takeState']>[0];

/** Three good nights; in the last one the state is taken. */
async function play(how: How): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' }));
  const dates = datesFrom('2026-11-21', 3);
  for (const date of dates) {
    for (const host of HOSTS) world.write(host, fullOf(`${date}T03:00:00Z`));
    if (date === dates.at(-1)) break;
    await world.morning(date);
    // The first run of all may say so.
    if (date === dates[0]) world.forgetHeard();
  }
  // What is always said would be no warning.
  expect(world.heardOf(MEMORY)).toEqual([]);
  world.forgetHeard();
  await world.takeState(how);
}
const goOn = () => world.ticks('2026-11-23T05:00:00Z', '2026-11-23T12:30:00Z');
/** An event that there is something to tell of. */
async function wake(): Promise<void> {
  world.overwrite(UNKNOWN, '2026-11-23T04:00:00Z');
  await world.announce([created(UNKNOWN, '2026-11-23T04:00:00Z')], '2026-11-23T04:00:05Z');
}
const UNKNOWN = 'unknown/duplicity-full.20261123T040000Z.manifest.gpg';

describe('a state that was taken some hours before a window closes', () => {
  it.each<How>(['emptied', 'removed but for its reports'])('%s: is warned of', async (how) => {
    await play(how);
    await goOn();
    expect(world.hearersOf(MEMORY)).toContain('ops@example.net');
  });

  // With nothing left in the bucket it looks as before the very first run: each digest that is a first one says so.
  it('removed: is warned of', async () => {
    await play('removed');
    await goOn();
    expect(world.hearersOf(MEMORY)).toContain('ops@example.net');
  });

  it('emptied: is warned of though it was an event that found it so', async () => {
    await play('emptied');
    await wake();
    await goOn();
    expect(world.hearersOf(MEMORY)).toContain('ops@example.net');
  });

  it('removed but for its reports: is warned of though it was an event that found it so', async () => {
    await play('removed but for its reports');
    await wake();
    await goOn();
    expect(world.hearersOf(MEMORY)).toContain('ops@example.net');
  });

  it('removed: is warned of though it was an event that found it so', async () => {
    await play('removed');
    await wake();
    await goOn();
    expect(world.hearersOf(MEMORY)).toContain('ops@example.net');
  });
});
