// With the key of a host that has stopped, fulls are uploaded that are named for the days to come.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  created,
  datesFrom,
  fullOf,
  manifestOf,
  startWorld,
  type World,
} from './world.ts';

const days = datesFrom('2026-11-24', 30);
const begun = (date: string) => `${date}T03:00:00Z`;
const UPLOADED = { from: '2026-11-23T14:00:00Z', done: '2026-11-23T14:10:00Z' };

let world: World;
afterEach(() => world.close());

describe('fulls that were uploaded ahead of the time in their names', () => {
  it('are never a last good copy on any of the days that they are named for', async () => {
    world = await startWorld(configOf('{ web: {} }', { more: 'keepDays: 60' }));
    for (const date of ['2026-11-22', '2026-11-23']) world.write('web', fullOf(begun(date)));
    await world.morning('2026-11-23');
    for (const date of days) world.write('web', fullOf(begun(date), UPLOADED));
    await world.announce(
      days.map((date) => created(`web/${manifestOf(begun(date))}`, UPLOADED.done)),
      '2026-11-23T14:10:05Z',
    );
    for (const date of days) await world.ticks(`${date}T08:15:00Z`, `${date}T08:15:00Z`);
    const reports = days.map((date) => world.reported('web', date));
    expect(reports.filter((one) => one?.verdict === 'ok')).toEqual([]);
    expect(new Set(reports.map((one) => one?.lastGood?.startedAt))).toEqual(
      new Set([begun('2026-11-23')]),
    );
    expect(world.heardOf(/OK AGAIN/)).toEqual([]);
  });
});
