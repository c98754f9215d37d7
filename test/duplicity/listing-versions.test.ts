import { describe, expect, it } from 'vitest';
import { asOf, isUnversioned, type StoredObject } from '../../shared/duplicity/versions.ts';
import { anObject, at } from '../support/builders.ts';

const written = (hour: number, versionId?: string): StoredObject => ({
  ...anObject(`file-${hour}`, { written: `2026-11-23T0${hour}:00:00Z` }),
  ...(versionId === undefined ? {} : { versionId }),
});
const listing = (...objects: StoredObject[]) => ({ objects, volumeStems: [] });

describe('isUnversioned', () => {
  it.each<[string, StoredObject[], boolean]>([
    ['of nothing: nothing says so', [], false],
    ['of objects whose versions were not listed: nothing says so', [written(1)], false],
    ['of versions that have names: no', [written(1, 'a'), written(2, 'b')], false],
    ['of versions called null: yes', [written(1, 'null'), written(2, 'null')], true],
    ['since versions are kept: no', [written(2, 'b'), written(1, 'null')], false],
    ['since they are kept no more: yes', [written(1, 'a'), written(2, 'null')], true],
    ['whatever the order of the objects', [written(2, 'null'), written(1, 'a')], true],
    ['by those whose versions were listed', [written(1, 'null'), written(2)], true],
  ])('%s', (_, objects, expected) => {
    expect(isUnversioned(listing(...objects))).toBe(expected);
  });
});

describe('asOf', () => {
  const upload = (hour: number) => ({
    what: 'upload' as const,
    versionId: `v${hour}`,
    at: at(`2026-11-23T0${hour}:00:00Z`),
    bytes: hour,
    etag: `etag ${hour}`,
  });
  const marker = { what: 'marker' as const, versionId: 'm', at: at('2026-11-23T05:00:00Z') };
  const hidden = { name: 'x', history: [marker, upload(3), upload(1)] };
  const then = (hour: number) =>
    asOf({ ...listing(written(2)), hidden: [hidden] }, at(`2026-11-23T0${hour}:00:00Z`));
  const bytes = (hour: number) =>
    then(hour)
      .objects.filter(({ name }) => name === 'x')
      .map((object) => [object.bytes, object.etag]);

  it('shows the version of that instant, and the file before it was hidden', () => {
    expect([1, 2, 3, 4].map(bytes)).toEqual([
      [[1, 'etag 1']],
      [[1, 'etag 1']],
      [[3, 'etag 3']],
      [[3, 'etag 3']],
    ]);
    expect(then(4).hidden).toEqual([]);
  });

  it('hides it from the very instant of its marker', () => {
    expect(bytes(5)).toEqual([]);
    expect(then(5).hidden).toEqual([hidden]);
  });

  it('leaves out what came later, and what was not there yet', () => {
    expect(then(1).objects.map(({ name }) => name)).toEqual(['x']);
    expect(then(2).objects.map(({ name }) => name)).toEqual(['file-2', 'x']);
    expect(asOf({ ...listing(), hidden: [hidden] }, at('2026-11-23T00:59:59Z')).objects).toEqual(
      [],
    );
  });

  it('gives no ETag to a version that has none', () => {
    const bare = { ...upload(1), etag: undefined };
    const [object] = asOf(
      { ...listing(), hidden: [{ name: 'x', history: [bare] }] },
      bare.at,
    ).objects;
    expect(object).toMatchObject({ name: 'x', versionId: 'v1', firstModifiedAt: bare.at });
    expect(object).not.toHaveProperty('etag');
  });
});
