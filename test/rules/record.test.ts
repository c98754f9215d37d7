import { describe, expect, it } from 'vitest';
import type { Collection } from '../../shared/duplicity/backup-set.ts';
import { addNews } from '../../shared/monitor/record-page.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import type { OpenedBy } from '../../shared/rules/finding.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { heldAlways, keepOf } from '../../shared/rules/lifecycle.ts';
import { type HostRecord, newsOfLook } from '../../shared/rules/record.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const now = at('2026-11-23T08:15:00Z');
const host = aHost({ recipients: ['0123456789ABCDEF'] });
const keeps = heldAlways(keepOf(host, { unknown: 'not asked' }), 6);
const nights = ['2026-11-21', '2026-11-22', '2026-11-23'].map((day) =>
  aFull({ begun: `${day}T03:00:00Z` }),
);
const versioned = (objects = nights.flat()) => aHistory(objects).collected();
const recordAfter = (
  collection: Collection,
  record?: HostRecord,
  opened: ReadonlyMap<number, readonly OpenedBy[]> = new Map(),
  when = now,
) => {
  const hashes = new Map(collection.texts.map(({ startedAt, text }) => [startedAt, text]));
  const assessed = assessSets(host, collection, { opened });
  const news = newsOfLook(host, { collection, assessed, hashes, opened, keeps }, when);
  return addNews(placeOf(host), { base: record, known: record }, news);
};

describe('newsOfLook', () => {
  it('holds a fingerprint of every complete full, the newest first', () => {
    const record = recordAfter(versioned());
    expect(record.fulls.map(({ files, sealedAt }) => [files, sealedAt])).toEqual(
      Array(3).fill([4, now]),
    );
    expect(record.fulls.every(({ hash }) => hash !== undefined)).toBe(true);
    expect(record.fulls[0]?.startedAt).toBe(at('2026-11-23T03:00:00Z'));
    expect([record.listedAt, record.keeps]).toEqual([now, keeps]);
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
    [
      'but an incremental',
      versioned(anIncremental('2026-11-21T03:00:00Z', '2026-11-22T03:00:00Z')),
    ],
  ])('holds none %s', (_, read) => {
    expect(recordAfter(read).fulls).toEqual([]);
  });

  it('holds one from five minutes after it was finished, to the instant', () => {
    const read = versioned(aFull({ begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:10:00Z' }));
    const since = at('2026-11-23T03:15:00Z');
    const count = (when: number) => recordAfter(read, undefined, new Map(), when).fulls.length;
    expect([since, since + 1].map(count)).toEqual([0, 1]);
  });

  it('holds sizes where no versions are known, and fingerprints when they are', () => {
    const unversioned = recordAfter(collected(...nights.flat()));
    expect(unversioned.fulls.map(({ hash, bytes }) => [hash, bytes > 0])).toEqual(
      Array(3).fill([undefined, true]),
    );
    const hashed = recordAfter(versioned(), unversioned);
    expect(hashed.fulls.every(({ hash }) => hash !== undefined)).toBe(true);
    const again = recordAfter(versioned(), hashed);
    expect(again.fulls.every((one, index) => one === hashed.fulls[index])).toBe(true);
  });

  it('holds what the bytes of every full say, also of one to a foreign key', () => {
    const opened = new Map(
      nights.map((_, index): [number, OpenedBy[]] => [
        at(`2026-11-${21 + index}T03:00:00Z`),
        [
          {
            ...{ name: 'x', reads: 'openpgp', symmetric: 0, ending: 'whole' },
            recipients: [index === 1 ? 'FEDCBA9876543210' : '0123456789ABCDEF'],
          },
        ],
      ]),
    );
    const { fulls } = recordAfter(versioned(), undefined, opened);
    expect(fulls.map((one) => one.opened?.[0]?.recipients[0])).toEqual([
      '0123456789ABCDEF',
      'FEDCBA9876543210',
      '0123456789ABCDEF',
    ]);
    expect(recordAfter(versioned(), recordAfter(versioned()), opened).fulls).toEqual(fulls);
  });

  it('keeps what is gone from the bucket, and forty fulls', () => {
    const record = recordAfter(versioned());
    expect(recordAfter(versioned([]), record).fulls).toEqual(record.fulls);
    const long = {
      ...record,
      fulls: Array.from({ length: 40 }, (_, back) => ({
        ...(record.fulls[0] as HostRecord['fulls'][number]),
        startedAt: at('2026-11-20T03:00:00Z') - back * 86_400_000,
      })),
    };
    const { fulls } = recordAfter(versioned(), long);
    expect([fulls.length, fulls.at(-1)?.startedAt]).toEqual([40, long.fulls[36]?.startedAt]);
  });

  it('holds the ids of the sets that are begun and not finished', () => {
    const [killed, open] = [
      nights[2] ?? [],
      anIncremental('2026-11-21T03:00:00Z', '2026-11-23T04:00:00Z'),
    ];
    const unfinished = [...killed, ...open].filter(({ name }) => !name.includes('manifest'));
    expect(recordAfter(versioned([...(nights[0] ?? []), ...unfinished])).unfinished).toEqual([
      `full ${at('2026-11-23T03:00:00Z')}`,
      `inc ${at('2026-11-21T03:00:00Z')} ${at('2026-11-23T04:00:00Z')}`,
    ]);
  });
});
