import { describe, expect, it } from 'vitest';
import type { BackupSet } from '../../shared/duplicity/backup-set.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { describeFinding } from '../../shared/messages/finding-text.ts';
import { formatLastGood } from '../../shared/messages/loss-text.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import {
  judgeClocks,
  judgeCold,
  judgeIncrementals,
  judgeOverlap,
} from '../../shared/rules/contents.ts';
import { judge } from '../../shared/rules/judge.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';

const host = aHost();
const now = at('2026-11-23T12:00:00Z');
const window = closedWindow(host, now);

describe('judgeIncrementals', () => {
  // The window before was judged when it was due: yesterday at 08:15.
  const setAt = (begun: string) => collected(...anIncremental('2026-11-19T03:00:00Z', begun)).sets;
  const severity = (...sets: BackupSet[]) => judgeIncrementals(host, sets, window)[0]?.severity;
  const unlisted = (set: BackupSet) => ({ ...set, volumes: undefined, manifest: undefined });

  it('is critical when one of several is new, to the instant', () => {
    const old = setAt('2026-11-20T03:00:00Z');
    expect(severity(...old, ...setAt('2026-11-22T08:15:00Z'))).toBe('critical');
    expect(severity(...old, ...setAt('2026-11-22T08:14:59Z'))).toBe('info');
    expect(judgeIncrementals(host, [], window)).toEqual([]);
  });

  it('gives one whose volumes were not read the day in which they may have come', () => {
    const [early, late] = ['2026-11-21T08:14:59Z', '2026-11-21T08:15:00Z'].map((begun) =>
      setAt(begun).map(unlisted),
    );
    expect(severity(...(early ?? []))).toBe('info');
    expect(severity(...(late ?? []))).toBe('critical');
    expect(severity(...setAt('2026-11-21T08:15:00Z'))).toBe('info');
    const volumesAlone = setAt('2026-11-21T09:00:00Z').map((set) => ({
      ...set,
      manifest: undefined,
    }));
    expect(severity(...volumesAlone)).toBe('info');
    const manifestAlone = setAt('2026-11-21T09:00:00Z').map((set) => ({
      ...set,
      volumes: undefined,
    }));
    expect(severity(...manifestAlone)).toBe('info');
  });
});

describe('judgeClocks', () => {
  const aheadOf = (begun: string, done: string, when = now) => {
    const { sets } = assessSets(host, collected(...aFull({ begun, done })));
    return judgeClocks(host, sets, window, when).map(
      (one) => one.kind === 'clock-skew' && one.aheadMs,
    );
  };

  it('notes a name of a later day that is over five minutes ahead of now', () => {
    const midnight = window.endsAt;
    const [begun, done] = ['2026-11-24T00:00:00Z', '2026-11-23T11:00:00Z'];
    expect(aheadOf(begun, done, midnight - 300_000)).toEqual([]);
    expect(aheadOf(begun, done, midnight - 300_001)).toEqual([13 * 3_600_000]);
    expect(aheadOf('2026-11-23T23:59:59Z', done)).toEqual([]);
  });

  it('notes a manifest of this window that came over 36 hours after its name', () => {
    const day = 86_400_000;
    expect(aheadOf('2026-11-21T12:00:00Z', '2026-11-23T00:00:00Z')).toEqual([]);
    expect(aheadOf('2026-11-21T11:59:59Z', '2026-11-23T00:00:00Z')).toEqual([-1.5 * day - 1000]);
    expect(aheadOf('2026-11-20T03:00:00Z', '2026-11-22T23:59:59Z')).toEqual([]);
    const bare = aFull({ begun: '2026-11-20T03:00:00Z', done: '2026-11-23T03:00:00Z' }).filter(
      ({ name }) => !name.includes('manifest'),
    );
    expect(judgeClocks(host, assessSets(host, collected(...bare)).sets, window, now)).toEqual([]);
  });
});

