// A full to a foreign key comes to a host that takes longer to look at than the bucket's function has, each time.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  created,
  EVERYBODY,
  FOREIGN,
  fullOf,
  manifestOf,
  startWorld,
  type World,
} from './world.ts';

const FULL = '2026-11-23T14:00:00Z';

let world: World;
afterEach(() => world.close());

async function play(isSlow: boolean): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' }));
  for (const host of ['web', 'db']) world.write(host, fullOf('2026-11-23T03:00:00Z'));
  world.write('web', fullOf(FULL, { key: FOREIGN }));
  if (isSlow) {
    world.deployed.timeoutMs = 200;
    world.aws.faults.add({ service: 's3', prefix: 'web/', fault: { hang: true } });
  }
  const at = '2026-11-23T14:10:00Z';
  await world.announce([created(`web/${manifestOf(FULL)}`, at)], '2026-11-23T14:10:05Z');
}

describe('a host that an event is about', () => {
  it('is reported where there is time to look at it', async () => {
    await play(false);
    expect(world.hearersOf(/\bweb\b/)).toEqual(EVERYBODY);
  });

  it('is reported where the time never suffices to look at it', async () => {
    await play(true);
    expect(world.hearersOf(/\bweb\b/)).toEqual(EVERYBODY);
  });
});
