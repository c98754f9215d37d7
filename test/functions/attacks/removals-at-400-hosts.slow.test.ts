// One object is removed at each of 400 hosts within 20 seconds.
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  configOf,
  EVERYBODY,
  fullOf,
  hidden,
  isoOf,
  startWorld,
  volumeOf,
  type World,
} from './world.ts';

const HOSTS = Array.from({ length: 400 }, (_, index) => `host-${index}`);
const BEGUN = '2026-11-23T03:00:00Z';
const AT = '2026-11-23T14:00:00Z';

// On a busy machine each takes minutes.
vi.setConfig({ testTimeout: 600_000 });

let world: World;
afterEach(() => world.close());

/** As messages of the queue, so many a batch, and then two hours of the schedule. */
async function play(batch: number): Promise<void> {
  world = await startWorld(configOf(`{ ${HOSTS.map((name) => `${name}: {}`).join(', ')} }`));
  for (const host of HOSTS) world.write(host, fullOf(BEGUN));
  const events = HOSTS.map((host, index) => {
    const key = `${host}/${volumeOf(BEGUN, 2)}`;
    const at = isoOf(Date.parse(AT) + Math.floor(index / 20) * 1000);
    world.hide(key, at);
    return hidden(key, at);
  });
  await world.announce(events, '2026-11-23T14:00:20Z', batch);
  await world.ticks('2026-11-23T14:15:00Z', '2026-11-23T16:00:00Z');
}

const namedIn = (text: string) => new Set(text.match(/\bhost-\d+\b/g));
/** By its names, or by the number that it gives: "400 hosts", "400/400", "400 of 400". */
const countedIn = (text: string) =>
  Math.max(
    namedIn(text).size,
    ...[...text.matchAll(/\b(\d+)(?= hosts|\/\d| of \d)/g)].map(([number]) => Number(number)),
  );

function expectAllHeard(): void {
  const tampering = world.heardOf(/tamper/i);
  const mails = tampering.filter(({ by }) => by === 'ops@example.net');
  expect(namedIn(mails.map(({ text }) => text).join()).size).toBe(400);
  for (const channel of EVERYBODY) {
    const own = tampering.filter(({ by }) => by === channel);
    const counted = own.reduce((sum, { text }) => sum + countedIn(text), 0);
    expect(counted, channel).toBeGreaterThanOrEqual(400);
  }
}

describe('one object removed at each of 400 hosts', () => {
  it('is heard of for every host, in batches of 80', async () => {
    await play(80);
    expectAllHeard();
  });

  it('is heard of for every host, in one batch', async () => {
    await play(500);
    expectAllHeard();
  });
});
