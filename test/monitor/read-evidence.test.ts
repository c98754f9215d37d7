import { describe, expect, it } from 'vitest';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { ListQuery } from '../../shared/monitor/object-store.ts';
import { addNews } from '../../shared/monitor/record-page.ts';
import { expiryAfter } from '../../shared/rules/lifecycle.ts';
import type { HostMemory, HostRecord } from '../../shared/rules/record.ts';
import { aFull, aHost, aRecord, at } from '../support/builders.ts';
import { inMemory, inMemoryStore, keyed } from '../support/in-memory.ts';
import { aHistory } from '../support/versions.ts';

const [OURS, FOREIGN] = ['0123456789abcdef', 'fedcba9876543210'];
const host = aHost({ recipients: [OURS.toUpperCase()] });
const now = at('2026-11-23T12:00:00Z');
const messageTo = (key: string) => new Uint8Array(Buffer.from(`840d03${key}01000000d2`, 'hex'));
const night = (back: number) =>
  aFull({ begun: new Date(at('2026-11-23T03:15:00Z') - back * 86_400_000).toISOString() });

/** Checks a host of which the last nights are to a foreign key, and counts what that takes. */
async function checked(nights: number, foreign: number, record?: HostRecord) {
  const files = Array.from({ length: nights }, (_, back) => night(back));
  const contents = Object.fromEntries(
    files.flatMap((objects, back) =>
      objects.map(({ name }) => [`web/${name}`, messageTo(back < foreign ? FOREIGN : OURS)]),
    ),
  );
  const objects = files.flat();
  const store = inMemoryStore(keyed('web/', objects), contents);
  const versions = aHistory(objects, 'web/').rows();
  const asked: ListQuery[] = [];
  const read = new Set<string>();
  const spans: string[] = [];
  let learned: HostRecord | undefined;
  const memory: HostMemory = {
    recall: async () => record,
    learn: (_, next) => {
      learned = addNews('backups/web/', { base: record, known: record }, next);
    },
    close: async () => undefined,
  };
  const [judgement] = await checkHosts(
    {
      ...store,
      list: inMemory([], { versions, asked }),
      readPart: (bucket, key, span) => {
        spans.push(`${key} ${span.from}`);
        read.add(key.replace(/\.(?:vol|manifest).*/, ''));
        return store.readPart(bucket, key, span);
      },
    },
    [host],
    { now, depth: 'recent', ...(record && { memory }) },
  );
  return { judgement, listings: asked.length, opened: read.size, spans, learned };
}

describe('a look at a host', () => {
  it('opens every full of the last four that its record does not know, and none again', async () => {
    const first = await checked(7, 0, aRecord([]));
    expect([first.judgement?.verdict, first.opened, first.listings]).toEqual(['ok', 4, 2]);
    const again = await checked(7, 0, first.learned);
    expect([again.judgement?.verdict, again.opened, again.listings]).toEqual(['ok', 0, 2]);
    const [, ...older] = first.learned?.fulls ?? [];
    const next = await checked(7, 0, aRecord(older));
    expect([next.opened, next.listings]).toEqual([1, 2]);
  });

  it('opens one full where it has no record and that one is good', async () => {
    const { judgement, opened } = await checked(7, 0);
    expect([judgement?.verdict, opened]).toEqual(['ok', 1]);
  });

  it.each([1, 3, 4, 6])('finds the last good full behind %i to a foreign key', async (foreign) => {
    const { judgement, opened, spans } = await checked(9, foreign);
    expect(new Set(spans).size).toBe(spans.length);
    expect(judgement?.verdict).toBe('wrong-recipient');
    expect(judgement?.answer).toBeUndefined();
    expect(judgement?.lastGood?.startedAt).toBe(at('2026-11-23T03:15:00Z') - foreign * 86_400_000);
    expect(opened).toBe(foreign + 1);
  });

  it('knows by its record which fulls are to a foreign key, and reads older ones for it', async () => {
    const first = await checked(9, 6, aRecord([]));
    expect(first.judgement?.lastGood?.startedAt).toBe(at('2026-11-17T03:15:00Z'));
    const again = await checked(9, 6, first.learned);
    expect(again.judgement?.lastGood?.startedAt).toBe(at('2026-11-17T03:15:00Z'));
    expect(again.opened).toBe(0);
  });

  it.each([
    [200, 'ok'],
    [201, 'unreadable'],
  ])('of %i fulls in one window is %s: none is skipped in silence', async (count, verdict) => {
    const objects = Array.from({ length: count }, (_, index) =>
      aFull({
        begun: new Date(at('2026-11-23T03:15:00Z') + index * 1000).toISOString(),
        volumes: 1,
      }),
    ).flat();
    const store = inMemoryStore(keyed('web/', objects), {});
    const [judgement] = await checkHosts(store, [host], { now, depth: 'recent' });
    expect(judgement?.verdict).toBe(verdict);
  });
});

describe('a record of the rules', () => {
  const DAY = 86_400_000;
  const first = at('2026-10-01T03:15:00Z');
  const CHANGED = 15;

  /** Lives through 45 nights with another `keepDays` from the 15th on, and answers with the verdicts. */
  async function lived(before: number, after: number, forgets = false) {
    const keepDaysOn = (day: number) => (day < CHANGED ? before : after);
    const dayOf = (when: number) => Math.floor((when - first) / DAY);
    /** Whether lifecycle has taken a full by now: some midnight, a rule of that day had reached it. */
    const isTaken = (written: number, now_: number) => {
      for (let midnight = Math.ceil(written / DAY) * DAY; midnight <= now_; midnight += DAY) {
        if (expiryAfter(written, keepDaysOn(dayOf(midnight))) <= midnight) return true;
      }
      return false;
    };
    const verdicts = new Set<string>();
    let record: HostRecord | undefined;
    for (let day = 0; day < 45; day += 1) {
      const noon = first + day * DAY + 9 * 3_600_000;
      const there = Array.from({ length: day + 1 }, (_, night_) => first + night_ * DAY)
        .filter((written) => !isTaken(written, noon))
        .flatMap((written) => aFull({ begun: new Date(written).toISOString() }));
      const memory: HostMemory = {
        recall: async () => (forgets && record ? { ...record, keeps: [] } : record),
        learn: (_, next) => {
          record = addNews('backups/web/', { base: record, known: record }, next);
        },
        close: async () => undefined,
      };
      const [judgement] = await checkHosts(
        {
          ...inMemoryStore([], {}),
          list: inMemory([], { versions: aHistory(there, 'web/').rows() }),
        },
        [aHost({ keepDays: keepDaysOn(day) })],
        { now: noon, depth: 'recent', memory },
      );
      verdicts.add(judgement?.verdict ?? 'none');
    }
    return [...verdicts];
  }

  it.each([
    [6, 30],
    [14, 30],
    [6, 10],
    [30, 6],
    [14, 3],
  ])('alarms nobody when keepDays goes from %i to %i', async (before, after) => {
    expect(await lived(before, after)).toEqual(['ok']);
  });

  it('is what keeps the peace: without it older fulls are missed', async () => {
    expect(await lived(6, 30, true)).toEqual(['ok', 'tampered']);
  });
});
