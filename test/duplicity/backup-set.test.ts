import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import { asOf } from '../../shared/duplicity/versions.ts';
import { median } from '../../shared/duplicity/volumes.ts';
import { aFull, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const begun = '2026-11-23T03:15:02Z';

describe('collectSets', () => {
  it('sums up the volumes of a set', () => {
    const { sets } = collected(...aFull({ begun, volumes: 4, volumeBytes: 1000 }));
    expect(sets).toHaveLength(1);
    expect(sets[0]?.volumes).toMatchObject({ count: 4, bytes: 3100, missing: [], odd: [] });
  });

  it('keeps the list of missing volumes short, however far a forged number goes', () => {
    const forged = anObject('duplicity-full.20261123T031502Z.vol999999999.difftar.gpg');
    const { sets } = collected(...aFull({ begun }), forged);
    expect(sets[0]?.volumes?.missing).toHaveLength(1000);
  });

  it('puts names cut at the volumes to their set, and knows that it does not know them', () => {
    const objects = aFull({ begun }).filter(({ name }) => !name.includes('.vol'));
    const { sets } = collectSets(
      { objects, volumeStems: ['duplicity-full.20261123T031502Z.vol', 'photos.vol'] },
      NO_PREFIX,
    );
    expect(sets).toHaveLength(1);
    expect(sets[0]?.volumes).toBeUndefined();
  });

  it('finds two spellings of one time poisoned, when volumes lie under both', () => {
    const { poison } = collectSets(
      {
        objects: [],
        volumeStems: [
          'duplicity-full.20261123T031502Z.vol',
          `duplicity-full.${at(begun) / 1000}.vol`,
        ],
      },
      NO_PREFIX,
    );
    expect(poison).toMatchObject([{ why: 'twice' }]);
  });
});

describe('a collection', () => {
  it('is the same for every order of its objects', () => {
    const objects = [
      ...aFull({ begun }),
      ...anIncremental('2026-11-21T03:15:00Z', '2026-11-23T04:00:00Z'),
      ...anIncremental('2026-11-20T03:15:00Z', '2026-11-23T04:00:00Z'),
      ...['b', 'a', 'c', 'duplicity-full.20261123T031502Z.vol01.difftar.gpg'].map((name) =>
        anObject(name),
      ),
      ...[
        'duplicity-full.20261122T031502Z.vol0.difftar.gpg',
        'duplicity-full.20261121T031502Z.vol0.difftar.gpg',
      ].map((name) => anObject(name)),
      ...['20261123', '20261122'].flatMap((day) =>
        aFull({
          begun: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T05:00:00Z`,
          encrypted: false,
        }),
      ),
    ];
    const collection = collected(...objects);
    expect(collection.foreign).toHaveLength(4);
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        expect(collected(...shuffled)).toEqual(collection);
      }),
      { numRuns: 30 },
    );
  });

  it('finds a full that delete markers hide, since the first of them, and no set that is there', () => {
    const history = aHistory([...aFull({ begun }), ...aFull({ begun: '2026-11-22T03:15:02Z' })]);
    const names = aFull({ begun: '2026-11-22T03:15:02Z' }).map(({ name }) => name);
    history
      .hide(names.slice(1), '2026-11-23T06:00:00Z')
      .hide(names.slice(0, 1), '2026-11-23T05:00:00Z');
    const { hiddenFulls } = history.collected();
    expect(hiddenFulls).toMatchObject([{ hiddenAt: at('2026-11-23T05:00:00Z') }]);
    expect(hiddenFulls[0]?.set.startedAt).toBe(at('2026-11-22T03:15:02Z'));
  });

  it('takes a folder of the console for nothing, and nothing else that ends so', () => {
    const { foreign } = collected(
      ...['', 'sub/'].map((name) => anObject(name, { bytes: 0 })),
      ...['log', 'other/'].map((name) => anObject(name)),
    );
    expect(foreign).toEqual(['log', 'other/']);
  });
});

describe('asOf', () => {
  it('leaves out what was first written later', () => {
    const listing = { objects: [anObject('a', { written: begun })], volumeStems: [] };
    expect(asOf(listing, at(begun)).objects).toHaveLength(1);
    expect(asOf(listing, at(begun) - 1).objects).toHaveLength(0);
  });
});

describe('median', () => {
  it('is the middle value, or the mean of the two', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });
});
