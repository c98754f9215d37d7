import { describe, expect, it } from 'vitest';
import type { BackupSet } from '../../shared/duplicity/backup-set.ts';
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

  it('finds incrementals critical when one of them is new, to the instant', () => {
    const old = setAt('2026-11-20T03:00:00Z');
    expect(severity(...old, ...setAt('2026-11-22T08:15:00Z'))).toBe('critical');
    expect(severity(...old, ...setAt('2026-11-22T08:14:59Z'))).toBe('info');
    expect(judgeIncrementals(host, [], window)).toEqual([]);
  });

  it('counts an incremental whose volumes were not read as written within a day of its start', () => {
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
  const aheadOf = (begun: string, done: string, more: Partial<BackupSet> = {}) => {
    const sets = collected(...aFull({ begun, done })).sets.map((set) => ({ ...set, ...more }));
    return judgeClocks(sets, window, now).map((one) => one.kind === 'clock-skew' && one.aheadMs);
  };

  it("finds a name over five minutes ahead of S3's clock, in this window or a later one", () => {
    expect(aheadOf('2026-11-23T03:05:00Z', '2026-11-23T03:00:00Z')).toEqual([]);
    expect(aheadOf('2026-11-23T03:05:01Z', '2026-11-23T03:00:00Z')).toEqual([301_000]);
    expect(aheadOf('2026-11-23T00:00:00Z', '2026-11-22T23:00:00Z')).toEqual([3_600_000]);
    expect(aheadOf('2026-11-22T23:59:59Z', '2026-11-22T23:00:00Z')).toEqual([]);
  });

  it('finds a manifest of this window that came over 36 hours after the time in its name', () => {
    const day = 86_400_000;
    expect(aheadOf('2026-11-21T12:00:00Z', '2026-11-23T00:00:00Z')).toEqual([]);
    expect(aheadOf('2026-11-21T11:59:59Z', '2026-11-23T00:00:00Z')).toEqual([-1.5 * day - 1000]);
    expect(aheadOf('2026-11-20T03:00:00Z', '2026-11-22T23:59:59Z')).toEqual([]);
    const begun = '2026-11-20T03:00:00Z';
    expect(aheadOf(begun, '2026-11-23T03:00:00Z', { manifest: undefined })).toEqual([]);
  });
});
