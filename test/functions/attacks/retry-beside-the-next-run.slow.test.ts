// A run died before it could send, and is run again while the next one begins.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { configOf, EVERYBODY, fullOf, startWorld, type World } from './world.ts';

const DEAD = 'AKIADEAD';
const SEND = ['SendRawEmail', 'Publish'];

let world: World;
afterEach(() => world.close());

/** The run of 08:15 dies at its first message, and at 08:30 it is run again next to that of 08:30. */
async function play(isWritten: boolean): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }'));
  const { aws, deployed } = world;
  for (const host of ['web', 'db']) world.write(host, fullOf('2026-11-22T03:00:00Z'));
  for (const host of isWritten ? ['web', 'db'] : ['db'])
    world.write(host, fullOf('2026-11-23T03:00:00Z'));
  const never = new Promise<void>(() => undefined);
  const dead = { principal: DEAD, fault: { hold: 'undone', until: never } } as const;
  const sending = aws.faults.add({ ...dead, operation: SEND });
  const posting = vi.spyOn(globalThis, 'fetch').mockReturnValue(new Promise(() => undefined));
  vi.stubEnv('AWS_ACCESS_KEY_ID', DEAD);
  deployed.tick('2026-11-23T08:15:00Z').catch(() => undefined);
  // The text and the mail: both are on their way.
  while (sending.hits() < 2) await pause(5);
  // Whatever it sends at the same time is lost with it.
  await pause(50);
  aws.faults.add(dead);
  posting.mockRestore();
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.credentials.accessKeyId);
  // So long that neither of the two is done before the other has begun.
  aws.faults.add({ operation: SEND, fault: { latencyMs: 100 } });
  await Promise.all([
    world.tick('2026-11-23T08:15:00Z', '2026-11-23T08:30:01Z'),
    world.tick('2026-11-23T08:30:00Z', '2026-11-23T08:30:01Z'),
  ]);
  await world.ticks('2026-11-23T08:45:00Z', '2026-11-23T09:15:00Z');
}

describe('a run that is run again next to the next one', () => {
  it('lets each channel hear the alarm once', async () => {
    await play(false);
    const hearers = world.heardOf(/\bweb\b/, /missing/i).map(({ by }) => by);
    expect(hearers.sort()).toEqual(EVERYBODY);
  });

  it('lets the mailbox and the program hear the digest once', async () => {
    await play(true);
    expect(
      world
        .heardOf(/\bOK\b/)
        .map(({ by }) => by)
        .sort(),
    ).toEqual(EVERYBODY.filter((by) => !by.startsWith('+')));
  });
});
