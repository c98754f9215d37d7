// What must hold of every rhythm, whatever lies in the bucket.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { doesAnswer, windowsSince } from '../../shared/rules/answer.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import { findPruned } from '../../shared/rules/changes.ts';
import type { OpenedBy } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { heldAlways, keepOf } from '../../shared/rules/lifecycle.ts';
import { findSuperseded } from '../../shared/rules/retention.ts';
import { addDays, closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const NOW = at('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const iso = (time: number) => new Date(time).toISOString();

/** An hour of one of the last days. */
const hour = fc.integer({ min: 0, max: 9 * 24 }).map((hours) => NOW - hours * HOUR);
const aSet = fc
  .record({ begun: hour, hours: fc.constantFrom(0, 1, 5, 20, 30, 50, 70), volumes: fc.nat(3) })
  .map(({ begun, hours, volumes }) =>
    aFull({ begun: iso(begun), done: iso(begun + hours * HOUR), volumes: volumes + 1 }),
  );
const buckets = fc
  .array(aSet, { maxLength: 6 })
  .map((sets) => sets.flat().filter(({ modifiedAt }) => modifiedAt <= NOW))
  .map((objects) => [...new Map(objects.map((one) => [one.name, one])).values()]);
const windows = fc.constantFrom(
  { opens: '00:00', due: '08:15' },
  { opens: '20:00', due: '08:15' },
  { opens: '06:00', due: '22:00' },
);
const graces = fc.constantFrom(0, 4, 20, 24, 48, 72).map((hours) => hours * 60);
const daysOf = fc.constantFrom<readonly number[] | undefined>(
  ...[undefined, [1, 2, 3, 4, 5], [0], [2, 5]],
);
const hosts = fc
  .record({ window: windows, graceMinutes: graces, days: daysOf })
  .map(({ window, graceMinutes, days }) =>
    aHost({ keepDays: 30, window: { ...window, graceMinutes }, ...(days && { days }) }),
  );

const judged = (host: Host, objects: readonly StoredObject[], now = NOW): Judgement =>
  judge(host, collected(...objects), now);
const kindsOf = ({ findings }: Judgement) => findings.map(({ kind }) => kind);
const goodIn = (host: Host, objects: readonly StoredObject[]) =>
  assessSets(host, collected(...objects)).good;
/** Those of the last twelve days. */
const windowsOf = (host: Host) => {
  const closed = closedWindow(host, NOW);
  return [...windowsSince(host, addDays(closed.date, -12), NOW), closed];
};
const answeredBy = (host: Host, objects: readonly StoredObject[]) =>
  windowsOf(host).map((window) => ({
    window,
    sets: goodIn(host, objects).filter((one) => doesAnswer(host, one, window, NOW)),
  }));

/** A chain of a full and increments a day apart, the newest of today; its members, oldest first. */
const chainHost = aHost({ chain: { fullEveryDays: 7 }, keepDays: 30 });
const memberAt = (nth: number, of: number) => at('2026-11-23T03:00:00Z') - (of - 1 - nth) * DAY;
const chainOf = (length: number): StoredObject[][] =>
  Array.from({ length }, (_, nth) => {
    const begun = iso(memberAt(nth, length));
    return nth === 0 ? aFull({ begun }) : anIncremental(iso(memberAt(nth - 1, length)), begun);
  });
type Harm = 'gone' | 'no manifest' | 'empty volume' | 'foreign key' | 'overwritten';
const HARMS: Harm[] = ['gone', 'no manifest', 'empty volume', 'foreign key', 'overwritten'];

describe('a fault that spoils a member of a chain', () => {
  const key = '0123456789ABCDEF';
  const host = { ...chainHost, recipients: [key] };
  const cases = fc
    .integer({ min: 2, max: 6 })
    .chain((length) =>
      fc.tuple(fc.constant(length), fc.nat({ max: length - 1 }), fc.constantFrom(...HARMS)),
    );
  /** The chain with one member spoiled, after these sets. */
  const spoiled = (length: number, nth: number, harm: Harm, before: StoredObject[] = []) => {
    const members = chainOf(length);
    const [victim = []] = members.splice(nth, 1);
    const rest = victim.flatMap((object): StoredObject[] => {
      const isVolume = object.name.includes('.vol1.');
      const isLost = harm === 'no manifest' && object.name.includes('manifest');
      if (harm === 'gone' || isLost) return [];
      return [harm === 'empty volume' && isVolume ? { ...object, bytes: 0 } : object];
    });
    const history = aHistory([...before, ...members.flat(), ...rest]);
    const volume = victim.find(({ name }) => name.includes('.vol1.'))?.name ?? '';
    if (harm === 'overwritten') history.put(volume, '2026-11-23T09:00:00Z');
    const openedBy = (recipient: string): OpenedBy[] => [
      { name: 'x', reads: 'openpgp', symmetric: 0, ending: 'whole', recipients: [recipient] },
    ];
    const opened = new Map(
      Array.from({ length }, (_, other) => [
        memberAt(other, length),
        openedBy(harm === 'foreign key' && other === nth ? 'FEDCBA9876543210' : key),
      ]),
    );
    return { read: history.collected(), opened };
  };

  it('leaves no set that builds on it as an answer, as the last good one or as good', () => {
    fc.assert(
      fc.property(cases, ([length, nth, harm]) => {
        const { read, opened } = spoiled(length, nth, harm);
        const badFrom = memberAt(nth, length);
        const judgement = judge(host, read, NOW, { opened });
        expect(judgement.answer).toBeUndefined();
        expect(judgement.verdict).not.toBe('ok');
        expect(judgement.lastGood?.startedAt ?? 0).toBeLessThan(badFrom);
        const { sets } = assessSets(host, read, { opened });
        expect(sets.map(({ good }) => good)).toEqual(sets.map((one) => one.startedAt < badFrom));
      }),
    );
  });

  it('leaves no full that takes the place of an older one, unless it was not its own', () => {
    fc.assert(
      fc.property(cases, ([length, nth, harm]) => {
        // These are held for what was done to them, or are known by their bytes alone.
        fc.pre(harm !== 'overwritten' && harm !== 'foreign key');
        const [oldest = '', ...days] = ['2026-11-01', '2026-11-02'];
        const older = [oldest, ...days].flatMap((day) => aFull({ begun: `${day}T03:00:00Z` }));
        const { read } = spoiled(length, nth, harm, older);
        const keeper = aHost({ chain: { fullEveryDays: 7 }, keepLastGood: true, keepDays: 2 });
        const gone = findSuperseded(keeper, read, NOW + 30 * DAY).sets;
        const isFirstGone = gone.some(({ startedAt }) => startedAt < at('2026-11-02T00:00:00Z'));
        expect(isFirstGone).toBe(nth > 0);
      }),
    );
  });
});

describe('days', () => {
  const essence = ({ host: _, ...judgement }: Judgement) => judgement;

  it('that name all seven change nothing', () => {
    fc.assert(
      fc.property(hosts, buckets, ({ days: _, ...host }, objects) => {
        const all = { ...host, days: [0, 1, 2, 3, 4, 5, 6] };
        expect(essence(judged(all, objects))).toEqual(essence(judged(host, objects)));
      }),
    );
  });
});

describe('a longer grace', () => {
  it('never turns an answered window into a missed one', () => {
    fc.assert(
      fc.property(hosts, graces, buckets, (host, graceMinutes, objects) => {
        const [less, more] = [host.window.graceMinutes, graceMinutes].sort((a, b) => a - b);
        const answered = (minutes = 0) =>
          answeredBy({ ...host, window: { ...host.window, graceMinutes: minutes } }, objects)
            .filter(({ sets }) => sets.length > 0)
            .map(({ window }) => window.date);
        expect(answered(more)).toEqual(expect.arrayContaining(answered(less)));
      }),
    );
  });

  it('under a day lets one upload answer one window', () => {
    fc.assert(
      fc.property(hosts, buckets, (host, objects) => {
        fc.pre(host.window.graceMinutes < 24 * 60);
        const answers = answeredBy(host, objects).flatMap(({ sets }) => sets);
        expect(new Set(answers.map(({ startedAt }) => startedAt)).size).toBe(answers.length);
      }),
    );
  });
});

describe('an older set', () => {
  it('never makes a good window a missed one', () => {
    const chained = fc.boolean().map((is) => (is ? { chain: { fullEveryDays: 7 } } : {}));
    fc.assert(
      fc.property(hosts, chained, buckets, fc.nat(72), (plain, chain, objects, hours) => {
        const host = { ...plain, ...chain };
        if (judged(host, objects).verdict !== 'ok') return;
        const oldest = Math.min(...collected(...objects).sets.map((set) => set.startedAt));
        const older = aFull({ begun: iso(oldest - (1 + hours) * HOUR) });
        expect(kindsOf(judged(host, [...older, ...objects]))).not.toContain('missing');
      }),
    );
  });
});

describe('a window that the habit contradicts', () => {
  /** Fulls at about one time of the clock, the newest some days ago or not. */
  const habits = fc
    .tuple(fc.nat(3), fc.nat(24 * 4), fc.array(fc.nat(80), { minLength: 3, maxLength: 6 }))
    .map(([ago, quarter, late]) =>
      late.flatMap((minutes, nth) => {
        const begun = NOW - (ago + nth) * DAY - quarter * 900_000 - minutes * 60_000;
        return aFull({ begun: iso(begun), done: iso(begun + HOUR) });
      }),
    );

  it('is said only while the newest is as young as it promises, in the window that is proposed', () => {
    let said = 0;
    fc.assert(
      fc.property(hosts, habits, ({ days: _, ...host }, objects) => {
        const there = objects.filter(({ modifiedAt }) => modifiedAt <= NOW);
        const judgement = judged(host, there);
        const { setting } = judgement.findings.find((one) => one.kind === 'window-mismatch') ?? {};
        if (setting === undefined) return;
        said += 1;
        const [key, time] = setting.replaceAll('"', '').split(': ');
        const moved = { ...host, window: { ...host.window, [key ?? '']: time } };
        const { opensAt } = closedWindow(moved, NOW);
        const { answer, findings } = judged(moved, there);
        expect(answer?.startedAt).toBeGreaterThanOrEqual(opensAt - 5 * 60_000);
        expect(NOW - (judgement.lastGood?.startedAt ?? 0)).toBeLessThan(2 * DAY);
        expect(findings.map(({ kind }) => kind)).not.toContain('missing');
        expect(findings.map(({ kind }) => kind)).not.toContain('window-mismatch');
        expect(kindsOf(judgement)).not.toContain('missing');
      }),
      { numRuns: 300 },
    );
    expect(said).toBeGreaterThan(20);
  });
});

describe('what a host may prune', () => {
  const fulls = 4;
  /** Four chains, each of a full and two increments, and perhaps one more increment on an old one. */
  const start = at('2026-11-11T03:00:00Z');
  const timeOf = (nth: number) => iso(start + nth * DAY);
  const chains = Array.from({ length: fulls * 3 }, (_, nth) =>
    nth % 3 === 0 ? aFull({ begun: timeOf(nth) }) : anIncremental(timeOf(nth - 1), timeOf(nth)),
  );
  const late = '2026-11-23T05:00:00Z';
  const cases = fc.record({
    keep: fc.integer({ min: 1, max: fulls }),
    gone: fc.uniqueArray(fc.nat({ max: fulls * 3 - 1 }), { minLength: 1, maxLength: 6 }),
    /** On which set the late increment builds. */
    on: fc.option(fc.nat({ max: fulls * 3 - 1 }), { nil: undefined }),
  });

  it('is never one of the newest fulls that it keeps, nor what they or a newer set build on', () => {
    let excused = 0;
    fc.assert(
      fc.property(cases, ({ keep, gone, on }) => {
        const host = aHost({ chain: { fullEveryDays: 3 }, keepDays: 60, prunes: { keep } });
        const branch = on === undefined ? [] : anIncremental(timeOf(on), late);
        const objects = [...chains.flat(), ...branch];
        const history = aHistory(objects);
        for (const nth of gone) {
          const names = (chains[nth] ?? []).map(({ name }) => name);
          history.hide(names, '2026-11-23T06:00:00Z');
        }
        const read = history.collected(NOW);
        const assessed = assessSets(host, read);
        const keeps = heldAlways(keepOf(host, { unknown: 'not asked' }), host.keepDays);
        const isPruned = findPruned(host, read, assessed, [], keeps, NOW);
        const kept = assessed.good.filter(({ set }) => set.type === 'full').slice(-keep);
        // A set and all that it builds on, as they were before.
        const chainOfSet = (nth: number): number[] =>
          nth % 3 === 0 ? [nth] : [nth, ...chainOfSet(nth - 1)];
        const oldestKept = kept.length < keep ? 0 : (kept[0]?.startedAt ?? 0);
        const needed = chains.flatMap((_, nth) =>
          start + nth * DAY >= oldestKept ? chainOfSet(nth) : [],
        );
        if (on !== undefined) needed.push(...chainOfSet(on));
        for (const nth of gone) {
          const is = isPruned(start + nth * DAY);
          excused += is ? 1 : 0;
          if (needed.includes(nth)) expect(is).toBe(false);
        }
      }),
    );
    expect(excused).toBeGreaterThan(10);
  });
});
