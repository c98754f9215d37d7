import { describe, expect, it } from 'vitest';
import type { Collection } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import {
  changedFulls,
  type Fingerprint,
  mergeFingerprints,
  newFingerprints,
  placeOf,
  rememberedOpeners,
  unchangedOf,
} from '../../shared/rules/fingerprints.ts';
import { judge } from '../../shared/rules/judge.ts';
import { keepOf } from '../../shared/rules/lifecycle.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const now = at('2026-11-23T08:15:00Z');
const host = aHost();
const nights = ['2026-11-21', '2026-11-22', '2026-11-23'].map((day) =>
  aFull({ begun: `${day}T03:00:00Z` }),
);
const startedAt = at('2026-11-22T03:00:00Z');
/** A stand-in for a hash that tells one text from another. */
const hashesOf = ({ texts }: Collection) =>
  new Map(texts.map(({ startedAt: time, text }) => [time, text]));
const fingerprintsOf = (read: Collection) =>
  newFingerprints(host, [], read, hashesOf(read), new Map(), now);
const versioned = (objects = nights.flat()) => aHistory(objects).collected();
const recorded = fingerprintsOf(versioned());
const keep = keepOf(host, { unknown: 'not asked' });
const broken = (read: Collection, at_ = now, fingerprints: readonly Fingerprint[] = recorded) =>
  changedFulls(fingerprints, read, hashesOf(read), { keep, keepDays: 6, now: at_ });

