import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BackupSet,
  type Collection,
  collectSets,
  membersOf,
} from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { assessSets, SKEW } from '../../shared/rules/assessment.ts';
import { findSuperseded } from '../../shared/rules/retention.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { aHistory } from '../support/versions.ts';

const NOW = at('2026-11-23T20:30:00Z');
const host = aHost({ keepLastGood: true });
const night = (date: string, more: Partial<Parameters<typeof aFull>[0]> = {}) =>
  aFull({ begun: `2026-11-${date}T03:00:00Z`, done: `2026-11-${date}T03:10:00Z`, ...more });
const wrote = (iso: string) => ({ modifiedAt: at(iso), firstModifiedAt: at(iso) });
const named = (read: Collection, now = NOW, of = host) =>
  findSuperseded(of, read, now).sets.map(({ startedAt }) =>
    new Date(startedAt).toISOString().slice(0, 10),
  );
const superseded = (...objects: readonly StoredObject[]) => named(collected(...objects));

describe('findSuperseded', () => {
  const two = [...night('12'), ...night('13')];

  it('finds what two good fulls have replaced that have stood for keepDays', () => {
    expect(superseded(...night('10'), ...night('11'), ...two)).toEqual([
      '2026-11-10',
      '2026-11-11',
    ]);
    expect(superseded(...night('11'), ...night('12'), ...night('18'))).toEqual([]);
  });

  it('counts the days of a successor from the last write to it, to the instant', () => {
    const read = collected(...night('11'), ...two);
    const since = at('2026-11-19T03:10:00Z');
    expect([since - 1, since].map((now) => named(read, now))).toEqual([[], ['2026-11-11']]);
  });

  it('takes older garbage: sets that lack something, and incrementals', () => {
    const broken = night('10').filter(({ name }) => !name.includes('vol2'));
    const increment = anIncremental('2026-11-10T03:00:00Z', '2026-11-11T03:00:00Z');
    expect(superseded(...broken, ...increment, ...two)).toEqual(['2026-11-10', '2026-11-11']);
    expect(superseded(...broken, ...increment, ...night('12'))).toEqual([]);
  });

  it('counts one whose volumes were uploaded in parts, as duplicity uploads large ones', () => {
    const inParts = night('13').map((one) =>
      one.name.includes('.vol') ? { ...one, etag: '08e094318bb7972bf9dc852797322792-6' } : one,
    );
    expect(superseded(...night('10'), ...night('12'), ...inParts)).toEqual(['2026-11-10']);
  });

  it('takes garbage however large it is', () => {
    const killed = night('10', { volumes: 40 }).filter(({ name }) => !name.includes('manifest'));
    expect(superseded(...killed, ...two)).toEqual(['2026-11-10']);
  });

  it('leaves a set of which a file was written again while its successor was on its way', () => {
    const again = night('10').map((one) =>
      one.name.includes('vol2') ? { ...one, modifiedAt: at('2026-11-12T03:05:00Z') } : one,
    );
    const slow = night('12').map((one) =>
      one.name.includes('vol1') ? { ...one, ...wrote('2026-11-12T03:01:00Z') } : one,
    );
    expect(superseded(...night('10'), ...slow, ...night('13'))).toEqual(['2026-11-10']);
    expect(superseded(...again, ...slow, ...night('13'))).toEqual([]);
  });

  it('takes a set from the future by the time at which it was written', () => {
    const future = aFull({ begun: '2099-01-01T00:00:00Z', done: '2026-11-11T10:00:00Z' });
    expect(superseded(...future, ...two)).toEqual(['2099-01-01']);
    expect(
      superseded(...aFull({ begun: '2099-01-01T00:00:00Z', done: '2026-11-12T10:00:00Z' }), ...two),
    ).toEqual([]);
  });

  it('treats a name as from the future when it is further ahead than clocks may differ', () => {
    const ahead = (ms: number) =>
      aFull({ begun: new Date(NOW + ms).toISOString(), done: '2026-11-11T10:00:00Z' });
    expect(superseded(...ahead(SKEW), ...two)).toEqual([]);
    expect(superseded(...ahead(SKEW + 1000), ...two)).toEqual(['2026-11-23']);
  });

  it('leaves a set of which the last file came at the very instant of the first of its successor', () => {
    const last = (iso: string) =>
      night('11').map((one) => (one.name.includes('manifest') ? { ...one, ...wrote(iso) } : one));
    const first = Math.min(...two.map(({ modifiedAt }) => modifiedAt));
    const instant = (ms: number) => new Date(first + ms).toISOString();
    expect(superseded(...last(instant(-1)), ...two)).toEqual(['2026-11-11']);
    expect(superseded(...last(instant(0)), ...two)).toEqual([]);
  });

  it('keeps a name that was from the future while it is one of the newest two', () => {
    const ahead = aFull({ begun: '2026-11-20T03:00:00Z', done: '2026-11-11T03:10:00Z' });
    expect(superseded(...ahead, ...two)).toEqual([]);
  });

  it.each<[string, StoredObject[]]>([
    ['two of one day', [...night('13'), ...aFull({ begun: '2026-11-13T05:00:00Z' })]],
    [
      'one finished on the next day',
      [...night('12'), ...aFull({ begun: '2026-11-13T23:50:00Z', done: '2026-11-14T00:40:00Z' })],
    ],
    [
      'one named for another day',
      [...night('12'), ...aFull({ begun: '2026-11-14T03:00:00Z', done: '2026-11-13T03:00:00Z' })],
    ],
    ['one that is not encrypted', [...night('12'), ...night('13', { encrypted: false })]],
    ['one without signatures', [...night('12'), ...night('13', { signatures: false })]],
    ['one of under half the size', [...night('12'), ...night('13', { volumes: 1 })]],
    [
      'one with a gap',
      [...night('12'), ...night('13').filter(({ name }) => !name.includes('vol2'))],
    ],
    [
      'one of which a file came a day later',
      [
        ...night('12'),
        ...night('13').map((one) =>
          one.name.includes('vol2') ? { ...one, ...wrote('2026-11-14T05:00:00Z') } : one,
        ),
      ],
    ],
    [
      'one of which a file was there the day before',
      [
        ...night('12'),
        ...night('13').map((one) =>
          one.name.includes('vol2') ? { ...one, ...wrote('2026-11-12T23:50:00Z') } : one,
        ),
      ],
    ],
    [
      'one whose manifest was uploaded in parts, and so may have come days after its date',
      [
        ...night('12'),
        ...night('13').map((one) =>
          one.name.includes('manifest')
            ? { ...one, etag: '08e094318bb7972bf9dc852797322792-2' }
            : one,
        ),
      ],
    ],
    [
      'an increment',
      [...night('12'), ...anIncremental('2026-11-12T03:00:00Z', '2026-11-13T03:00:00Z')],
    ],
    ['foreign objects', [...night('12'), anObject('duplicity-full.x'), anObject('README')]],
  ])('does not count %s', (_, successors) => {
    expect(superseded(...night('10'), ...successors)).toEqual([]);
  });

  it('does not count one under the config’s own minimum', () => {
    const picky = aHost({ size: { minBytes: 10 ** 12, shrink: 0.5, grow: 2 } });
    expect(named(collected(...night('10'), ...two), NOW, picky)).toEqual([]);
  });

  it('counts one that is as large as it has to be, to the byte, and one such a day is enough', () => {
    const same = collected(...night('10'), ...two);
    const [{ bytes = 0 } = {}] = same.sets;
    const size = { minBytes: bytes, shrink: 1, grow: 2 };
    const exact = aHost({ keepLastGood: true, size });
    expect(named(same, NOW, exact)).toEqual(['2026-11-10']);
    const small = aFull({
      ...{ begun: '2026-11-12T04:00:00Z', done: '2026-11-12T04:10:00Z' },
      volumes: 1,
    });
    const besides = collected(...night('10'), ...small, ...two);
    const anySize = aHost({ keepLastGood: true, size: { ...size, minBytes: 0 } });
    expect(named(besides, NOW, anySize)).toEqual(['2026-11-10']);
  });

  it('uses the host’s own keepDays', () => {
    const sydney = aHost({ timezone: 'Australia/Sydney' });
    // 12 November in UTC, but both 13 November in Sydney.
    const both = [
      ...aFull({ begun: '2026-11-12T13:30:00Z' }),
      ...aFull({ begun: '2026-11-12T20:00:00Z' }),
    ];
    expect(named(collected(...night('10'), ...both), NOW, sydney)).toEqual([]);
  });

  it('counts uploads of days where the grace is of days, up to its end', () => {
    const long = { opens: '00:00', due: '08:15', graceMinutes: 72 * 60 };
    const slow = aHost({ keepLastGood: true, keepDays: 6, window: long });
    // The grace of the 12th ends on the 15th at 08:15.
    const days = (begun: string, done: string) =>
      aFull({ begun, done }).map((one) =>
        one.name.includes('vol1') ? { ...one, ...wrote(begun) } : one,
      );
    const until = (done: string) => [
      ...night('07'),
      ...days('2026-11-09T03:00:00Z', '2026-11-11T05:00:00Z'),
      ...days('2026-11-12T03:00:00Z', done),
    ];
    expect(named(collected(...until('2026-11-15T08:15:00Z')), NOW, slow)).toEqual(['2026-11-07']);
    expect(named(collected(...until('2026-11-15T08:16:00Z')), NOW, slow)).toEqual([]);
    expect(named(collected(...until('2026-11-14T05:00:00Z')), NOW, host)).toEqual([]);
  });

  it('counts one that came in the window and is named a little before it opened', () => {
    const slow = (date: string, before: string) =>
      aFull({ begun: `2026-11-${before}T23:58:00Z`, done: `2026-11-${date}T00:30:00Z` }).map(
        (one) => ({ ...one, ...wrote(`2026-11-${date}T00:30:00Z`) }),
      );
    const nights = [...slow('10', '09'), ...slow('12', '11'), ...slow('13', '12')];
    expect(named(collected(...nights))).toEqual(['2026-11-09']);
  });

  it('names the oldest first, by S3’s clock', () => {
    const odd = anIncremental('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z').map((one) => ({
      ...one,
      ...wrote('2026-11-11T09:00:00Z'),
    }));
    expect(superseded(...odd, ...night('10'), ...two)).toEqual(['2026-11-10', '2026-11-02']);
  });

  describe('finds nothing for a host', () => {
    const all = [...night('10'), ...two];
    const file = night('12')[0]?.name ?? '';
    const held = (read: Collection) => findSuperseded(host, read, NOW);

    it('that has an overwritten or hidden file', () => {
      const overwritten = aHistory(all).put(file, '2026-11-12T09:00:00Z').collected(NOW);
      const hidden = aHistory(all).hide(file, '2026-11-14T09:00:00Z').collected(NOW);
      for (const read of [overwritten, hidden])
        expect(held(read)).toEqual({ sets: [], held: 'tampered' });
    });

    it('but goes on where lifecycle hid a file, or duplicity resumed', () => {
      const expired = night('02').map(({ name }) => name);
      const read = aHistory([...night('02'), ...all]).hide(expired, '2026-11-09T00:00:00Z');
      expect(named(read.collected(NOW))).toEqual(['2026-11-10']);
      const resumed = aHistory(all).retry(file, '2026-11-12T03:12:00Z');
      expect(named(resumed.collected(NOW))).toEqual(['2026-11-10']);
      const [last = ''] = night('23').map(({ name }) => name);
      const today = aHistory([...all, ...night('23')]).retry(last, '2026-11-23T03:12:00Z');
      expect(named(today.collected(NOW))).toEqual(['2026-11-10']);
    });

    it('that is poisoned', () => {
      const poison = anObject('duplicity-full.20261112T030000Z.vol0.difftar.gpg');
      expect(held(collected(...all, poison))).toEqual({ sets: [], held: 'poisoned' });
    });

    it.each(['denied', 'not offered', 'not kept'] as const)(
      'whose versions are %s',
      (inconclusive) => {
        expect(held({ ...collected(...all), inconclusive })).toEqual({
          sets: [],
          held: inconclusive,
        });
      },
    );
  });
});

