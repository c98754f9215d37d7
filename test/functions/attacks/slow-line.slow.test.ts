// A host on a slow line: its last volume is over an hour old when it is due, and by its own pace the next is on its way.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configOf, EVERYBODY, fullOf, startWorld, type World } from './world.ts';

const MiB = 1024 * 1024;
const FOUR = { volumes: [200 * MiB, 200 * MiB, 200 * MiB, 20 * MiB] };
/** An object each 105 minutes: 01:55, 03:40, 05:25, 07:10, and the signatures and the manifest at 08:55 and 10:40. */
const SLOW = fullOf('2026-11-23T00:10:00Z', { ...FOUR, done: '2026-11-23T10:40:00Z' });
/** An object each five minutes, and none after 07:10. */
const STALLED = fullOf('2026-11-23T06:50:00Z', { ...FOUR, done: '2026-11-23T07:20:00Z' });
const FAILED = /\bweb\b.*(INCOMPLETE|MISSING)|(INCOMPLETE|MISSING).*\bweb\b/;

let world: World;
beforeEach(async () => {
  world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 30' }));
  world.write('web', fullOf('2026-11-22T00:20:00Z', { ...FOUR, done: '2026-11-22T01:00:00Z' }));
  await world.morning('2026-11-22');
  world.forgetHeard();
});
afterEach(() => world.close());

const writeUntil = (iso: string, full = SLOW) =>
  world.write(
    'web',
    full.filter(({ at }) => at <= Date.parse(iso)),
  );

describe('a full whose last volume is 65 minutes old when it is due', () => {
  it('is late by its own pace, and all is well when it is done within its grace', async () => {
    writeUntil('2026-11-23T08:15:00Z');
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:15:00Z');
    expect(world.kinds('web', '2026-11-23')).toContain('late');
    writeUntil('2026-11-23T12:00:00Z');
    await world.ticks('2026-11-23T08:30:00Z', '2026-11-23T12:30:00Z');
    expect(world.heardOf(FAILED)).toEqual([]);
  });

  it('is INCOMPLETE when its grace is over, and not before', async () => {
    writeUntil('2026-11-23T08:15:00Z');
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T12:30:00Z');
    const heard = world.heardOf(FAILED);
    expect([...new Set(heard.map(({ by }) => by))].sort()).toEqual(EVERYBODY);
    expect(Math.min(...heard.map(({ at }) => at))).toBe(Date.parse('2026-11-23T12:15:00Z'));
  });

  it('is INCOMPLETE at once where its volumes came every five minutes', async () => {
    writeUntil('2026-11-23T07:10:00Z', STALLED);
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:30:00Z');
    expect(world.hearersOf(FAILED)).toEqual(EVERYBODY);
  });
});