describe('newFingerprints', () => {
  it('fingerprints every complete full with what it is', () => {
    expect(recorded.map(({ files, sealedAt }) => [files, sealedAt])).toEqual(
      Array(3).fill([4, now]),
    );
    expect(recorded.every(({ hash }) => hash !== undefined)).toBe(true);
  });

  it.each<[string, Collection]>([
    ['that is not complete', versioned(nights[1]?.slice(1) ?? [])],
    ['that was finished a minute ago', versioned(aFull({ begun: '2026-11-23T08:14:00Z' }))],
    [
      'that was overwritten',
      aHistory(nights[1] ?? [])
        .put('duplicity-full.20261122T030000Z.vol2.difftar.gpg', '2026-11-22T05:00:00Z')
        .collected(),
    ],
    [
      'from the future',
      versioned(aFull({ begun: '2099-01-01T00:00:00Z', done: '2026-11-23T03:00:00Z' })),
    ],
  ])('records none %s', (_, read) => {
    expect(fingerprintsOf(read)).toEqual([]);
  });

  it('records a full from the instant five minutes after it was finished', () => {
    const read = versioned(aFull({ begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:10:00Z' }));
    const since = at('2026-11-23T03:15:00Z');
    const count = (when: number) =>
      newFingerprints(host, [], read, hashesOf(read), new Map(), when).length;
    expect([since - 1, since].map(count)).toEqual([0, 1]);
  });

  it('remembers sizes where no versions are known, and fingerprints it when they are', () => {
    const unversioned = fingerprintsOf(collected(...nights.flat()));
    expect(unversioned.map(({ hash, bytes }) => [hash, bytes > 0])).toEqual(
      Array(3).fill([undefined, true]),
    );
    const read = versioned();
    expect(newFingerprints(host, unversioned, read, hashesOf(read), new Map(), now)).toHaveLength(
      3,
    );
    expect(newFingerprints(host, recorded, read, hashesOf(read), new Map(), now)).toEqual([]);
    const [, ...others] = recorded;
    const [added] = newFingerprints(host, others, read, hashesOf(read), new Map(), now);
    expect(added?.startedAt).toBe(recorded[0]?.startedAt);
  });
});

describe('changedFulls', () => {
  it('finds no change in fulls that are as they were recorded', () => {
    expect(broken(versioned())).toEqual([]);
  });

  it('finds a full that is gone, one with another file, and one with a file more', () => {
    expect(broken(versioned([...(nights[0] ?? []), ...(nights[2] ?? [])]))).toMatchObject([
      { startedAt, filesThen: 4, filesNow: 0 },
    ]);
    const others = aFull({ begun: '2026-11-22T03:00:00Z', volumeBytes: 7 });
    expect(
      broken(versioned([...(nights[0] ?? []), ...others, ...(nights[2] ?? [])])),
    ).toMatchObject([{ startedAt, filesThen: 4, filesNow: 4 }]);
    const more = aFull({ begun: '2026-11-22T03:00:00Z', volumes: 4 });
    expect(broken(versioned([...(nights[0] ?? []), ...more, ...(nights[2] ?? [])]))).toMatchObject([
      { startedAt, filesThen: 4, filesNow: 5 },
    ]);
  });

  it('takes no incremental that ends at its time for a full', () => {
    const increment = anIncremental('2026-11-21T03:00:00Z', '2026-11-22T03:00:00Z');
    const read = versioned([...(nights[0] ?? []), ...increment, ...(nights[2] ?? [])]);
    const found = broken(read);
    expect(found).toMatchObject([{ startedAt, filesNow: 0, bytesNow: 0 }]);
    expect(unchangedOf(read, found).sets.map(({ type }) => type)).toEqual(['full', 'inc', 'full']);
    const both = versioned([...nights.flat(), ...increment]);
    const [, fingerprint] = recorded;
    const swapped = broken(both, now, [{ ...(fingerprint as Fingerprint), hash: 'x' }]);
    expect(unchangedOf(both, swapped).sets.map(({ type }) => type)).toEqual([
      'full',
      'inc',
      'full',
    ]);
  });

  it('reports no change from the day on which lifecycle may hide the first file', () => {
    const empty = versioned([]);
    expect(broken(empty, at('2026-11-27T23:59:00Z'))).toHaveLength(3);
    expect(broken(empty, at('2026-11-28T00:00:00Z')).map((one) => one.startedAt)).not.toContain(
      at('2026-11-21T03:00:00Z'),
    );
    expect(broken(empty, at('2026-11-30T00:00:00Z'))).toEqual([]);
  });

  it('reports no change in a full that was not read this time', () => {
    expect(broken(collected(...nights.flat()))).toEqual([]);
    const hashless = recorded.map((fingerprint) => ({ ...fingerprint, hash: undefined }));
    expect(broken(versioned([]), now, hashless)).toEqual([]);
  });

  it('leaves a change to the versions where they show it', () => {
    const hidden = aHistory(nights.flat()).hide(
      (nights[1] ?? []).map(({ name }) => name),
      '2026-11-23T07:00:00Z',
    );
    expect(broken(hidden.collected())).toEqual([]);
    const overwritten = aHistory(nights.flat())
      .put('duplicity-full.20261122T030000Z.vol2.difftar.gpg', '2026-11-22T05:00:00Z')
      .collected();
    const judgement = judge(host, overwritten, now, { broken: broken(overwritten) });
    const [finding] = judgement.findings;
    expect(finding?.kind === 'tampered' && [finding.sets.length, finding.seals.length]).toEqual([
      1, 0,
    ]);
  });
});

describe('a verdict', () => {
  it('does not count a full with a changed fingerprint as a good copy', () => {
    const read = versioned();
    const [, , last] = recorded;
    if (last === undefined) throw new Error('no fingerprint');
    const found = broken(read, now, [{ ...last, hash: 'x' }]);
    const judgement = judge(host, read, now, { broken: found });
    expect(judgement.verdict).toBe('tampered');
    expect(judgement.lastGood?.startedAt).toBe(startedAt);
  });
});

describe('mergeFingerprints', () => {
  const [fingerprint] = recorded;
  if (fingerprint === undefined) throw new Error('no fingerprint');
  const opened = [{ name: 'x', reads: 'openpgp' as const, recipients: [], symmetric: 0 }].map(
    (one) => ({ ...one, ending: 'whole' as const }),
  );

  it('adds to a fingerprint who can open the same files, and changes nothing else', () => {
    expect(mergeFingerprints(fingerprint, { ...fingerprint, opened })).toEqual({
      ...fingerprint,
      opened,
    });
    expect(mergeFingerprints(fingerprint, { ...fingerprint, hash: 'x', opened })).toBe(fingerprint);
    expect(mergeFingerprints({ ...fingerprint, hash: undefined }, fingerprint)).toBe(fingerprint);
    const unversioned = { ...fingerprint, hash: undefined };
    expect(mergeFingerprints(unversioned, { ...unversioned, opened })).toBe(unversioned);
  });

  it('reads a full again that was recorded before the ends of files were checked', () => {
    const old = { ...fingerprint, opened: opened.map(({ ending: _, ...one }) => one) };
    const same = new Map([[fingerprint.startedAt, fingerprint.hash ?? '']]);
    expect(rememberedOpeners([old], fingerprint.startedAt, same)).toBeUndefined();
    expect(mergeFingerprints(old, { ...fingerprint, opened })).toEqual({ ...fingerprint, opened });
    expect(mergeFingerprints({ ...fingerprint, opened }, old)).toEqual({ ...fingerprint, opened });
  });

  it('reuses what was read of a full only for the very same files', () => {
    const known = [{ ...fingerprint, opened }];
    const same = new Map([[fingerprint.startedAt, fingerprint.hash ?? '']]);
    expect(rememberedOpeners(known, fingerprint.startedAt, same)).toBe(opened);
    expect(
      rememberedOpeners(known, fingerprint.startedAt, new Map([[fingerprint.startedAt, 'x']])),
    ).toBe(undefined);
    expect(rememberedOpeners(known, 0, same)).toBeUndefined();
  });

  it('returns what is remembered of one full among several', () => {
    const others = recorded.slice(1).map((other) => ({ ...other, opened: [] }));
    const hashes = new Map(recorded.map((one) => [one.startedAt, one.hash ?? '']));
    const all = [...others, { ...fingerprint, opened }];
    expect(rememberedOpeners(all, fingerprint.startedAt, hashes)).toBe(opened);
  });
});

describe('placeOf', () => {
  it('keeps the place key that the state bucket has used from the first day on', () => {
    expect(placeOf(host)).toBe('backups/web/');
    const prefixed = (archive: string, manifest: string) =>
      placeOf(aHost({ filePrefix: { ...NO_PREFIX, archive, manifest } }));
    expect(prefixed('x-', 'x-')).toBe('backups/web/x-');
    expect(prefixed('', 'm-')).toBe('backups/web/ "m-"');
  });

  it('gives another place key for another bucket, prefix or file prefix', () => {
    const hosts = [
      host,
      aHost({ target: { bucket: 'b', prefix: 'web/' } }),
      aHost({ name: 'db' }),
      aHost({ filePrefix: { ...NO_PREFIX, archive: 'x-', manifest: 'x-' } }),
      aHost({ filePrefix: { ...NO_PREFIX, manifest: 'm-' } }),
    ];
    expect(new Set(hosts.map(placeOf)).size).toBe(hosts.length);
  });
});
