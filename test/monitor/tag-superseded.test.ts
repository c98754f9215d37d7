import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { tagSuperseded } from '../../shared/monitor/tag-superseded.ts';
import { aConfig, aFull, aHost, at } from '../support/builders.ts';
import { inMemory } from '../support/in-memory.ts';
import { aHistory } from '../support/versions.ts';

const NOW = at('2026-11-23T20:30:00Z');
const names = Array.from({ length: 12 }, (_, index) => `host-${index}`);
const config = aConfig(names.map((name) => aHost({ name, keepLastGood: true })));
const nights = ['10', '11', '12', '13'].flatMap((date) =>
  aFull({ begun: `2026-11-${date}T03:00:00Z`, volumes: 30 }),
);
const list = inMemory([], {
  versions: names.flatMap((name) => aHistory(nights, `${name}/`).rows()),
});

describe('tagSuperseded', () => {
  it('tags a bounded number of objects at a time, and each once', async () => {
    let underWay = 0;
    let most = 0;
    const keys: string[] = [];
    const tag = async (_: string, key: string) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await setImmediate();
      underWay -= 1;
      keys.push(key);
    };
    const round = await tagSuperseded({ list, tag }, config, NOW);
    expect(round).toEqual({ hosts: 12, held: 0, sets: 24, tagged: 24 * 32, left: 0 });
    expect(new Set(keys).size).toBe(24 * 32);
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(64);
  });

  it('ends a round after so many tags, between two sets, and counts the hosts that are left', async () => {
    const keys: string[] = [];
    const tag = async (_: string, key: string) => void keys.push(key);
    const round = await tagSuperseded({ list, tag }, config, NOW, 100);
    expect(round.tagged).toBe(keys.length);
    expect(round.tagged % 32).toBe(0);
    expect(round.tagged).toBeLessThan(100 + 8 * 32);
    expect(round.left).toBeGreaterThan(0);
  });

  it('tags the parity of a set with the set', async () => {
    const parity = nights.map((one) => ({ ...one, name: `${one.name}.par2` }));
    const versions = aHistory([...nights, ...parity], 'host-0/').rows();
    const keys: string[] = [];
    const tag = async (_: string, key: string) => void keys.push(key);
    const [host] = config.hosts;
    const one = aConfig(host === undefined ? [] : [host]);
    const round = await tagSuperseded({ list: inMemory([], { versions }), tag }, one, NOW);
    expect(round).toMatchObject({ held: 0, sets: 2, tagged: 2 * 64 });
    const ofSets = nights.slice(0, 64).flatMap(({ name }) => [name, `${name}.par2`]);
    expect(keys.map((key) => key.slice('host-0/'.length)).sort()).toEqual(ofSets.sort());
  });

  it('goes on with the other hosts when one refuses, and then throws every reason', async () => {
    const keys: string[] = [];
    const tag = async (_: string, key: string) => {
      if (key.startsWith('host-3/')) throw new Error('refused');
      keys.push(key);
    };
    await expect(tagSuperseded({ list, tag }, config, NOW)).rejects.toThrow(
      /^1 of 12 hosts were not tidied: refused$/,
    );
    expect(keys).toHaveLength(22 * 32);
  });

  it('skips a host whose last good backup the config does not keep', async () => {
    const others = aConfig(names.map((name) => aHost({ name })));
    const tag = () => expect.fail('it tagged');
    expect(await tagSuperseded({ list, tag }, others, NOW)).toMatchObject({ hosts: 0, tagged: 0 });
  });
});
