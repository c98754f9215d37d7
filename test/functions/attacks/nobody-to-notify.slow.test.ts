// A config of four lines that names nobody to notify.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, fullOf, refusalOf, startWorld, type World } from './world.ts';

const CONFIG = `bucket: backups
region: eu-west-1
hosts:
  web: {}
`;

let world: World | undefined;
afterEach(() => world?.close());

describe('a config that names nobody to notify', () => {
  it('is not deployed, and what to write is said', () => {
    expect(refusalOf(CONFIG)).toMatch(/hosts\.yml:1: nobody is notified.*alerts: \{ mail:/);
    expect(refusalOf(configOf('{ web: {} }'))).toBe('');
  });

  it('that was deployed all the same does not say that it has told somebody', async () => {
    world = await startWorld(CONFIG);
    world.write('web', fullOf('2026-11-21T03:00:00Z'));
    const outcome = await world.deployed.tick('2026-11-23T08:15:00Z');
    expect(outcome).toMatchObject({ critical: 1, told: 'nobody' });
    expect(world.heard()).toEqual([]);
  });
});