describe('judgeOverlap', () => {
  /** A full whose first volume came at one time, and all the rest at another. */
  const run = (begun: string, from: string, until: string) =>
    aFull({ begun, done: until }).map((one) =>
      one.name.includes('.vol1.') ? anObject(one.name, { bytes: one.bytes, written: from }) : one,
    );
  const timesIn = (...sets: StoredObject[][]) =>
    judgeOverlap(assessSets(host, collected(...sets.flat())).sets, window).flatMap((finding) =>
      finding.kind === 'overlapping' ? finding.sets.map((one) => one.startedAt) : [],
    );
  const first = run('2026-11-23T02:14:00Z', '2026-11-23T02:16:00Z', '2026-11-23T02:24:00Z');
  const second = run('2026-11-23T02:14:07Z', '2026-11-23T02:17:00Z', '2026-11-23T02:26:00Z');
  const starts = [at('2026-11-23T02:14:00Z'), at('2026-11-23T02:14:07Z')];

  it('names two sets of which each came while the other one did', () => {
    expect(timesIn(first, second)).toEqual(starts);
    expect(timesIn(second, first)).toEqual(starts);
    const inside = run('2026-11-23T02:15:00Z', '2026-11-23T02:18:00Z', '2026-11-23T02:19:00Z');
    expect(timesIn(first, inside)).toEqual([starts[0], at('2026-11-23T02:15:00Z')]);
  });

  it('goes by the clock of S3, and by sets that are not finished too', () => {
    const next = run('2026-11-23T02:20:00Z', '2026-11-23T02:24:00Z', '2026-11-23T02:30:00Z');
    expect(timesIn(first, next)).toEqual([]);
    const killed = second.filter(({ name }) => name.includes('.vol'));
    expect(timesIn(first, killed)).toEqual(starts);
    const dead = killed.filter(({ name }) => name.includes('.vol1.'));
    const after = run('2026-11-23T02:18:00Z', '2026-11-23T02:19:00Z', '2026-11-23T02:40:00Z');
    expect(timesIn(dead, after)).toEqual([]);
  });

  it('counts an incremental that came while a full did', () => {
    const inc = anIncremental('2026-11-22T02:14:00Z', '2026-11-23T02:20:00Z');
    expect(timesIn(first, inc)).toEqual([starts[0], at('2026-11-23T02:20:00Z')]);
  });

  it('says nothing of sets that somebody copied here, nor of those of the window before', () => {
    const moved = ['20', '21'].map((day) =>
      run(`2026-11-${day}T02:14:00Z`, '2026-11-23T09:00:00Z', '2026-11-23T09:30:00Z'),
    );
    expect(timesIn(...moved)).toEqual([]);
    const yesterday = (iso: string) => iso.replace('-23T', '-22T');
    const before = ['2026-11-23T02:14:00Z', '2026-11-23T02:14:07Z'].map((begun) =>
      run(
        ...([begun, '2026-11-23T02:16:00Z', '2026-11-23T02:24:00Z'].map(yesterday) as [
          ...[string, string, string],
        ]),
      ),
    );
    expect(timesIn(...before)).toEqual([]);
  });

  it('shows three of many, and how many there are', () => {
    const many = [0, 1, 2, 3, 4].map((second) =>
      run(`2026-11-23T02:14:0${second}Z`, '2026-11-23T02:16:00Z', '2026-11-23T02:24:00Z'),
    );
    const judgement = judge(host, collected(...many.flat()), now);
    const [finding] = judgement.findings.filter(({ kind }) => kind === 'overlapping');
    expect(finding).toMatchObject({ count: 5, sets: { length: 3 } });
    expect(finding && describeFinding(finding, judgement, 'UTC')).toContain('and 2 more');
    expect(judgement.verdict).toBe('ok');
  });
});

describe('judgeCold', () => {
  const night = aFull({ begun: '2026-11-23T03:00:00Z' });
  const inClass = (storageClass: string, objects = night) =>
    objects.map((one) => ({ ...one, storageClass }));
  const judged = (objects: readonly StoredObject[]) => judge(host, collected(...objects), now);
  const coldIn = (objects: readonly StoredObject[]) =>
    judged(objects).findings.filter(({ kind }) => kind === 'cold');

  it.each([
    ['GLACIER', 'some minutes to 12 hours'],
    ['DEEP_ARCHIVE', '12 to 48 hours'],
    ['ARCHIVE_ACCESS', 'some minutes to 12 hours'],
    ['DEEP_ARCHIVE_ACCESS', '12 to 48 hours'],
  ])('says how long %s takes', (storageClass, wait) => {
    const judgement = judged(inClass(storageClass));
    const [finding] = judgement.findings;
    expect(finding).toMatchObject({ kind: 'cold', severity: 'info', files: 5 });
    expect(judgement.verdict).toBe('ok');
    expect(finding && describeFinding(finding, judgement, 'UTC')).toContain(wait);
    expect(formatLastGood(judgement, 'UTC')).toContain(`in ${storageClass}`);
    expect(formatLastGood(judgement, 'UTC')).toContain(wait);
  });

  it.each(['GLACIER_IR', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING'])(
    'says nothing of %s, which answers at once',
    (storageClass) => {
      expect(coldIn(inClass(storageClass))).toEqual([]);
    },
  );

  it('counts a part of the files, and the slowest class', () => {
    const [one, two, ...others] = night;
    const some = [one, two].flatMap((file) => file ?? []);
    const mixed = [
      ...inClass('GLACIER', some.slice(0, 1)),
      ...inClass('DEEP_ARCHIVE', some.slice(1)),
    ];
    const classes = ['DEEP_ARCHIVE', 'GLACIER'];
    expect(coldIn([...mixed, ...others])).toMatchObject([{ files: 2, storageClasses: classes }]);
  });

  it('is about all that the last good incremental builds on', () => {
    const chained = aHost({ chain: { fullEveryDays: 7 } });
    const full = inClass('GLACIER', aFull({ begun: '2026-11-20T03:00:00Z' }));
    const inc = anIncremental('2026-11-20T03:00:00Z', '2026-11-23T03:00:00Z');
    const judgement = judge(chained, collected(...full, ...inc), now);
    const [finding] = judgement.findings.filter(({ kind }) => kind === 'cold');
    expect(finding).toMatchObject({ files: 5, startedAt: at('2026-11-23T03:00:00Z') });
    expect(finding && describeFinding(finding, judgement, 'UTC')).toContain('the incremental of');
  });

  it('is about the last good copy alone', () => {
    const old = inClass('DEEP_ARCHIVE', aFull({ begun: '2026-11-20T03:00:00Z' }));
    expect(coldIn([...old, ...night])).toEqual([]);
    expect(judgeCold([], undefined)).toEqual([]);
    const missed = judged(old);
    expect(missed.findings.map(({ kind }) => kind)).toContain('cold');
  });
});
