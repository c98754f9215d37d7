// A host's key writes a flood of manifests that are no backups, and behind them destroys the old ones.
import { afterEach, describe, expect, it } from 'vitest';
import {
  configOf,
  created,
  datesFrom,
  EVERYBODY,
  fullOf,
  isoOf,
  manifestOf,
  startWorld,
  type World,
} from './world.ts';

const CONFIG = configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' });
const nights = datesFrom('2026-11-01', 23);
const begun = (date: string) => `${date}T03:00:00Z`;
const TAMPERED = /tamper/i;
const WEB = /\bweb\b/;

let world: World;
afterEach(() => world.close());

/** So many lone manifests of long ago, and among them garbage over the manifests of these nights. */
async function attack(lone: number, victims: readonly string[]): Promise<void> {
  const at = '2026-11-23T14:00:00Z';
  const old = Array.from({ length: lone }, (_, minute) =>
    manifestOf(isoOf(Date.parse('2025-01-01T00:00:00Z') + minute * 60_000)),
  );
  const destroyed = victims.map((date) => manifestOf(begun(date)));
  const names = [...old.slice(0, 20), ...destroyed, ...old.slice(20)];
  for (const name of names) world.overwrite(`web/${name}`, at);
  await world.announce(
    names.map((name) => created(`web/${name}`, at)),
    '2026-11-23T14:00:20Z',
  );
}

async function start(): Promise<void> {
  world = await startWorld(CONFIG);
  for (const host of ['web', 'db'])
    for (const date of nights) world.write(host, fullOf(begun(date)));
  await world.morning('2026-11-23');
  world.forgetHeard();
}

describe('garbage over the manifest of an older full', () => {
  it('reaches every channel', async () => {
    await start();
    await attack(0, ['2026-11-05']);
    expect(world.hearersOf(WEB, TAMPERED)).toEqual(EVERYBODY);
  });

  it.each([20, 1000])('reaches every channel behind %i lone manifests', async (lone) => {
    await start();
    await attack(lone, ['2026-11-05']);
    await world.ticks('2026-11-23T14:15:00Z', '2026-11-23T15:00:00Z');
    expect(world.hearersOf(WEB, TAMPERED)).toEqual(EVERYBODY);
  });

  it('of 19 fulls is heard of before their good versions are gone', async () => {
    await start();
    await attack(20, nights.slice(0, 19));
    for (const date of datesFrom('2026-11-24', 7)) {
      for (const host of ['web', 'db']) world.write(host, fullOf(begun(date)));
      await world.morning(date);
    }
    expect(world.hearersOf(WEB, TAMPERED)).toEqual(EVERYBODY);
  });
});
