import { describe, expect, it } from 'vitest';
import type { Collection } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import {
  changedFulls,
  type Fingerprint,
  mergeFingerprints,
  placeOf,
  rememberedOpeners,
} from '../../shared/rules/fingerprints.ts';
import { judge } from '../../shared/rules/judge.ts';
import { heldAlways, keepOf } from '../../shared/rules/lifecycle.ts';
import { newsOfLook } from '../../shared/rules/record.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const now = at('2026-11-23T08:15:00Z');
const host = aHost();
const nights = ['2026-11-21', '2026-11-22', '2026-11-23'].map((day) =>
  aFull({ begun: `${day}T03:00:00Z` }),
);
const startedAt = at('2026-11-22T03:00:00Z');
const keeps = heldAlways(keepOf(host, { unknown: 'not asked' }), 6);
/** A stand-in for a hash that tells one text from another. */
const hashesOf = ({ texts }: Collection) =>
  new Map(texts.map(({ startedAt: time, text }) => [time, text]));
const fingerprintsOf = (collection: Collection) =>
  newsOfLook(
    host,
    {
      ...{ collection, assessed: assessSets(host, collection), hashes: hashesOf(collection) },
      ...{ opened: new Map(), keeps },
    },
    now,
  ).fulls;
const versioned = (objects = nights.flat()) => aHistory(objects).collected();
const recorded = fingerprintsOf(versioned());
const broken = (read: Collection, at_ = now, fingerprints: readonly Fingerprint[] = recorded) =>
  changedFulls(fingerprints, read, hashesOf(read), keeps, at_);

describe('changedFulls', () => {
  it('finds nothing on fulls that are what they were', () => {
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
    const both = versioned([...nights.flat(), ...increment]);
    const [, fingerprint] = recorded;
    const swapped = broken(both, now, [{ ...(fingerprint as Fingerprint), hash: 'x' }]);
    const { sets } = assessSets(host, both, { broken: swapped });
    expect(sets.map(({ set, good }) => [set.type, good])).toEqual([
      ['full', true],
      ...(sets[1]?.set.type === 'full'
        ? [
            ['full', false],
            ['inc', true],
          ]
        : [
            ['inc', true],
            ['full', false],
          ]),
      ['full', true],
    ]);
  });

  it('excuses all from the day on which lifecycle may hide the first file', () => {
    const empty = versioned([]);
    expect(broken(empty, at('2026-11-27T23:59:00Z'))).toHaveLength(3);
    expect(broken(empty, at('2026-11-28T00:00:00Z')).map((one) => one.startedAt)).not.toContain(
      at('2026-11-21T03:00:00Z'),
    );
    expect(broken(empty, at('2026-11-30T00:00:00Z'))).toEqual([]);
  });

  it('does not take for broken what was not read this time', () => {
    expect(broken(collected(...nights.flat()))).toEqual([]);
    const hashless = recorded.map((fingerprint) => ({ ...fingerprint, hash: undefined }));
    expect(broken(versioned([]), now, hashless)).toEqual([]);
  });

  it('leaves to the versions what they tell of', () => {
    const hidden = aHistory(nights.flat()).hide(
      (nights[1] ?? []).map(({ name }) => name),
      '2026-11-23T07:00:00Z',
    );
    expect(broken(hidden.collected())).toEqual([]);
    // Nothing is left below the delete markers, as where versions are suspended.
    for (const { name } of nights[1] ?? []) hidden.forget(name);
    expect(broken(hidden.collected())).toMatchObject([{ startedAt }]);
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
  it('takes a full with a broken fingerprint for no good copy', () => {
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

  const hashes = new Map(recorded.map((one) => [one.startedAt, one.hash ?? '']));

  it('adds who can open the same files, and changes nothing else', () => {
    expect(mergeFingerprints(fingerprint, { ...fingerprint, opened })).toEqual({
      ...fingerprint,
      opened,
    });
    expect(mergeFingerprints(fingerprint, { ...fingerprint, hash: 'x', opened })).toBe(fingerprint);
    expect(mergeFingerprints({ ...fingerprint, hash: undefined }, fingerprint)).toBe(fingerprint);
    const unversioned = { ...fingerprint, hash: undefined };
    expect(mergeFingerprints(unversioned, { ...unversioned, opened })).toBe(unversioned);
  });

  it('takes no proof that nothing was cut from before that was looked at', () => {
    const old = { ...fingerprint, opened: opened.map(({ ending: _, ...one }) => one) };
    expect(rememberedOpeners([old], hashes).size).toBe(0);
    expect(mergeFingerprints(old, { ...fingerprint, opened })).toEqual({ ...fingerprint, opened });
    expect(mergeFingerprints({ ...fingerprint, opened }, old)).toEqual({ ...fingerprint, opened });
  });

  it('has what was read of these very files only', () => {
    const known = [{ ...fingerprint, opened }];
    expect(rememberedOpeners(known, hashes).get(fingerprint.startedAt)).toBe(opened);
    expect(rememberedOpeners(known, new Map([[fingerprint.startedAt, 'x']])).size).toBe(0);
    expect(rememberedOpeners([fingerprint], hashes).size).toBe(0);
    expect(rememberedOpeners([{ ...known[0], hash: undefined } as Fingerprint], hashes).size).toBe(
      0,
    );
    expect(rememberedOpeners(known).get(fingerprint.startedAt)).toBe(opened);
  });

  it('has each full, and one in cold storage as one that was looked at', () => {
    const all = recorded.map((one, index) => ({ ...one, opened: index === 0 ? opened : [] }));
    expect([...rememberedOpeners(all, hashes).values()]).toEqual([opened, [], []]);
  });
});

describe('placeOf', () => {
  it('is what the state bucket has known a place by from the first day on', () => {
    expect(placeOf(host)).toBe('backups/web/');
    const prefixed = (archive: string, manifest: string) =>
      placeOf(aHost({ filePrefix: { ...NO_PREFIX, archive, manifest } }));
    expect(prefixed('x-', 'x-')).toBe('backups/web/x-');
    expect(prefixed('', 'm-')).toBe('backups/web/ "m-"');
  });

  it('is another one for another bucket, prefix or file prefix', () => {
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
