// One host is late, and 600 others are paused.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, fullOf, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

async function play(paused: number): Promise<void> {
  const pause = '{ paused: { until: 2026-12-01, because: move } }';
  const hosts = Array.from({ length: paused }, (_, index) => `host-${index}: ${pause}`);
  world = await startWorld(configOf(`{ ${[...hosts, 'slow: {}', 'web: {}'].join(', ')} }`));
  for (const host of ['slow', 'web']) world.write(host, fullOf('2026-11-22T03:00:00Z'));
  world.write('web', fullOf('2026-11-23T03:00:00Z'));
  const full = fullOf('2026-11-23T07:30:00Z', { done: '2026-11-23T08:20:00Z' });
  world.write('slow', full.slice(0, 3));
  await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:30:00Z');
}

describe('a host that is late', () => {
  it('is named by the mail among five that are paused', async () => {
    await play(5);
    expect(world.hearersOf(/\bslow\b/)).toContain('ops@example.net');
  });

  it('is named by the mail among 600 that are paused', async () => {
    await play(600);
    expect(world.hearersOf(/\bslow\b/)).toContain('ops@example.net');
  });
});
