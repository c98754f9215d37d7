// A host is renamed in the config while its window is still to be judged for good; its target stays.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configOf, EVERYBODY, fullOf, startWorld, type World } from './world.ts';

const BEFORE = configOf('{ web: {}, db: {} }');
const AFTER = configOf('{ www: { target: s3://backups/web/ }, db: {} }');

let world: World;
beforeEach(async () => {
  world = await startWorld(BEFORE);
  for (const host of ['web', 'db']) world.write(host, fullOf('2026-11-22T03:00:00Z'));
  await world.morning('2026-11-22');
  world.write('db', fullOf('2026-11-23T03:00:00Z'));
});
afterEach(() => world.close());

/** Monday's full as far as it had come at 08:00. */
const begin = () => {
  const full = fullOf('2026-11-23T07:30:00Z', { done: '2026-11-23T08:20:00Z' });
  world.write(
    'web',
    full.filter(({ at }) => at <= Date.parse('2026-11-23T08:00:00Z')),
  );
};

describe('a host that is late', () => {
  it('is reported when its grace is over', async () => {
    begin();
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T12:30:00Z');
    expect(world.hearersOf(/\bweb\b/, /incomplete/i)).toEqual(EVERYBODY);
  });

  it('is reported when its grace is over, though it was renamed before', async () => {
    begin();
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:45:00Z');
    await world.change(AFTER);
    await world.ticks('2026-11-23T09:00:00Z', '2026-11-23T12:30:00Z');
    expect(world.hearersOf(/\bwww\b/, /incomplete/i)).toEqual(EVERYBODY);
  });
});

describe('a host that cannot be read when it is due', () => {
  it('is reported when it can be read, though it was renamed before', async () => {
    const denied = world.aws.faults.add({
      ...{ service: 's3', prefix: 'web/' },
      fault: { error: 'AccessDenied' },
    });
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:45:00Z');
    expect(world.hearersOf(/\bweb\b/, /unreadable/i)).toEqual(EVERYBODY);
    await world.change(AFTER);
    denied.remove();
    await world.ticks('2026-11-23T09:00:00Z', '2026-11-23T12:30:00Z');
    expect(world.hearersOf(/\bwww\b/, /missing/i)).toEqual(EVERYBODY);
  });
});