/** Sets of some weeks, of one host that is careless with times, and one file lost here and there. */
const instant = fc
  .integer({ min: at('2026-10-20T00:00Z') / 60_000, max: at('2026-11-28T00:00Z') / 60_000 })
  .map((minutes) => new Date(minutes * 60_000).toISOString());
const nightly = fc
  .integer({ min: 0, max: 34 })
  .map((back) => new Date(at('2026-11-23T03:00Z') - back * 86_400_000).toISOString());
const fullOf = (volumes: fc.Arbitrary<number>) =>
  fc
    .record({
      begun: fc.oneof({ weight: 3, arbitrary: nightly }, { weight: 1, arbitrary: instant }),
      minutes: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 240 }) },
        { weight: 1, arbitrary: fc.integer({ min: -20_000, max: 20_000 }) },
      ),
      volumes,
      signatures: fc.integer({ min: 0, max: 9 }).map((one) => one > 0),
      encrypted: fc.integer({ min: 0, max: 9 }).map((one) => one > 0),
    })
    .map(({ minutes, ...set }) =>
      aFull({ ...set, done: new Date(at(set.begun) + minutes * 60_000).toISOString() }),
    );
const setsOf = (full: fc.Arbitrary<StoredObject[]>) =>
  fc.array(
    fc.oneof(
      { weight: 9, arbitrary: full },
      { weight: 1, arbitrary: fc.tuple(instant, instant).map(([a, b]) => anIncremental(a, b)) },
    ),
    { maxLength: 24 },
  );
