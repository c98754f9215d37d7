import { describe, expect, it } from 'vitest';
import type { BackupSet } from '../../shared/duplicity/backup-set.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import { judgeSize, judgeTail, type SizedFull } from '../../shared/rules/size.ts';
import { aFingerprint, aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';

const day = (date: number) => `2026-11-${String(date).padStart(2, '0')}T03:00:00Z`;
const bounds = { minBytes: 0, shrink: 0.5, grow: 2 };
const MiB = 1024 * 1024;

/** The full of the window, and fulls before it, newest last. */
const full = (bytes: number): BackupSet => {
  const [set] = collected(...aFull({ begun: day(23) })).sets;
  return { ...(set as BackupSet), bytes };
};
const fullsOf = (...sizes: number[]): SizedFull[] =>
  sizes.map((bytes, index) => ({
    startedAt: at(day(23)) - (sizes.length - index) * 86_400_000,
    ...{ bytes, volumes: 3 },
  }));
const usual = fullsOf(100 * MiB, 100 * MiB, 100 * MiB);
const kinds = (bytes: number, earlier = usual, own = bounds) =>
  judgeSize(full(bytes), earlier, own).map(({ kind }) => kind);

describe('judgeSize', () => {
  it.each([
    [50 * MiB - 1, ['shrunk']],
    [50 * MiB, []],
    [200 * MiB, []],
    [200 * MiB + 1, ['grew']],
  ])('of %i bytes after a usual 100 MiB is %j', (bytes, kind) => {
    expect(kinds(bytes)).toEqual(kind);
  });

  it('shows the bound and what is usual', () => {
    expect(judgeSize(full(49), fullsOf(100, 100, 100), bounds)).toEqual([
      { kind: 'shrunk', severity: 'warning', bytes: 49, usualBytes: 100, boundBytes: 50 },
    ]);
    expect(judgeSize(full(201 * MiB), usual, bounds)).toMatchObject([
      { kind: 'grew', usualBytes: 100 * MiB, boundBytes: 200 * MiB },
    ]);
  });

  it('lets a small host grow by 10 MiB, whatever share that is', () => {
    const small = fullsOf(10_000, 10_000, 10_000);
    expect(kinds(10_000 + 10 * MiB, small)).toEqual([]);
    expect(kinds(10_001 + 10 * MiB, small)).toEqual(['grew']);
    expect(kinds(4999, small)).toEqual(['shrunk']);
  });

  it('detects a slow drift that the last few fulls alone do not show', () => {
    const sizes = Array.from({ length: 30 }, (_, index) => 1000 * 1.06 ** (29 - index));
    expect(kinds(1000 / 1.06, fullsOf(...sizes.slice(-4)))).toEqual([]);
    expect(kinds(1000 / 1.06, fullsOf(...sizes))).toEqual(['shrunk']);
  });

  it("checks the config's own minimum first, which the exact size reaches", () => {
    const own = { ...bounds, minBytes: 800 };
    expect(kinds(800, [], own)).toEqual([]);
    expect(judgeSize(full(799), [], own)).toMatchObject([
      { kind: 'shrunk', usualBytes: undefined, boundBytes: 800 },
    ]);
  });

  it('knows nothing usual from two fulls', () => {
    expect(kinds(1, usual.slice(1))).toEqual([]);
  });
});

describe('what a size is compared with', () => {
  const nights = (...dates: number[]) => dates.map((date) => aFull({ begun: day(date) }));
  const small = aFull({ begun: day(23), volumeBytes: 1000 });
  const found = (
    earlier: readonly (readonly { name: string }[])[],
    fingerprints: Parameters<typeof aFingerprint>[0][] = [],
    host = aHost(),
  ) => {
    const read = collected(...([...earlier.flat(), ...small] as ReturnType<typeof aFull>));
    const { good } = assessSets(host, read, {
      fingerprints: fingerprints.map((one) => aFingerprint(one)),
    });
    return (good.at(-1)?.faults ?? []).flatMap(({ finding }) => finding?.kind ?? []);
  };
  const remembered = (date: number, more = {}) => ({
    ...{ startedAt: at(day(date)), bytes: 400 * MiB, files: 4 },
    ...more,
  });

  it('are the good fulls of before, and no damaged, later or incremental set', () => {
    expect(found(nights(18, 19, 20))).toEqual(['shrunk']);
    const two = nights(19, 20);
    const [, ...damaged] = aFull({ begun: day(18) });
    expect(found(two)).toEqual([]);
    expect(found([...two, damaged])).toEqual([]);
    expect(found([...two, anIncremental(day(17), day(18))])).toEqual([]);
    expect(found([...two, aFull({ begun: day(18), done: day(17) })])).toEqual([]);
  });

  it('are remembered ones too, and none is counted twice', () => {
    expect(
      found(
        [],
        [10, 11, 12].map((date) => remembered(date)),
      ),
    ).toEqual(['shrunk']);
    expect(found(nights(19, 20), [remembered(10)])).toEqual(['shrunk']);
    expect(found(nights(19, 20), [remembered(19), remembered(20), remembered(25)])).toEqual([]);
  });

  it('are none that are remembered as encrypted to a foreign key, or as cut', () => {
    const host = aHost({ recipients: ['0123456789ABCDEF'] });
    const one = { name: 'x', reads: 'openpgp' as const, symmetric: 0 };
    const [right, wrong] = ['0123456789ABCDEF', 'FEDCBA9876543210'].map((id) => ({
      ...one,
      recipients: [id],
      ending: 'whole' as const,
    }));
    const three = (opened: object) =>
      [10, 11, 12].map((date) => remembered(date, { opened: [opened] }));
    const sizes = (opened: object) => found([], three(opened), host).includes('shrunk');
    expect([right, wrong, { ...right, ending: 'truncated' }].map((o) => sizes(o ?? {}))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are thirty and no more', () => {
    const past = (bytesOf: (index: number) => number) =>
      Array.from({ length: 60 }, (_, index) => ({
        ...{ startedAt: at(day(22)) - index * 86_400_000, files: 4, bytes: bytesOf(index) },
      }));
    expect(
      found(
        [],
        past((index) => (index < 30 ? 1000 : 400 * MiB)),
      ),
    ).not.toContain('shrunk');
    expect(
      found(
        [],
        past((index) => (index < 30 ? 400 * MiB : 1)),
      ),
    ).toContain('shrunk');
  });
});

describe('judgeTail', () => {
  const set = (...sizes: number[]) => {
    const files = aFull({ begun: day(23), volumes: sizes.length });
    const [one] = collected(
      ...files.map((file, index) => ({ ...file, bytes: sizes[index] ?? 1 })),
    ).sets;
    return one as BackupSet;
  };
  const fullBefore = (volumes: number, bytes: number): SizedFull => ({
    ...{ startedAt: at(day(22)), bytes, volumes, volumeBytes: 100 },
  });
  const severity = (one: BackupSet, ...earlier: SizedFull[]) =>
    judgeTail(one, earlier).map((finding) => finding.severity);

  it('is information where the last volume is as full as the others: the emptiest of them have 94 %', () => {
    expect(severity(set(100, 100, 93))).toEqual([]);
    expect(severity(set(100, 100, 94))).toEqual(['info']);
    expect(severity(set(100, 100, 94), fullBefore(3, 297))).toEqual(['info']);
    expect(severity(set(100, 100, 94), fullBefore(2, 190))).toEqual(['info']);
    // Another one was behind it.
    expect(severity(set(100, 100, 94), fullBefore(4, 334))).toEqual(['warning']);
  });

  it.each([
    ['three volumes', set(100, 100, 100), fullBefore(4, 380)],
    ['two volumes', set(100, 100), fullBefore(3, 230)],
    ['one volume', set(100), fullBefore(2, 120)],
  ])('is a warning where a full of before had more: %s are left', (_, left, full_) => {
    expect(judgeTail(left, [full_])).toMatchObject([
      { severity: 'warning', volumesBefore: full_.volumes, volumes: (full_.volumes ?? 0) - 1 },
    ]);
    expect(severity(left, { ...full_, volumes: undefined, bytes: left.bytes })).toEqual(['info']);
  });

  it('is a warning where a full of before was bigger by about one volume', () => {
    const left = set(100, 100, 100);
    const bytes = (fewer: number) => fullBefore(3, left.bytes + fewer);
    expect([49, 50, 150, 151].map((fewer) => severity(left, bytes(fewer))[0])).toEqual([
      'info',
      'warning',
      'warning',
      'info',
    ]);
  });

  it('asks the last three, so that it lasts for some nights', () => {
    const left = set(100, 100, 100);
    const [lost, same] = [fullBefore(4, 350), fullBefore(3, left.bytes)];
    expect(severity(left, lost, same, same)).toEqual(['warning']);
    expect(severity(left, lost, same, same, same)).toEqual(['info']);
  });

  it('finds nothing in a host of one volume, or where the volumes were not read', () => {
    const { volumeBytes: _, ...single } = fullBefore(1, 101);
    expect(severity(set(100), single)).toEqual([]);
    expect(severity({ ...set(100, 100), volumes: undefined }, fullBefore(3, 300))).toEqual([]);
    // Bigger than a volume was: another --volsize.
    expect(severity(set(380), fullBefore(4, 380))).toEqual([]);
    expect(severity(set(106), fullBefore(2, 120))).toEqual(['warning']);
  });
});
