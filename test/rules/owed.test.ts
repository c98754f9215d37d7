// What a host owes: by its days, its grace, its habit, and by how long it is known; and what it may remove itself.
import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { type HostEvidence, judge } from '../../shared/rules/judge.ts';
import type { Lifecycle } from '../../shared/rules/lifecycle.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const window = { opens: '00:00', due: '08:15', graceMinutes: 240 };
const judged = (
  host: Partial<Host>,
  objects: readonly StoredObject[],
  when: string,
  evidence: HostEvidence = {},
) => judge(aHost({ keepDays: 30, ...host }), collected(...objects), at(when), evidence);
const verdicts = (
  host: Partial<Host>,
  objects: readonly StoredObject[],
  times: readonly string[],
) => times.map((when) => judged(host, objects, when).verdict);

describe('days', () => {
  // 23 November 2026 is a Monday.
  const fridays = aFull({ begun: '2026-11-20T03:00:00Z' });
  const days = [1, 2, 3, 4, 5];

  it('owe nothing while the host rests, and miss its next day', () => {
    const times = ['21', '22', '23'].map((day) => `2026-11-${day}T09:00:00Z`);
    expect(verdicts({ days }, fridays, times)).toEqual(['ok', 'ok', 'missing']);
    expect(judged({ days }, fridays, times[2] ?? '').windowsMissed).toBe(1);
  });

  it('are not answered by a full of a day between them', () => {
    const saturday = aFull({ begun: '2026-11-21T03:00:00Z' });
    const when = '2026-11-23T09:00:00Z';
    const judgement = judged({ days }, [...fridays, ...saturday], when);
    expect(judgement.verdict).toBe('missing');
    expect(judgement.lastGood?.startedAt).toBe(at('2026-11-21T03:00:00Z'));
  });

  it('are those on which the window is due, where it opens the evening before', () => {
    const eve = { ...window, opens: '22:00' };
    const begun = aFull({ begun: '2026-11-20T22:30:00Z', done: '2026-11-21T01:00:00Z' });
    expect(verdicts({ days: [6], window: eve }, begun, ['2026-11-22T09:00:00Z'])).toEqual(['ok']);
    expect(verdicts({ days: [5], window: eve }, begun, ['2026-11-22T09:00:00Z'])).toEqual([
      'missing',
    ]);
  });
});

describe('a grace of three days', () => {
  const long = { window: { ...window, graceMinutes: 3 * 1440 } };
  const friday = '2026-11-20T02:14:00Z';
  const upload = (done: string) => aFull({ begun: friday, done, volumes: 9 });
  /** Still going on at this time. */
  const underWay = (until: string) => upload(until).filter(({ name }) => /vol[1-6]\./.test(name));

  it('lets windows that open meanwhile owe nothing, once it was done', () => {
    const done = upload('2026-11-23T03:00:00Z');
    const times = ['23', '24'].map((day) => `2026-11-${day}T09:00:00Z`);
    expect(verdicts(long, done, times)).toEqual(['ok', 'missing']);
    expect(judged(long, done, times[1] ?? '').windowsMissed).toBe(1);
  });

  it('is late for as long as files arrive, on each of its days', () => {
    for (const day of ['20', '21', '22']) {
      const judgement = judged(
        long,
        underWay(`2026-11-${day}T08:50:00Z`),
        `2026-11-${day}T09:00:00Z`,
      );
      expect([judgement.verdict, judgement.windowsMissed]).toEqual(['late', expect.any(Number)]);
      expect(judgement.findings[0]).toMatchObject({ hardDueAt: at('2026-11-23T08:15:00Z') });
    }
  });

  it('ends: what is not done by then is incomplete, and all its windows were missed', () => {
    const judgement = judged(long, underWay('2026-11-23T08:50:00Z'), '2026-11-23T09:00:00Z');
    expect(judgement.findings[0]).toMatchObject({ kind: 'incomplete', severity: 'critical' });
    const tooLate = judged(long, upload('2026-11-23T08:15:01Z'), '2026-11-23T09:00:00Z');
    expect(tooLate.verdict).toBe('missing');
  });

  it('is as long where the clock of the host is slow, and its name stands before the opening', () => {
    const slow = { window: { ...window, graceMinutes: 2 * 1440 } };
    const full = aFull({ begun: '2026-11-20T23:57:00Z', done: '2026-11-22T20:00:00Z' });
    expect(verdicts(slow, full, ['2026-11-22T21:00:00Z'])).toEqual(['ok']);
  });

  it('leaves nothing to count down once the window is answered', () => {
    const done = upload('2026-11-22T03:00:00Z');
    const judgement = judged({ ...long, keepDays: 6 }, done, '2026-11-22T23:59:00Z');
    expect([judgement.verdict, judgement.countdown]).toEqual(['ok', undefined]);
  });

  it('shows what is wrong with the backup that answers, though it began before', () => {
    const usual = ['16', '17', '18', '19'].flatMap((day) =>
      aFull({ begun: `2026-11-${day}T02:14:00Z`, volumes: 9 }),
    );
    const small = aFull({ begun: friday, done: '2026-11-22T03:00:00Z', volumes: 1 });
    const killed = aFull({ begun: '2026-11-22T05:00:00Z' }).slice(1);
    const when = '2026-11-22T09:00:00Z';
    const found = judged(long, [...usual, ...small, ...killed], when).findings;
    expect(found.map(({ kind }) => kind)).toContain('shrunk');
  });

  it('is not for an upload that stopped', () => {
    const stopped = underWay('2026-11-21T20:00:00Z');
    expect(verdicts(long, stopped, ['2026-11-22T09:00:00Z'])).toEqual(['incomplete']);
  });

  it('counts no window as missed unseen while the upload that will answer it goes on', () => {
    const when = '2026-11-22T09:00:00Z';
    const evidence = { judgedOn: '2026-11-19' };
    expect(judged(long, underWay('2026-11-22T08:50:00Z'), when, evidence).unseen).toBeUndefined();
  });
});