const sets = setsOf(fullOf(fc.integer({ min: 1, max: 4 })));
/** Two sets of one time may be mixed up in it. */
const mixed = (all: StoredObject[][]) => [
  ...new Map(all.flat().map((object) => [object.name, object])).values(),
];
const bucket = sets.map(mixed);
/** Of one size: which is shrunk depends on what else is there. */
const even = setsOf(fullOf(fc.constant(3))).map(mixed);
/** Each set as one session of duplicity's wrote it, and none bigger than another: which is shrunk depends on the others. */
const tidy = setsOf(fullOf(fc.constant(3))).map((all) =>
  [...new Map(all.map((set) => [set[0]?.name.split('.')[1], set])).values()].flat(),
);
const lossy = fc
  .tuple(bucket, fc.array(fc.nat(), { maxLength: 3 }))
  .map(([objects, lost]) =>
    objects.filter((_, index) => !lost.some((one) => one % objects.length === index)),
  );
const read = (objects: readonly StoredObject[]) =>
  collectSets({ objects, volumeStems: [] }, NO_PREFIX);
const goodIn = (collection: Collection) => assessSets(host, collection).good.map(({ set }) => set);
const idOf = ({ type, startedAt, basedOn }: BackupSet) => `${type} ${startedAt} ${basedOn}`;
const idsOf = (objects: readonly StoredObject[]) =>
  findSuperseded(host, read(objects), NOW).sets.map(idOf);

