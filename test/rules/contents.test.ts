import { describe, expect, it } from 'vitest';
import type { BackupSet } from '../../shared/duplicity/backup-set.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import { judgeClocks, judgeIncrementals } from '../../shared/rules/contents.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';

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