describe('a grace under a day', () => {
  it('lets one upload over midnight answer its own day only', () => {
    const late = { window: { opens: '00:00', due: '22:00', graceMinutes: 240 } };
    const full = aFull({ begun: '2026-11-22T21:00:00Z', done: '2026-11-23T01:00:00Z' });
    const times = ['2026-11-23T09:00:00Z', '2026-11-23T23:00:00Z'];
    expect(verdicts(late, full, times)).toEqual(['ok', 'missing']);
    const tooLate = aFull({ begun: '2026-11-22T21:00:00Z', done: '2026-11-23T02:00:01Z' });
    expect(verdicts(late, tooLate, times)).toEqual(['missing', 'missing']);
  });
});

describe('a habit outside of the window', () => {
  const nights = (...times: string[]) => times.flatMap((begun) => aFull({ begun }));
  const evenings = nights('2026-11-20T20:30:00Z', '2026-11-21T21:40:00Z', '2026-11-22T20:45:00Z');
  const settings = (objects: readonly StoredObject[], when: string, host: Partial<Host> = {}) =>
    judged(host, objects, when).findings.flatMap((one) =>
      one.kind === 'window-mismatch' ? one.setting : one.kind,
    );

  it('is a warning with the setting that fits, in place of a miss', () => {
    expect(settings(evenings, '2026-11-23T08:30:00Z')).toEqual(['opens: "20:00"']);
    expect(judged({}, evenings, '2026-11-23T08:30:00Z').windowsMissed).toBe(0);
  });

  it('stays the same warning while the next one comes', () => {
    const tonight = [...evenings, ...nights('2026-11-23T20:30:00Z')];
    expect(settings(tonight, '2026-11-23T23:00:00Z')).toEqual(['opens: "20:00"']);
  });

  it('does not stand for a night that stayed out', () => {
    expect(settings(evenings, '2026-11-24T08:30:00Z')).toEqual(['missing']);
  });

  it('is over with one in the window, and is none of two, or at no fixed hour', () => {
    const inside = [...evenings, ...nights('2026-11-23T03:00:00Z')];
    expect(settings(inside, '2026-11-23T08:30:00Z')).toEqual([]);
    const two = nights('2026-11-21T20:30:00Z', '2026-11-22T20:30:00Z');
    expect(settings(two, '2026-11-23T08:30:00Z')).toEqual(['missing']);
    const spread = nights('2026-11-20T20:30:00Z', '2026-11-21T22:01:00Z', '2026-11-22T20:45:00Z');
    expect(settings(spread, '2026-11-23T08:30:00Z')).toEqual(['missing']);
  });

  it('may cross midnight, and then asks for the evening before', () => {
    const host = { window: { opens: '02:00', due: '08:15', graceMinutes: 240 } };
    const late = nights('2026-11-20T23:50:00Z', '2026-11-22T00:20:00Z', '2026-11-23T00:10:00Z');
    expect(settings(late, '2026-11-23T08:30:00Z', host)).toEqual(['opens: "23:30"']);
  });

  it('just before the window opens asks for an earlier hour of the same day', () => {
    const host = { window: { opens: '12:00', due: '12:30', graceMinutes: 0 } };
    const before = nights('2026-11-21T11:10:00Z', '2026-11-22T11:10:00Z', '2026-11-23T11:10:00Z');
    expect(settings(before, '2026-11-23T13:00:00Z', host)).toEqual(['opens: "10:30"']);
  });

  it('that ends after the window is due asks for both times', () => {
    const long = ['20', '21', '22'].flatMap((day) =>
      aFull({ begun: `2026-11-${day}T20:30:00Z`, done: `2026-11-${Number(day) + 1}T08:10:00Z` }),
    );
    expect(settings(long, '2026-11-23T12:00:00Z')).toEqual(['opens: "20:00", due: "09:30"']);
    const own = { window: { ...window, opens: '20:00', due: '09:30' } };
    expect(settings(long, '2026-11-23T12:00:00Z', own)).toEqual([]);
  });

  it('just after the window is due asks for a later time to be due', () => {
    const mornings = ['20', '21', '22', '23'].flatMap((day) =>
      aFull({ begun: `2026-11-${day}T08:30:00Z`, done: `2026-11-${day}T09:10:00Z` }),
    );
    expect(settings(mornings, '2026-11-23T12:00:00Z')).toEqual(['due: "10:30"']);
  });

  it.each(['2026-11-23T08:30:00Z', '2026-11-23T12:00:00Z'])(
    'fits when it is followed: %s',
    (when) => {
      const own = { window: { ...window, opens: '20:00' } };
      expect(settings(evenings, when, own)).toEqual([]);
    },
  );
});

