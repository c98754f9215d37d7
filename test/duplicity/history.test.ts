import { describe, expect, it } from 'vitest';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import {
  collectHistories,
  type FileHistory,
  firstUploadAt,
  newestUpload,
  type Version,
} from '../../shared/duplicity/versions.ts';
import { at } from '../support/builders.ts';

let made = 0;
const version = (what: Version['what'], iso: string): Version => {
  made += 1;
  const seen = { versionId: `v${made}`, at: at(iso) };
  return what === 'marker' ? { what, ...seen } : { what, ...seen, bytes: 7, etag: `e${made}` };
};
const upload = (iso: string) => version('upload', iso);
const marker = (iso: string) => version('marker', iso);
const file = (name: string, ...history: Version[]): FileHistory => ({ name, history });

const early = upload('2026-11-22T03:05:00Z');
const late = upload('2026-11-22T05:00:00Z');
const hiddenAt = marker('2026-11-22T02:00:00Z');

describe('the uploads of a history', () => {
  it('are told apart from markers, the first and the newest', () => {
    expect(firstUploadAt([hiddenAt, late, early])).toBe(early.at);
    expect(newestUpload([hiddenAt, late, early])).toBe(late);
  });

  it('are undefined where there is only a marker, or nothing', () => {
    expect([firstUploadAt([hiddenAt]), newestUpload([hiddenAt])]).toEqual([undefined, undefined]);
    expect([firstUploadAt([]), newestUpload([])]).toEqual([undefined, undefined]);
  });
});

describe('collectHistories', () => {
  const MONDAY = '20261123T030000Z';
  const SUNDAY = '20261122T030000Z';
  const vol = (number: number) => `duplicity-full.${SUNDAY}.vol${number}.difftar.gpg`;
  const inc = `duplicity-inc.${SUNDAY}.to.${MONDAY}.vol1.difftar.gpg`;
  const signatures = `duplicity-full-signatures.${SUNDAY}.sigtar.gpg`;
  const manifest = `duplicity-full.${SUNDAY}.manifest.gpg`;
  const read = (files: FileHistory[], manifestAt: (id: string) => number | undefined = () => 1) =>
    collectHistories(files, NO_PREFIX, manifestAt);
  const twice = [late, early];

  it('puts the oldest set first and files by their names, in whatever order they were listed', () => {
    const files = [inc, vol(3), vol(1), vol(2)].map((name) => file(name, ...twice));
    const expected = [
      ['full', at('2026-11-22T03:00:00Z'), [vol(1), vol(2), vol(3)]],
      ['inc', at('2026-11-23T03:00:00Z'), [inc]],
    ];
    for (const listed of [files, files.toReversed()]) {
      expect(
        read(listed).map(({ type, startedAt, files: of }) => [
          type,
          startedAt,
          of.map(({ name }) => name),
        ]),
      ).toEqual(expected);
    }
  });

  it('counts signatures to the set of their kind, whichever file comes first', () => {
    const increments = `duplicity-new-signatures.${SUNDAY}.to.${MONDAY}.sigtar.gpg`;
    const sets = read([file(signatures, ...twice), file(increments, ...twice)]);
    expect(sets.map(({ type, files }) => [type, files.length])).toEqual([
      ['full', 1],
      ['inc', 1],
    ]);
    expect(read([file(vol(1), ...twice), file(signatures, ...twice)])).toHaveLength(1);
  });

  it('knows when a set was finished from its visible manifest, or else from the hidden one', () => {
    const hidden = file(manifest, hiddenAt, late, early);
    const at3 = read([file(vol(1), ...twice), hidden], () => 3);
    expect(at3[0]?.finishedAt).toBe(3);
    const invisible = () => undefined;
    for (const files of [
      [file(vol(1), ...twice), hidden],
      [hidden, file(vol(1), ...twice)],
    ]) {
      expect(read(files, invisible)[0]?.finishedAt).toBe(early.at);
    }
    expect(read([file(vol(1), ...twice)], invisible)[0]?.finishedAt).toBeUndefined();
  });

  it('gives no part to what duplicity never wrote, nor to what it has only begun', () => {
    const names = [
      `duplicity-full.${SUNDAY}.vol0.difftar.gpg`,
      'README',
      `duplicity-full.${SUNDAY}.manifest.part`,
    ];
    expect(read(names.map((name) => file(name, ...twice)))).toEqual([]);
  });
});
