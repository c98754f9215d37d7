import { describe, expect, it } from 'vitest';
import { collectSets, isComplete } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import { asOf } from '../../shared/duplicity/listing-versions.ts';
import { median } from '../../shared/duplicity/volumes.ts';
import { aFull, anObject, at, collected } from '../support/builders.ts';

const begun = '2026-11-23T03:15:02Z';

describe('collectSets', () => {
  it('sums up the volumes of a set', () => {
    const { sets } = collected(...aFull({ begun, volumes: 4, volumeBytes: 1000 }));
    expect(sets).toHaveLength(1);
    expect(sets[0]?.volumes).toMatchObject({ count: 4, bytes: 3100, missing: [], lastShare: 0.1 });
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
    expect(sets.map(isComplete)).toEqual([undefined]);
  });

  it('calls two spellings of one time poison, when volumes lie under both', () => {
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