describe('a host that is new', () => {
  const today = '2026-11-23T09:00:00Z';
  const severity = (objects: readonly StoredObject[], knownSince: string | undefined) =>
    judged({}, objects, today, {
      knownSince: knownSince === undefined ? undefined : at(knownSince),
    }).findings.map((one) => `${one.severity} ${one.kind}`);

  it('owes nothing for a window that closed before it was known', () => {
    expect(severity([], today)).toEqual(['info never']);
    expect(severity([], '2026-11-22T09:00:00Z')).toEqual(['critical never']);
    expect(severity([], undefined)).toEqual(['critical never']);
  });

  it('owes it from the date on that the config names, whatever a run knew', () => {
    const [never] = judged({ since: '2026-11-23' }, [], today, { knownSince: at(today) }).findings;
    expect(never).toMatchObject({ kind: 'never', severity: 'critical' });
  });

  it('owes it where it had given a sign of life before', () => {
    expect(severity(aFull({ begun: '2026-11-22T03:00:00Z' }), today)).toEqual(['critical missing']);
    const first = aFull({ begun: '2026-11-23T08:40:00Z' });
    expect(severity(first.slice(0, 1), today)).not.toContain('critical missing');
  });
});

describe('a host that prunes', () => {
  const days = ['17', '18', '19', '20', '21', '22', '23'];
  const nights = days.flatMap((day) => aFull({ begun: `2026-11-${day}T03:00:00Z` }));
  const namesOf = (day: string, part = '') =>
    nights
      .map(({ name }) => name)
      .filter((name) => name.includes(`202611${day}`) && name.includes(part));
  const prunes = { prunes: { keep: 3 } };
  const kinds = (
    history: ReturnType<typeof aHistory>,
    { host = prunes, ...evidence }: HostEvidence & { host?: Partial<Host> } = {},
  ) => {
    const judgement = judge(
      aHost({ keepDays: 30, ...host }),
      history.collected(),
      at('2026-11-23T09:00:00Z'),
      evidence,
    );
    return judgement.findings.map(({ kind }) => kind);
  };
  const hidden = (day: string, part = '', when = '2026-11-23T04:00:00Z') =>
    aHistory(nights).hide(namesOf(day, part), when);

  it('may remove whole sets that are older than those it keeps', () => {
    expect(kinds(hidden('20'))).toEqual([]);
    expect(kinds(hidden('20'), { host: {} })).toEqual(['tampered']);
  });

  it('may not touch those', () => {
    expect(kinds(hidden('21'))).toContain('tampered');
  });

  it('may not leave a part of one for long', () => {
    expect(kinds(hidden('18', 'vol1'))).toEqual(['tampered']);
    expect(kinds(hidden('18', 'vol1', '2026-11-23T08:30:00Z'))).toEqual([]);
  });

  it('is not said to have missed what it removed since, when nobody looked for a week', () => {
    const there = nights.filter(({ modifiedAt }) => modifiedAt >= at('2026-11-21T00:00:00Z'));
    const unseen = (host: Partial<Host>) =>
      judged(host, there, '2026-11-23T09:00:00Z', { judgedOn: '2026-11-17' }).unseen;
    const removed = ['2026-11-18', '2026-11-19', '2026-11-20'];
    expect(unseen(prunes)).toEqual({ missed: [], unknown: removed });
    expect(unseen({})).toEqual({ missed: removed, unknown: [] });
  });

  it('may not write over one before', () => {
    const history = aHistory(nights).put(namesOf('18', 'vol1')[0] ?? '', '2026-11-22T12:00:00Z');
    expect(kinds(history.hide(namesOf('18'), '2026-11-23T04:00:00Z'))).toEqual(['tampered']);
  });

  it('does it with its own key, and under a delete marker', () => {
    const removal = (more: Partial<Change>): Change => ({
      ...{
        what: 'removed',
        key: `web/${namesOf('18', 'vol1')[0]}`,
        at: at('2026-11-23T04:00:00Z'),
      },
      ...{ left: 'marker', principal: 'AWS:AIDAOWN00000000', address: undefined },
      ...more,
    });
    const host = { ...prunes, userId: 'AIDAOWN00000000' };
    expect(kinds(hidden('18'), { host, changes: [removal({})] })).toEqual([]);
    const other = removal({ principal: 'AWS:AIDAOTHER000000' });
    expect(kinds(hidden('18'), { host, changes: [other] })).toEqual(['tampered']);
    expect(kinds(hidden('18'), { host, changes: [removal({ left: 'version' })] })).toEqual([
      'tampered',
    ]);
  });

  it('removes for good where the bucket keeps no versions', () => {
    const there = nights
      .filter(({ name }) => !name.includes('20261118'))
      .map((one) => ({ ...one, versionId: 'null' }));
    const changes = namesOf('18').map(
      (name): Change => ({
        ...{ what: 'removed', key: `web/${name}`, at: at('2026-11-23T04:00:00Z') },
        ...{ left: 'version', principal: undefined, address: undefined },
      }),
    );
    const verdict = (host: Partial<Host>) =>
      judge(aHost({ keepDays: 30, ...host }), collected(...there), at('2026-11-23T09:00:00Z'), {
        changes,
      }).verdict;
    expect([verdict(prunes), verdict({}), verdict({ prunes: { keep: 6 } })]).toEqual([
      ...['ok', 'tampered', 'tampered'],
    ]);
  });
});

