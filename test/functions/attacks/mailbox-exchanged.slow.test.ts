// An alarm could not be sent by mail, and the config comes to name another mailbox before it could.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, fullOf, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

describe('a mailbox that is exchanged in the config', () => {
  it('gets the alarm that was owed to the one before', async () => {
    world = await startWorld(configOf('{ web: {}, db: {} }'));
    for (const host of ['web', 'db']) world.write(host, fullOf('2026-11-22T03:00:00Z'));
    world.write('db', fullOf('2026-11-23T03:00:00Z'));
    const refusal = world.aws.faults.add({
      ...{ service: 'ses', operation: 'SendRawEmail' },
      fault: { error: 'MessageRejected', status: 400 },
    });
    await world.ticks('2026-11-23T08:15:00Z', '2026-11-23T08:45:00Z');
    await world.change(configOf('{ web: {}, db: {} }', { mailbox: 'new@example.net' }));
    refusal.remove();
    await world.ticks('2026-11-23T09:00:00Z', '2026-11-23T12:30:00Z');
    expect(world.hearersOf(/\bweb\b/, /missing/i)).toContain('new@example.net');
  });
});
