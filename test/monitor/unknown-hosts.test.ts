import { describe, expect, it } from 'vitest';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { findUnknownPrefixes } from '../../shared/monitor/unknown-prefixes.ts';
import { aConfig, aFull, aHost, anObject } from '../support/builders.ts';
import { inMemory, keyed } from '../support/in-memory.ts';

const full = aFull({ begun: '2026-11-23T03:15:00Z' });
const config = aConfig([aHost(), aHost({ name: 'eu/prod/db' })]);

describe('findUnknownPrefixes', () => {
  it('names every prefix that holds objects and is of no host in the config', async () => {
    const list = inMemory([
      ...keyed('web/', full),
      ...keyed('eu/prod/db/', full),
      ...keyed('eu/prod/db2/', full),
      ...keyed('lost/and/found/', full),
      ...keyed('photos/', [anObject('cat.jpg')]),
      ...keyed('', [anObject('README.txt'), anObject('duplicity-full.20261123T031502Z.manifest')]),
      ...keyed('eu/', [anObject('note')]),
    ]);
    expect(await findUnknownPrefixes(list, config)).toEqual({
      prefixes: ['eu/prod/db2', 'lost/and/found', 'photos'],
      foreignObjects: 4,
    });
  });

  it('names a folder that it did not look into by its prefix', async () => {
    const many = Array.from({ length: 150 }, (_, n) => keyed(`x${n}/deep/`, full)).flat();
    const found = await findUnknownPrefixes(inMemory(many), config);
    expect('prefixes' in found && found.prefixes.length).toBe(150);
  });

  it('goes through any number of prefixes', async () => {
    const prefixes = Array.from({ length: 300_000 }, (_, n) => `x${n}/`);
    const nothing = { objects: [], hidden: [], prefixes: [], cut: false };
    const found = await findUnknownPrefixes(
      async ({ prefix }) => ({ ...nothing, prefixes: prefix === '' ? prefixes : [] }),
      config,
    );
    expect('prefixes' in found && found.prefixes.length).toBe(300_000);
  });

  it('returns the reason when the bucket could not be listed', async () => {
    const list = async () => {
      throw new TargetUnreadableError('AccessDenied (403)', 'allow it');
    };
    expect(await findUnknownPrefixes(list, config)).toEqual({
      unreadable: 'AccessDenied (403)',
      hint: 'allow it',
    });
  });
});