describe('a miss that a setting would explain', () => {
  const settingOf = (host: Partial<Host>, objects: readonly StoredObject[], when: string) => {
    const [found] = judged(host, objects, when).findings;
    return found?.kind === 'missing' ? found.setting : found?.kind;
  };
  const sundays = ['08', '15', '22'].flatMap((day) => aFull({ begun: `2026-11-${day}T03:00:00Z` }));
  const underWay = aFull({
    ...{ begun: '2026-11-20T02:14:00Z', done: '2026-11-22T08:50:00Z', volumes: 9 },
  }).filter(({ name }) => /vol[1-6]\./.test(name));

  it.each<[string, string | undefined, Partial<Host>, readonly StoredObject[], string]>([
    ['rests', 'days: [sun]', {}, sundays, '2026-11-25T09:00:00Z'],
    ['rested for less than two weeks', undefined, {}, sundays.slice(-10), '2026-11-25T09:00:00Z'],
    ['missed one of its days', undefined, {}, sundays, '2026-11-30T09:00:00Z'],
    [
      'would lose its backup before the next',
      undefined,
      { keepDays: 7 },
      sundays,
      '2026-11-25T09:00:00Z',
    ],
    ['is long on its way', 'window: { grace: 96h }', {}, underWay, '2026-11-22T09:00:00Z'],
    [
      'is on its way for longer than is kept',
      undefined,
      { keepDays: 4 },
      underWay,
      '2026-11-22T09:00:00Z',
    ],
  ])('of a host that %s: %s', (_, setting, host, objects, when) => {
    expect(settingOf(host, objects, when)).toBe(setting);
  });

  it('is explained no more once the setting is written', () => {
    expect(settingOf({ days: [0] }, sundays, '2026-11-25T09:00:00Z')).toBeUndefined();
    const grace = { window: { ...window, graceMinutes: 96 * 60 } };
    expect(settingOf(grace, underWay, '2026-11-22T09:00:00Z')).toBe('late');
  });
});

