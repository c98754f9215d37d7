// After a missed night a full of 1 MiB comes, where 621 MiB are usual.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  created,
  datesFrom,
  EVERYBODY,
  fullOf,
  manifestOf,
  startWorld,
  type World,
} from './world.ts';

const MiB = 1024 * 1024;
const USUAL = [200 * MiB, 200 * MiB, 200 * MiB, 20 * MiB];
const LATE = '2026-11-23T10:00:00Z';

let world: World;
afterEach(() => world.close());

async function comeLate(volumes: readonly number[], signatures: number): Promise<void> {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
  for (const date of datesFrom('2026-11-16', 7)) {
    world.write('web', fullOf(`${date}T03:00:00Z`, { volumes: USUAL }));
    await world.morning(date);
  }
  await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:30:00Z');
  expect(world.hearersOf(/\bweb\b/, /missing/i)).toEqual(EVERYBODY);
  world.forgetHeard();
  world.write('web', fullOf(LATE, { volumes, signatures }));
  const manifest = `web/${manifestOf(LATE)}`;
  await world.announce([created(manifest, '2026-11-23T10:10:00Z')], '2026-11-23T10:10:05Z');
  await world.ticks('2026-11-23T10:15:00Z', '2026-11-23T12:30:00Z');
}

describe('a full that comes after a missed night', () => {
  it('is OK AGAIN on every channel when it has its usual size', async () => {
    await comeLate(USUAL, MiB);
    expect(world.hearersOf(/\bweb\b/, /OK AGAIN/)).toEqual(EVERYBODY);
  });

  it('is never OK AGAIN when it has shrunk to 1 MiB', async () => {
    await comeLate([MiB], 1000);
    expect(world.heardOf(/OK AGAIN/)).toEqual([]);
  });
});