describe('what is superseded', () => {
  it('is never one of the newest two good fulls, by the host’s clock or by S3’s', () => {
    let found = 0;
    fc.assert(
      fc.property(lossy, (objects) => {
        const ids = idsOf(objects);
        found += ids.length;
        const good = goodIn(read(objects));
        const byWrite = [...good].sort(
          (a, b) => (a.manifest?.writtenAt ?? 0) - (b.manifest?.writtenAt ?? 0),
        );
        for (const one of [...good.slice(-2), ...byWrite.slice(-2)])
          expect(ids).not.toContain(idOf(one));
      }),
      // Fewer would show too few of them each time.
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('was all written over keepDays ago, and so were two good fulls of two days after it', () => {
    fc.assert(
      fc.property(lossy, (objects) => {
        const collection = read(objects);
        const long = NOW - host.keepDays * 86_400_000;
        for (const set of findSuperseded(host, collection, NOW).sets) {
          expect(set.lastWriteAt).toBeLessThan(long);
          const after = goodIn(collection).filter(
            (one) => one.firstWriteAt > set.lastWriteAt && one.lastWriteAt <= long,
          );
          const days = new Set(
            after.map((one) => new Date(one.lastWriteAt).toISOString().slice(0, 10)),
          );
          expect(days.size).toBeGreaterThanOrEqual(2);
        }
      }),
    );
  });

  it('does not depend on the order of the listing', () => {
    const shuffled = lossy.chain((objects) =>
      fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length })),
    );
    fc.assert(
      fc.property(shuffled, ([objects, other]) => {
        expect(idsOf(other).sort()).toEqual(idsOf(objects).sort());
      }),
    );
  });

  it('does not grow when an object is lost, except by the set that lost it', () => {
    fc.assert(
      fc.property(tidy, fc.nat(), (objects, pick) => {
        const lost = objects[pick % objects.length];
        if (lost === undefined) return;
        const before = idsOf(objects);
        const loser = read([lost]).sets.map(idOf);
        const after = idsOf(objects.filter((object) => object !== lost));
        expect(after.filter((id) => !before.includes(id) && !loser.includes(id))).toEqual([]);
      }),
      { numRuns: casesOf(300) },
    );
  });

  it('is empty once the superseded sets are gone', () => {
    fc.assert(
      fc.property(even, (objects) => {
        const members = membersOf(
          objects.map(({ name }) => name),
          NO_PREFIX,
        );
        const gone = new Set(findSuperseded(host, read(objects), NOW).sets.flatMap(members));
        expect(idsOf(objects.filter(({ name }) => !gone.has(name)))).toEqual([]);
      }),
    );
  });

  it('is the same whatever foreign files lie there', () => {
    const foreign = fc.array(
      fc
        .string({ maxLength: 30 })
        .filter((name) => !/^d(?:uplicity|[fi]|fs|ns)/.test(name))
        .map((name) => anObject(name)),
    );
    fc.assert(
      fc.property(bucket, foreign, (objects, strange) => {
        expect(idsOf([...objects, ...strange])).toEqual(idsOf(objects));
      }),
    );
  });
});

describe('membersOf', () => {
  it('sorts every file into its set, the manifest first, and no foreign one', () => {
    fc.assert(
      fc.property(bucket, (objects) => {
        const names = objects.map(({ name }) => name);
        const { sets } = read(objects);
        const members = membersOf([...names, 'README', 'duplicity-full.x'], NO_PREFIX);
        expect(sets.flatMap(members).sort()).toEqual([...names].sort());
        for (const set of sets.filter(({ manifest }) => manifest !== undefined)) {
          expect(members(set)[0]).toContain('.manifest');
        }
      }),
    );
  });

  it('returns no members for a set that is not there', () => {
    const [set] = read(night('10')).sets;
    expect(set && membersOf([], NO_PREFIX)(set)).toEqual([]);
  });
});