describe('a bucket that keeps the last good backups', () => {
  // Nothing has come for three weeks: lifecycle hides only what the janitor has tagged, and it tags neither of the last two.
  const days = ['01', '02', '03', '04'];
  const nights = days.flatMap((day) => aFull({ begun: `2026-11-${day}T03:00:00Z` }));
  const hiding = (day: string) =>
    aHistory(nights).hide(
      nights.map(({ name }) => name).filter((name) => name.includes(`202611${day}`)),
      '2026-11-22T12:00:00Z',
    );
  const isTampered = (day: string, host: Partial<Host>, lifecycle: Lifecycle = { rules: [] }) =>
    judge(aHost({ keepDays: 6, ...host }), hiding(day).collected(), at('2026-11-23T09:00:00Z'), {
      lifecycle,
    }).findings.some(({ kind }) => kind === 'tampered');

  it('lets nobody hide one of the last two, however old they are', () => {
    const keepLastGood = true;
    expect(days.map((day) => isTampered(day, { keepLastGood }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(days.map((day) => isTampered(day, {}))).toEqual([false, false, false, false]);
  });

  it('lets lifecycle hide one that is old and was named by a clock that was ahead', () => {
    const ahead = aFull({ begun: '2026-12-06T03:00:00Z', done: '2026-11-01T03:10:00Z' });
    const names = ahead.map(({ name }) => name);
    const read = aHistory([...nights, ...ahead]).hide(names, '2026-11-22T12:00:00Z');
    const { findings } = judge(
      aHost({ keepDays: 6, keepLastGood: true }),
      read.collected(),
      at('2026-11-23T09:00:00Z'),
      { lifecycle: { rules: [] } },
    );
    expect(findings.map(({ kind }) => kind)).not.toContain('tampered');
  });

  it('knows from an event that it was no lifecycle, however old the set is', () => {
    const changesOf = (day: string, left: Change['left']) =>
      nights
        .filter(({ name }) => name.includes(`202611${day}`))
        .map(({ name }): Change => {
          const who = { principal: undefined, address: undefined };
          return {
            key: `web/${name}`,
            at: at('2026-11-22T12:00:01Z'),
            what: 'removed',
            left,
            ...who,
          };
        });
    const judgedBy = (day: string, left: Change['left'], host: Partial<Host>, when: string) => {
      const read =
        left === 'marker'
          ? hiding(day)
          : aHistory(nights.filter(({ name }) => !name.includes(`202611${day}`)));
      const changes = changesOf(day, left);
      const { findings } = judge(aHost({ keepDays: 6, ...host }), read.collected(), at(when), {
        ...{ lifecycle: { rules: [] }, changes },
      });
      return findings.some(({ kind }) => kind === 'tampered');
    };
    for (const left of ['marker', 'version'] as const) {
      for (const day of days) {
        expect(judgedBy(day, left, { keepLastGood: true }, '2026-11-23T09:00:00Z')).toBe(true);
      }
      expect(judgedBy('01', left, {}, '2026-11-23T09:00:00Z')).toBe(false);
    }
    // As long as an object that was written then would be kept.
    const keeps = { keepLastGood: true };
    expect(judgedBy('01', 'version', keeps, '2026-11-28T09:00:00Z')).toBe(true);
    expect(judgedBy('01', 'version', keeps, '2026-11-30T09:00:00Z')).toBe(false);
  });

  it('takes it for lifecycle where a rule of the bucket did it, or the rules are not known', () => {
    const keepLastGood = true;
    const rules = [{ prefix: '', hides: { days: 6 } }];
    expect(isTampered('04', { keepLastGood }, { rules })).toBe(false);
    expect(isTampered('04', { keepLastGood }, { unknown: 'denied' })).toBe(false);
  });
});
