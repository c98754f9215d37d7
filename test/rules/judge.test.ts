import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import type { FindingKind } from '../../shared/rules/finding.ts';
import { hasToCount, judge } from '../../shared/rules/judge.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';

const NOON = '2026-11-23T12:00:00Z';
const today = '2026-11-23T03:15:00Z';
const yesterday = '2026-11-22T03:15:00Z';

const judged = (objects: readonly StoredObject[], now = NOON, host: Partial<Host> = {}) =>
  judge(aHost(host), collected(...objects), at(now));
const kinds = (objects: readonly StoredObject[], now = NOON, host: Partial<Host> = {}) =>
  judged(objects, now, host).findings.map(({ kind, severity }) => `${severity} ${kind}`);
const without = (objects: readonly StoredObject[], part: string) =>
  objects.filter(({ name }) => !name.includes(part));

describe('judge', () => {
  it('is ok with a complete full in the window', () => {
    const judgement = judged(aFull({ begun: today }));
    expect(judgement.verdict).toBe('ok');
    expect(judgement.findings).toEqual([]);
    expect(judgement.answer).toBe(judgement.lastGood);
  });

  it('is missing when the newest full is of yesterday, and counts the windows', () => {
    const judgement = judged(aFull({ begun: '2026-11-21T03:15:00Z' }));
    expect(judgement.findings).toEqual([
      { kind: 'missing', severity: 'critical', windowsMissed: 2, strayed: [] },
    ]);
    expect(judgement.lastGood?.startedAt).toBe(at('2026-11-21T03:15:00Z'));
  });

  it('counts the windows of a host whose fulls are incomplete night after night', () => {
    const broken = [yesterday, today].flatMap((begun) => without(aFull({ begun }), 'vol2'));
    const judgement = judged([...aFull({ begun: '2026-11-21T03:15:00Z' }), ...broken]);
    expect(judgement.findings[0]).toMatchObject({ kind: 'incomplete', windowsMissed: 2 });
  });

  it.each([
    ['before the host owed a backup', { since: '2026-11-22' }],
    ['that a pause covered', { paused: { until: '2026-11-22', because: 'disk swap' } }],
  ])('does not count a window %s as missed', (_, host) => {
    const judgement = judged(aFull({ begun: '2026-11-18T03:15:00Z' }), NOON, host);
    expect(judgement.findings[0]).toMatchObject({ kind: 'missing', windowsMissed: 2 });
  });

  it('judges yesterday until the window of today has closed, and says how far today is', () => {
    const objects = aFull({ begun: today });
    const before = judged([...aFull({ begun: yesterday }), ...objects], '2026-11-23T08:14:59Z');
    expect([before.verdict, before.window.date, before.next?.state]).toEqual([
      'ok',
      '2026-11-22',
      'done',
    ]);
    const early = judged(aFull({ begun: yesterday }), '2026-11-23T02:00:00Z');
    expect([early.verdict, early.next?.state]).toEqual(['ok', 'not yet']);
  });

  it('counts a full that came after the due time as a recovery', () => {
    const judgement = judged(
      aFull({ begun: '2026-11-23T10:00:00Z', done: '2026-11-23T11:02:00Z' }),
    );
    expect(judgement.verdict).toBe('ok');
    expect((judgement.answeredAt ?? 0) - judgement.window.dueAt).toBe((2 * 60 + 47) * 60_000);
  });

  it.each([
    ['its manifest', 'manifest', { manifest: 'absent', missingVolumes: [] }],
    ['a volume', 'vol2', { manifest: 'there', missingVolumes: [2] }],
    ['its first volume', 'vol1', { manifest: 'there', missingVolumes: [1] }],
  ])('is incomplete without %s', (_, part, evidence) => {
    expect(judged(without(aFull({ begun: today }), part)).findings[0]).toMatchObject({
      kind: 'incomplete',
      severity: 'critical',
      ...evidence,
    });
  });

  it.each([
    ['volume', 'vol2', { emptyVolumes: [2] }],
    ['manifest', 'manifest', { manifest: 'empty' }],
  ])('is incomplete with an empty %s', (_, part, evidence) => {
    const objects = aFull({ begun: today }).map((object) =>
      object.name.includes(part) ? { ...object, bytes: 0 } : object,
    );
    expect(judged(objects).findings[0]).toMatchObject({ kind: 'incomplete', ...evidence });
  });

  it('counts a set for the one window in which both clocks place it', () => {
    const resumed = aFull({ begun: '2026-11-22T23:50:00Z', done: '2026-11-23T00:40:00Z' });
    expect(judged(resumed).findings[0]).toMatchObject({
      kind: 'missing',
      strayed: [{ completedAt: at('2026-11-23T00:40:00Z') }],
    });
    const forged = aFull({ begun: today, done: yesterday });
    expect(judged(forged).verdict).toBe('damaged');
  });

  it('answers over midnight when the window opens the evening before', () => {
    const resumed = aFull({ begun: '2026-11-22T23:50:00Z', done: '2026-11-23T00:40:00Z' });
    const window = { opens: '22:00', due: '08:15', graceMinutes: 240 };
    expect(judged(resumed, NOON, { window }).verdict).toBe('ok');
  });

  it('is late while volumes still arrive, and incomplete once the grace is over', () => {
    const uploading = without(aFull({ begun: today, done: '2026-11-23T07:50:00Z' }), 'manifest');
    expect(kinds(uploading, '2026-11-23T08:20:00Z')).toEqual(['warning late']);
    expect(judged(uploading, '2026-11-23T08:20:00Z').findings).toMatchObject([
      { volumes: 3, startedAt: at(today), lastArrivalAt: at('2026-11-23T07:50:00Z') },
    ]);
    expect(kinds(uploading, '2026-11-23T09:20:00Z')).toEqual(['critical incomplete']);
    const long = without(aFull({ begun: today, done: '2026-11-23T12:10:00Z' }), 'manifest');
    expect(kinds(long, '2026-11-23T12:14:00Z')).toEqual(['warning late']);
    expect(kinds(long, '2026-11-23T12:15:00Z')).toEqual(['critical incomplete']);
  });

  it('is missing, and not incomplete or late, when an incremental was all that came', () => {
    const cut = without(anIncremental(yesterday, today), 'manifest');
    expect(kinds(cut)).toEqual(['critical missing', 'critical incremental']);
    expect(kinds(cut, '2026-11-23T08:20:00Z')).toEqual([
      'critical missing',
      'critical incremental',
    ]);
  });

  it('finds never for a host without a set, whatever else lies in its target', () => {
    expect(kinds([])).toEqual(['critical never']);
    expect(kinds([anObject('backup.log')])).toEqual(['critical never', 'info foreign']);
    const since = { since: '2026-11-24' };
    expect(kinds([], NOON, since)).toEqual(['info never']);
    expect(judged([], NOON, since).verdict).toBe('never');
    expect(kinds([], NOON, { since: '2026-11-23' })).toEqual(['critical never']);
  });

  it('counts the windows that were missed since the last good full was begun, to 400', () => {
    const missed = (begun: string) => {
      const finding = judged(aFull({ begun })).findings.find(({ kind }) => kind === 'missing');
      return finding?.kind === 'missing' ? finding.windowsMissed : undefined;
    };
    // One that was begun as a window opened answered that window.
    expect(missed('2026-11-22T00:00:00Z')).toBe(1);
    expect(missed('2026-11-21T23:59:59Z')).toBe(2);
    expect(missed('2024-01-01T03:15:00Z')).toBe(400);
    expect(judged(without(aFull({ begun: yesterday }), 'manifest')).findings[0]).toMatchObject({
      windowsMissed: 1,
    });
  });

  it('shows which volumes of an unfinished full have arrived', () => {
    const half = without(without(aFull({ begun: today, volumes: 4 }), 'manifest'), 'vol2');
    expect(judged(half).findings[0]).toMatchObject({
      ...{ kind: 'incomplete', volumes: 3, missingVolumes: [2], manifest: 'absent' },
    });
  });

  it('shows an unfinished full of which no volume has arrived', () => {
    const bare = aFull({ begun: today }).filter(({ name }) => name.includes('manifest'));
    expect(judged(bare).findings[0]).toMatchObject({
      ...{
        kind: 'incomplete',
        volumes: 0,
        missingVolumes: [],
        emptyVolumes: [],
        manifest: 'there',
      },
    });
  });

  it('is poisoned by a second spelling of the signatures of a full, until one incremental has signatures on it', () => {
    const time = formatWrittenTime(at(today));
    const full = aFull({ begun: today });
    const link = anIncremental(today, '2026-11-23T05:00:00Z');
    const others = link.filter(({ name }) => !name.includes('sigtar'));
    const [signatures] = link.filter(({ name }) => name.includes('sigtar'));
    const twice = [signatures, { ...signatures, name: `${signatures?.name}~` }] as StoredObject[];
    const chain = { chain: { fullEveryDays: 7 } };
    for (const end of ['gpg.bak', 'gpg~', 'gpg.part', 'part']) {
      const name = `duplicity-full-signatures.${time}.sigtar.${end}`;
      const isPoisoned = (...objects: StoredObject[]) =>
        judged([...objects, anObject(name, { written: today })], NOON, chain).findings.some(
          ({ kind }) => kind === 'poisoned',
        );
      const found = [
        full,
        [...full, ...others],
        [...full, ...link],
        [...full, ...others, ...twice],
      ];
      expect(
        found.map((one) => isPoisoned(...one)),
        name,
      ).toEqual([true, true, false, true]);
      expect(isPoisoned(...without(full, 'sigtar')), name).toBe(false);
    }
    // Of an incremental duplicity takes the first, and leaves the other alone.
    expect(kinds([...full, ...link, ...twice.slice(1)], NOON, chain)).not.toContain(
      'critical poisoned',
    );
  });

  it('is poisoned by volume 0, and by any second spelling of a volume or manifest', () => {
    const time = formatWrittenTime(at(today));
    for (const name of [
      `duplicity-full.${time}.vol0.difftar.gpg`,
      `duplicity-full.${time}.vol01.difftar.gpg`,
      `duplicity-full.${time}.vol1.difftar.gz`,
      `duplicity-full.${time}.vol1.difftar.gpg.bak`,
      `duplicity-full.${time}.manifest`,
      `duplicity-full.${time}.manifest.gpg.old`,
      `duplicity-full.${time}.manifest.part`,
      `duplicity-full.${at(today) / 1000}.manifest.gpg`,
      `df.${(at(today) / 1000).toString(36)}.m.g`,
      'df.toxqtp.0.dt.g',
    ]) {
      const judgement = judged([...aFull({ begun: today }), anObject(name, { written: today })]);
      expect(judgement.verdict, name).toBe('poisoned');
      const finding = judgement.findings.find(({ kind }) => kind === 'poisoned');
      expect(finding, name).toMatchObject({ severity: 'critical' });
      expect(JSON.stringify(finding), name).toContain(name);
    }
  });

  it('finds a new incremental critical, and an older one information while it lasts', () => {
    const full = aFull({ begun: today });
    const inc = anIncremental(yesterday, '2026-11-23T09:15:00Z');
    expect(kinds([...full, ...inc])).toEqual(['critical incremental']);
    const old = anIncremental('2026-11-21T03:15:00Z', yesterday);
    expect(kinds([...full, ...old])).toEqual(['info incremental']);
    expect(judged([...full, ...old]).verdict).toBe('ok');
  });

  it('counts an incremental as new when it was written after the last window was judged', () => {
    const full = aFull({ begun: today });
    const afternoon = anIncremental('2026-11-21T03:15:00Z', '2026-11-22T14:00:00Z');
    expect(kinds([...full, ...afternoon])).toEqual(['critical incremental']);
    const morning = anIncremental('2026-11-21T03:15:00Z', '2026-11-22T08:14:59Z');
    expect(kinds([...full, ...morning])).toEqual(['info incremental']);
  });

  it('counts an incremental as new when it was resumed today under a name of yesterday', () => {
    const resumed = anIncremental('2026-11-21T03:15:00Z', yesterday).map((object) => ({
      ...object,
      modifiedAt: at(today),
      firstModifiedAt: at(today),
    }));
    expect(kinds([...aFull({ begun: today }), ...resumed])).toEqual(['critical incremental']);
  });

  it('lists critical findings before those that only last', () => {
    const old = anIncremental('2026-11-21T03:15:00Z', yesterday);
    const plain = aFull({ begun: today, encrypted: false });
    expect(kinds([...plain, ...old])).toEqual(['critical unencrypted', 'info incremental']);
    expect(judged([...plain, ...old]).verdict).toBe('unencrypted');
  });

  it('finds new signatures without a set', () => {
    const [signatures] = anIncremental(yesterday, today).filter(({ name }) => name.includes('sig'));
    expect(kinds([...aFull({ begun: today }), signatures as StoredObject])).toEqual([
      'critical incremental',
    ]);
  });

  it('is unencrypted with any file of duplicity that is not', () => {
    expect(kinds(aFull({ begun: today, encrypted: false }))).toEqual(['critical unencrypted']);
  });

  it('warns of a full without signatures, and of one whose end may be missing', () => {
    expect(kinds(aFull({ begun: today, signatures: false }))).toEqual(['warning no-signatures']);
    const cut = without(aFull({ begun: today, volumes: 5 }), 'vol5');
    expect(kinds(cut)).toEqual(['info maybe-truncated']);
    expect(judged(cut).verdict).toBe('ok');
    const before = aFull({ begun: yesterday, volumes: 5 });
    expect(kinds([...before, ...cut])).toEqual(['warning maybe-truncated']);
    expect(judged([...before, ...cut]).verdict).toBe('maybe-truncated');
  });

  it('shows what spoils the fulls of the window in place of missing, and as a warning next to an answer', () => {
    const odd = aFull({ begun: '2026-11-23T05:00:00Z' }).map((one) =>
      one.name.includes('.vol1.') ? { ...one, bytes: 1 } : one,
    );
    expect(kinds(odd)).toEqual(['critical damaged']);
    expect(judged(odd).windowsMissed).toBe(1);
    const killed = without(aFull({ begun: '2026-11-23T04:00:00Z' }), 'manifest');
    expect(kinds([...odd, ...killed])).toEqual([
      'critical damaged',
      'critical incomplete',
      'info duplicate-full',
    ]);
    const lost = without(aFull({ begun: '2026-11-23T04:30:00Z' }), 'vol2');
    const answered = judged([...odd, ...killed, ...lost, ...aFull({ begun: today })]);
    expect(answered.answer?.startedAt).toBe(at(today));
    expect(answered.findings[1]).toMatchObject({ startedAt: at('2026-11-23T04:30:00Z') });
    expect(answered.findings.map(({ kind, severity }) => `${severity} ${kind}`)).toEqual([
      'warning damaged',
      'warning incomplete',
      'info duplicate-full',
    ]);
    expect(answered.windowsMissed).toBe(0);
  });

  it('warns of a run that was killed after the full that answers, and not of one that was made again', () => {
    const killed = (begun: string) => without(aFull({ begun }), 'manifest');
    const good = aFull({ begun: today });
    expect(kinds([...killed('2026-11-23T02:00:00Z'), ...good])).toEqual(['info duplicate-full']);
    const after = [...good, ...killed('2026-11-23T09:00:00Z')];
    expect(judged(after).answer?.startedAt).toBe(at(today));
    expect(kinds(after)).toEqual(['warning incomplete', 'info duplicate-full']);
    // It may not be killed: its last file came less than an hour ago.
    expect(kinds(after, '2026-11-23T09:30:00Z')).toEqual(['info duplicate-full']);
  });

  it('is missing while names of the window were uploaded days before, and shows why on their day', () => {
    const ahead = aFull({ begun: '2026-11-25T03:00:00Z', done: '2026-11-23T04:00:00Z' });
    const good = aFull({ begun: today });
    expect(judged([...good, ...ahead]).lastGood?.startedAt).toBe(at(today));
    expect(kinds([...good, ...ahead], '2026-11-24T12:00:00Z')).toEqual([
      'critical missing',
      'info clock-skew',
    ]);
    expect(kinds([...good, ...ahead], '2026-11-25T12:00:00Z')).toEqual(['critical damaged']);
    expect(judged([...good, ...ahead], '2026-11-25T12:00:00Z').lastGood?.startedAt).toBe(at(today));
  });

  it('warns of a size far from the median of three earlier fulls, and below the minimum', () => {
    const days = ['20', '21', '22'].map((day) => aFull({ begun: `2026-11-${day}T03:15:00Z` }));
    const small = aFull({ begun: today, volumeBytes: 20_000_000 });
    const big = aFull({ begun: today, volumes: 9 });
    expect(kinds([...days.flat(), ...small])).toEqual(['warning shrunk']);
    expect(kinds([...days.flat(), ...big])).toEqual(['warning grew']);
    expect(kinds([...days.slice(1).flat(), ...small])).toEqual([]);
    const size = { minBytes: 10 ** 12, shrink: 0.5, grow: 2 };
    expect(kinds(aFull({ begun: today }), NOON, { size })).toEqual(['warning shrunk']);
  });

  it('never takes a full from the future for the last good copy', () => {
    const judgement = judged([
      ...aFull({ begun: today }),
      ...aFull({ begun: '2099-01-01T00:00:00Z', done: '2026-11-23T04:00:00Z' }),
    ]);
    expect(judgement.lastGood?.startedAt).toBe(at(today));
    expect(judgement.findings.map(({ kind }) => kind)).toEqual(['clock-skew']);
    expect(judgement.verdict).toBe('ok');
  });

  it('finds clock-skew once for a full written long after the time in its name, and none for a slow backup', () => {
    const found = (begun: string, done: string, now?: string) =>
      judged([...aFull({ begun: today }), ...aFull({ begun, done })], now).findings;
    const kinds = (...full: [string, string, string?]) => found(...full).map(({ kind }) => kind);
    expect(found('2020-01-01T00:00:00Z', '2026-11-23T04:00:00Z')).toEqual([
      expect.objectContaining({ kind: 'clock-skew', severity: 'info' }),
    ]);
    expect(kinds('2026-11-21T15:59:59Z', '2026-11-23T04:00:00Z')).toEqual(['clock-skew']);
    expect(kinds('2026-11-21T16:00:00Z', '2026-11-23T04:00:00Z')).toEqual([]);
    expect(kinds('2020-01-01T00:00:00Z', '2026-11-22T04:00:00Z')).toEqual([]);
  });

  it('finds duplicate-full when the window has more than one full', () => {
    const judgement = judged([
      ...aFull({ begun: today }),
      ...aFull({ begun: '2026-11-23T09:15:00Z' }),
    ]);
    expect(judgement.findings.map(({ kind }) => kind)).toEqual(['duplicate-full']);
    expect(judgement.answer?.startedAt).toBe(at('2026-11-23T09:15:00Z'));
    expect(judgement.answeredAt).toBe(at(today));
  });

  it('pauses a host until the date, and still reports what is wrong with its archive', () => {
    const paused = { paused: { until: '2026-11-24', because: 'disk swap' } };
    expect(judged(aFull({ begun: yesterday }), NOON, paused).verdict).toBe('paused');
    expect(judged(aFull({ begun: yesterday }), '2026-11-24T12:00:00Z', paused).verdict).toBe(
      'missing',
    );
    const poison = [...aFull({ begun: yesterday }), anObject('df.toxqtp.0.dt.g')];
    expect(judged(poison, NOON, paused).verdict).toBe('poisoned');
    const odd = [...aFull({ begun: yesterday }), anObject('backup.log')];
    expect(judged(odd, NOON, paused).verdict).toBe('paused');
    expect(judged(aFull({ begun: today }), NOON, paused).verdict).toBe('ok');
  });

  it('counts down until a good full is started in the window, from its first instant on', () => {
    const counts = (...begun: string[]) =>
      hasToCount(
        aHost(),
        assessSets(aHost(), collected(...begun.flatMap((one) => aFull({ begun: one })))),
        judged([]).window,
        at(NOON),
      );
    expect(counts()).toBe(true);
    expect(counts('2026-11-21T03:00:00Z', '2026-11-22T23:59:59Z')).toBe(true);
    expect(counts('2026-11-21T03:00:00Z', '2026-11-22T03:00:00Z', '2026-11-23T00:00:00Z')).toBe(
      false,
    );
  });

  it('finds a host unreadable, with no other finding, when its target could not be read', () => {
    const judgement = judge(aHost(), { unreadable: 'AccessDenied (403)', hint: 'ask' }, at(NOON));
    expect(judgement.verdict).toBe('unreadable' satisfies FindingKind);
    expect(judgement.findings).toMatchObject([{ kind: 'unreadable', severity: 'critical' }]);
  });

  it('is unreadable rather than missing when volumes of the window were not listed', () => {
    const objects = aFull({ begun: today }).filter(({ name }) => !name.includes('.vol'));
    const read = collected(...objects);
    const unlisted = read.sets.map((set) => ({ ...set, volumes: undefined }));
    const judgement = judge(aHost(), { ...read, sets: unlisted }, at(NOON));
    expect(judgement.verdict).toBe('unreadable');
    expect(judgement.findings).toMatchObject([
      {
        ...{ kind: 'unreadable', severity: 'critical', hint: expect.stringContaining('list') },
        reason: 'the volumes of the full of 2026-11-23T03:15:00.000Z were not listed',
      },
    ]);
  });

  it('judges by the calendar of the host', () => {
    const eve = aFull({ begun: '2026-11-22T23:30:00Z' });
    expect(judged(eve, NOON, { timezone: 'Europe/Amsterdam' }).verdict).toBe('ok');
    expect(judged(eve, NOON).verdict).toBe('missing');
  });
});
