import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { assessSets, type SetsEvidence, SKEW } from '../../shared/rules/assessment.ts';
import type { OpenedBy } from '../../shared/rules/finding.ts';
import { judge } from '../../shared/rules/judge.ts';
import { findSuperseded } from '../../shared/rules/retention.ts';
import { aFingerprint, aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { aHistory } from '../support/versions.ts';

const KEY = '0123456789ABCDEF';
const host = aHost({ recipients: [KEY] });
const begun = '2026-11-23T03:15:02Z';
const startedAt = at(begun);
const full = aFull({ begun, done: '2026-11-23T03:25:00Z', volumes: 4 });
const stem = 'duplicity-full.20261123T031502Z';
const VOL1 = `${stem}.vol1.difftar.gpg`;
const VOL2 = `${stem}.vol2.difftar.gpg`;
const VOL4 = `${stem}.vol4.difftar.gpg`;
const MANIFEST = `${stem}.manifest.gpg`;
const named = (part: string) => full.filter(({ name }) => name.includes(part));
const without = (part: string) => full.filter(({ name }) => !name.includes(part));
const bare = (part: string) =>
  named(part).map((one) => ({ ...one, name: one.name.replace(/\.gpg$/, '') }));
const resized = (part: string, bytes: number) => [
  ...without(part),
  ...named(part).map((one) => ({ ...one, bytes })),
];
const opener = (more: Partial<OpenedBy> = {}): OpenedBy => ({
  ...{ name: VOL4, reads: 'openpgp', recipients: [KEY], symmetric: 0, ending: 'whole' },
  ...more,
});
const openedAs = (more: Partial<OpenedBy> = {}): SetsEvidence => ({
  opened: new Map([[startedAt, [opener(more), opener({ name: MANIFEST })]]]),
});
const RIGHT = openedAs();

/** The one set of these objects. */
const assessed = (objects: readonly StoredObject[], evidence: SetsEvidence = RIGHT) => {
  const [one, ...more] = assessSets(host, collected(...objects), evidence).sets;
  if (one === undefined || more.length > 0) throw new Error('one set is expected');
  return one;
};
const ofHistory = (history: ReturnType<typeof aHistory>, evidence: SetsEvidence = RIGHT) => {
  const [one] = assessSets(host, history.collected(), evidence).sets;
  if (one === undefined) throw new Error('a set is expected');
  return one;
};
const inShort = ({ faults }: ReturnType<typeof assessed>) =>
  faults.map(({ spoils, finding }) =>
    finding === undefined ? spoils : `${spoils}: ${finding.severity} ${finding.kind}`,
  );
const evidenceIn = ({ faults }: ReturnType<typeof assessed>) => faults[0]?.finding;

describe('a set without a fault', () => {
  it('is good, and was done when its manifest was written', () => {
    const one = assessed(full);
    expect([one.good, one.complete, one.faults]).toEqual([true, true, []]);
    expect([one.startedAt, one.completedAt]).toEqual([startedAt, at('2026-11-23T03:25:00Z')]);
    expect(assessed(anIncremental('2026-11-22T03:15:00Z', begun)).good).toBe(true);
  });
});

describe('a set that lacks something', () => {
  it.each<[string, StoredObject[], object]>([
    ['no manifest', without('manifest'), { manifest: 'absent' }],
    ['an empty manifest', resized('manifest', 0), { manifest: 'empty' }],
    ['no volume', without('.vol'), { volumes: 0 }],
    ['no first volume', without('.vol1.'), { missingVolumes: [1] }],
    ['an empty volume', resized('.vol2.', 0), { emptyVolumes: [2] }],
    [
      'one volume lost, and another empty',
      resized('.vol3.', 0).filter(({ name }) => name !== VOL2),
      { missingVolumes: [2], emptyVolumes: [3] },
    ],
  ])('is incomplete with %s', (_, objects, evidence) => {
    const one = assessed(objects);
    expect([one.good, one.complete, one.completedAt]).toEqual([false, false, undefined]);
    expect(inShort(one)[0]).toBe('restoring: critical incomplete');
    expect(evidenceIn(one)).toMatchObject(evidence);
  });

  it.each<[string, StoredObject[]]>([
    ['two manifests', [...full, ...bare('manifest')]],
    ['a volume under two names', [...full, ...bare('.vol2.')]],
  ])('is not good with %s, and leaves that to poisoned', (_, objects) => {
    const one = assessed(objects);
    expect([one.good, one.complete]).toEqual([false, false]);
    expect(inShort(one)).toEqual(['restoring', 'superseding']);
  });

  it('is neither complete nor incomplete where its volumes were not read', () => {
    const objects = without('.vol');
    const read = collectSets({ objects, volumeStems: [`${stem}.vol`] }, NO_PREFIX);
    const [one] = assessSets(host, read, RIGHT).sets;
    expect([one?.good, one?.complete, one?.completedAt]).toEqual([false, undefined, undefined]);
  });
});

describe('a damaged set', () => {
  it('was there over five minutes before the time in its name', () => {
    const ahead = (ms: number) =>
      assessed([
        ...without('.vol1.'),
        ...named('.vol1.').map((one) => ({ ...one, firstModifiedAt: startedAt - ms })),
      ]);
    expect(inShort(ahead(SKEW))).toEqual([]);
    expect(inShort(ahead(SKEW + 1))).toEqual(['restoring: critical damaged']);
    expect(evidenceIn(ahead(SKEW + 1))).toMatchObject({ aheadMs: SKEW + 1, startedAt });
    // Written over later, it is still the file that was there too early.
    const again = aHistory(full.map((one) => ({ ...one, modifiedAt: startedAt - 2 * SKEW }))).retry(
      VOL1,
      '2026-11-23T03:20:00Z',
    );
    expect(ofHistory(again).good).toBe(false);
  });

  it('has a volume that is far smaller than the others, and not the last', () => {
    const one = assessed(resized('.vol2.', 1));
    expect(inShort(one)).toEqual(['restoring: critical damaged']);
    expect(evidenceIn(one)).toMatchObject({ oddVolumes: [2], aheadMs: 0, mixed: { count: 0 } });
    expect(assessed(resized('.vol4.', 1)).good).toBe(true);
  });

  const step = (minute: number) => `2026-11-23T03:${minute}:00Z`;
  const slow = full.map((one, index) => ({ ...one, modifiedAt: at(step(16 + index)) }));
  const bytesOf = (part: string) => ({ bytes: named(part)[0]?.bytes ?? 0 });

  it('was written by two machines: volume 1 got other bytes, and a lower volume when a higher one was there', () => {
    const mixed = ofHistory(aHistory(slow).put(VOL1, step(19), bytesOf('.vol1.')));
    expect(inShort(mixed)).toEqual(['restoring: critical damaged']);
    expect(evidenceIn(mixed)).toMatchObject({ mixed: { names: [VOL1], count: 1 }, oddVolumes: [] });
    const [first] = slow.filter(({ name }) => name === VOL1);
    const inStep = aHistory(slow)
      .put(VOL1, new Date((first?.modifiedAt ?? 0) + 1000).toISOString(), bytesOf('.vol1.'))
      .put(VOL2, step(20), bytesOf('.vol2.'));
    expect(evidenceIn(ofHistory(inStep))).toMatchObject({ mixed: { names: [VOL2] } });
    // A resumed run writes its last volume again, and a client sends the same bytes twice.
    expect(ofHistory(aHistory(slow).put(VOL4, step(20), bytesOf('.vol4.'))).good).toBe(true);
    expect(ofHistory(aHistory(slow).retry(VOL1, step(20))).good).toBe(true);
  });

  it('is none that a run with --concurrency wrote, which was killed with a gap and resumed before it', () => {
    // As 3.2.1 does it: volumes 1, 2 and 4 were there; it writes 2, 3 and 4, in any order.
    const killed = slow.filter(({ name }) => [VOL1, VOL2, VOL4].includes(name));
    const again = slow.filter(({ name }) => name !== VOL1 && name !== MANIFEST).reverse();
    const history = aHistory(killed);
    for (const [nth, { name }] of again.entries()) history.put(name, step(40 + nth), bytesOf(name));
    history.put(MANIFEST, step(50), bytesOf(MANIFEST));
    expect(inShort(ofHistory(history))).toEqual([]);
  });

  it('was written by two machines: its manifest has two contents', () => {
    const history = aHistory(full).put(MANIFEST, '2026-11-23T03:30:00Z', { bytes: 900 });
    expect(inShort(ofHistory(history))).toEqual(['restoring: critical damaged']);
    expect(ofHistory(aHistory(full).retry(MANIFEST, '2026-11-23T03:30:00Z')).good).toBe(true);
  });
});

describe('a set that was changed', () => {
  it('is not good once it was overwritten after it was finished, and leaves that to tampered', () => {
    const history = aHistory(full).put(VOL4, '2026-11-23T03:30:01Z', { bytes: 900 });
    expect(inShort(ofHistory(history))).toEqual(['restoring']);
    const manifest = aHistory(full).put(MANIFEST, '2026-11-23T09:00:00Z', { bytes: 900 });
    expect(inShort(ofHistory(manifest))).toEqual(['restoring']);
  });

  it('is not good where it differs from its fingerprint, and no incremental of that time is', () => {
    const then = { sealedAt: 0, filesThen: 5, bytesThen: 9, filesNow: 5, bytesNow: 9 };
    const broken = [{ startedAt, ...then }];
    expect(inShort(assessed(full, { ...RIGHT, broken }))).toEqual(['restoring']);
    const inc = anIncremental('2026-11-22T03:15:00Z', begun);
    expect(assessed(inc, { broken }).good).toBe(true);
  });
});

describe('a set whose bytes were looked at', () => {
  it.each<[string, Partial<OpenedBy>]>([
    ['a foreign key', { recipients: ['FEDCBA9876543210'] }],
    ['a passphrase', { symmetric: 1 }],
    ['no key at all', { reads: 'text', recipients: [] }],
  ])('is not good when it is encrypted to %s', (_, more) => {
    const one = assessed(full, openedAs(more));
    expect([one.good, one.complete]).toEqual([false, true]);
    expect(inShort(one)).toEqual(['restoring: critical wrong-recipient']);
  });

  it('is not good when a file ends before its message does', () => {
    const one = assessed(full, openedAs({ ending: 'truncated' }));
    expect(inShort(one)).toEqual(['restoring: critical maybe-truncated']);
    expect(one.good).toBe(false);
  });

  it.each<[string, SetsEvidence, string[]]>([
    ['were not read', {}, ['nothing: info wrong-recipient']],
    [
      'are hidden',
      openedAs({ recipients: ['0000000000000000'] }),
      ['nothing: info wrong-recipient'],
    ],
    [
      'end nobody knows where',
      openedAs({ ending: 'cannot tell' }),
      ['nothing: info maybe-truncated'],
    ],
  ])('is good, and says so, when they %s', (_, evidence, said) => {
    const one = assessed(full, evidence);
    expect([one.good, inShort(one)]).toEqual([true, said]);
  });
});

describe('a set that restores, and takes the place of none', () => {
  it.each<[string, StoredObject[], string]>([
    ['no signatures', without('sigtar'), 'superseding: warning no-signatures'],
    ['signatures of no bytes', resized('sigtar', 0), 'superseding: warning no-signatures'],
    ['names without encryption', bare('.'), 'superseding'],
  ])('has %s', (_, objects, fault) => {
    const one = assessed(objects);
    expect([one.good, inShort(one)]).toEqual([true, [fault]]);
  });

  it('is shrunk', () => {
    const fingerprints = [1, 2, 3].map((back) =>
      aFingerprint({ startedAt: startedAt - back * 86_400_000, bytes: 10 ** 12 }),
    );
    const one = assessed(full, { ...RIGHT, fingerprints });
    expect([one.good, inShort(one)]).toEqual([true, ['superseding: warning shrunk']]);
  });
});

describe('a set of which something is to be said', () => {
  it('has a last volume as full as the others, or has grown', () => {
    const filled = resized('.vol4.', 200 * 1024 * 1024);
    expect(inShort(assessed(filled))).toEqual(['nothing: info maybe-truncated']);
    const fingerprints = [1, 2, 3].map((back) =>
      aFingerprint({ startedAt: startedAt - back * 86_400_000, bytes: 10 ** 6, files: 5 }),
    );
    const one = assessed(full, { ...RIGHT, fingerprints });
    expect([one.good, inShort(one)]).toEqual([true, ['nothing: warning grew']]);
  });
});

describe('the fulls that delete markers hide', () => {
  const hide = (objects: readonly StoredObject[], names = objects.map(({ name }) => name)) =>
    assessSets(host, aHistory(objects).hide(names, '2026-11-23T06:00:00Z').collected(), RIGHT);

  it('are those that are good without them', () => {
    expect(hide(full).hidden.map(({ set }) => set.startedAt)).toEqual([startedAt]);
    expect(hide(full, [VOL2]).hidden).toHaveLength(1);
    expect(hide(without('.vol2.')).hidden).toEqual([]);
    expect(hide(resized('.vol2.', 1)).hidden).toEqual([]);
    expect(hide(anIncremental('2026-11-21T03:15:00Z', begun)).hidden).toEqual([]);
  });
});

/** Nights of one host; each may have one of the faults that spoil it. */
const NOW = at('2026-11-23T12:00:00Z');
type Night = { objects: StoredObject[]; history?: 'overwrite' | 'mix'; opened: OpenedBy };
const SPOILS: Record<string, (objects: StoredObject[]) => Partial<Night>> = {
  'no manifest': (all) => ({ objects: all.filter(({ name }) => !name.includes('manifest')) }),
  'lost volume': (all) => ({ objects: all.filter(({ name }) => !name.includes('.vol1.')) }),
  'empty volume': (all) => ({
    objects: all.map((one) => (one.name.includes('.vol2.') ? { ...one, bytes: 0 } : one)),
  }),
  'odd volume': (all) => ({
    objects: all.map((one) => (one.name.includes('.vol2.') ? { ...one, bytes: 1 } : one)),
  }),
  ahead: (all) => ({
    objects: all.map((one) => ({ ...one, modifiedAt: one.modifiedAt - 3_600_000 })),
  }),
  mixed: () => ({ history: 'mix' }),
  overwritten: () => ({ history: 'overwrite' }),
  'foreign key': () => ({ opened: opener({ recipients: ['FEDCBA9876543210'] }) }),
  cut: () => ({ opened: opener({ ending: 'truncated' }) }),
};
const aNight = (back: number, fault: string | undefined) => {
  const day = new Date(NOW - back * 86_400_000).toISOString().slice(0, 10);
  const objects = aFull({ begun: `${day}T03:00:00Z`, done: `${day}T03:10:00Z`, volumes: 4 });
  const night: Night = { objects, opened: opener() };
  const spoiled = { ...night, ...(fault === undefined ? {} : SPOILS[fault]?.(objects)) };
  const last = objects.find(({ name }) => name.includes('.vol4.'))?.name ?? '';
  return { ...spoiled, opened: { ...spoiled.opened, name: last }, day, fault };
};
const fault = fc.option(fc.constantFrom(...Object.keys(SPOILS)), { nil: undefined });

describe('a fault that spoils a set', () => {
  it('never leaves it as answer, last good copy, or what supersedes another', () => {
    const careful = aHost({ recipients: [KEY], keepLastGood: true, keepDays: 2 });
    let spoiled = 0;
    fc.assert(
      fc.property(fc.array(fault, { minLength: 1, maxLength: 9 }), (faults) => {
        const nights = faults.map((one, back) => aNight(back, one));
        const history = aHistory(nights.flatMap(({ objects }) => objects));
        for (const { history: change, objects, day } of nights) {
          const volume = objects.find(({ name }) => name.includes('.vol1.'));
          if (change === undefined || volume === undefined) continue;
          const when = change === 'mix' ? `${day}T03:12:00Z` : `${day}T05:00:00Z`;
          history.put(volume.name, when, { bytes: volume.bytes });
        }
        const read = history.collected(NOW);
        const opened = new Map(
          nights.map(({ day, opened: one }) => [at(`${day}T03:00:00Z`), [one]] as const),
        );
        const bad = new Set(
          nights.flatMap(({ day, fault: of }) => (of === undefined ? [] : at(`${day}T03:00:00Z`))),
        );
        spoiled += bad.size;
        const judgement = judge(careful, read, NOW, { opened });
        for (const set of [judgement.answer, judgement.lastGood, judgement.countdown?.set]) {
          expect(bad).not.toContain(set?.startedAt);
        }
        const good = nights.filter(({ fault: of }) => of === undefined);
        expect(judgement.lastGood?.startedAt).toBe(
          good[0] === undefined ? undefined : at(`${good[0].day}T03:00:00Z`),
        );
        if (bad.has(judgement.window.opensAt + 3 * 3_600_000)) {
          expect(judgement.findings[0]?.severity).toBe('critical');
        }
        const fulls = [...opened].map(([when, one]) =>
          aFingerprint({ startedAt: when, opened: one }),
        );
        const { sets } = findSuperseded(careful, read, NOW, {
          fulls: fulls.map((one) => ({ ...one, bytes: 800 * 1024 * 1024 })),
        });
        for (const set of sets) {
          const after = good.filter(({ day }) => at(`${day}T03:00:00Z`) > set.startedAt);
          expect(after.length).toBeGreaterThanOrEqual(2);
        }
      }),
      { numRuns: casesOf(300) },
    );
    expect(spoiled).toBeGreaterThan(casesOf(300));
  });
});
