import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import {
  doesAnswer,
  isArriving,
  isIn,
  newestFull,
  progressOf,
  SKEW,
} from '../../shared/rules/answer.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';

const host = aHost();
const now = at('2026-11-23T09:00:00Z');
const window = closedWindow(host, now);
const MINUTE = 60_000;
const setsOf = (...objects: readonly StoredObject[]) => collected(...objects).sets;
const theSet = (...objects: readonly StoredObject[]) => {
  const [set] = setsOf(...objects);
  if (set === undefined) throw new Error('no set');
  return set;
};

describe('isIn', () => {
  it('contains the instant of its opening, and leaves that of the next opening to the next window', () => {
    expect([window.opensAt - 1, window.opensAt].map((when) => isIn(window, when))).toEqual([
      false,
      true,
    ]);
    expect([window.endsAt - 1, window.endsAt].map((when) => isIn(window, when))).toEqual([
      true,
      false,
    ]);
  });
});

describe('doesAnswer', () => {
  const full = theSet(...aFull({ begun: '2026-11-23T03:15:00Z', done: '2026-11-23T09:00:00Z' }));

  it('counts a full from the moment in which its manifest is written', () => {
    expect([now - 1, now].map((when) => doesAnswer(full, window, when))).toEqual([false, true]);
  });

  it('counts a full only when no file of it is missing', () => {
    const [, ...rest] = aFull({ begun: '2026-11-23T03:15:00Z' });
    expect(doesAnswer(theSet(...rest), window, now)).toBe(false);
  });
});

describe('isArriving', () => {
  const written = '2026-11-23T08:00:00Z';
  const parts = aFull({ begun: '2026-11-23T03:15:00Z', done: written });
  const open = theSet(...parts.filter(({ name }) => !name.includes('manifest')));

  it('is true until an hour after the last volume, to the instant', () => {
    expect(
      [0, 60 * MINUTE, 60 * MINUTE + 1].map((later) => isArriving(open, at(written) + later)),
    ).toEqual([true, true, false]);
  });

  it('is false for a complete set, and for one without a volume', () => {
    expect(isArriving(theSet(...parts), at(written))).toBe(false);
    const bare = parts.filter(({ name }) => name.includes('manifest'));
    expect(isArriving(theSet(...bare), at(written))).toBe(false);
  });
});

describe('newestFull', () => {
  const sunday = aFull({ begun: '2026-11-22T03:15:00Z' });

  it('is the newest full that has a manifest, and never an incremental', () => {
    const killed = aFull({ begun: '2026-11-23T03:15:00Z' }).filter(
      ({ name }) => !name.includes('manifest'),
    );
    const inc = anIncremental('2026-11-22T03:15:00Z', '2026-11-23T04:00:00Z');
    expect(newestFull(setsOf(...sunday, ...killed, ...inc), now)?.startedAt).toBe(
      at('2026-11-22T03:15:00Z'),
    );
  });

  it('is never from the future, apart from five minutes between two clocks', () => {
    const ahead = aFull({ begun: new Date(now + SKEW).toISOString() });
    const sets = setsOf(...sunday, ...ahead);
    expect(newestFull(sets, now)?.startedAt).toBe(now + SKEW);
    expect(newestFull(sets, now - 1000)?.startedAt).toBe(at('2026-11-22T03:15:00Z'));
    expect(SKEW).toBe(5 * MINUTE);
  });
});

describe('progressOf', () => {
  // Opens at 22:00, so that the next window opens long before it is due.
  const eve = aHost({ window: { opens: '22:00', due: '06:00', hardDue: '10:00' } });
  const closed = closedWindow(eve, now);
  const state = (when: string, ...objects: readonly StoredObject[]) =>
    progressOf(eve, closed, setsOf(...objects), at(when))?.state;
  const begun = '2026-11-23T22:10:00Z';
  const full = aFull({ begun, done: '2026-11-23T23:00:00Z' });

  it('is undefined before the next window opens, and "not yet" from then on', () => {
    expect(state('2026-11-23T21:59:59Z')).toBeUndefined();
    expect(state('2026-11-23T22:00:00Z')).toBe('not yet');
  });

  it('depends only on what was started in that window', () => {
    const earlier = aFull({ begun: '2026-11-23T21:00:00Z', done: '2026-11-23T22:30:00Z' });
    const open = earlier.filter(({ name }) => !name.includes('manifest'));
    expect(state('2026-11-23T22:40:00Z', ...open)).toBe('not yet');
  });

  it('is "uploading" while volumes come, and "done" with the manifest', () => {
    const open = full.filter(({ name }) => !name.includes('manifest'));
    expect(state('2026-11-23T23:10:00Z', ...open)).toBe('uploading');
    expect(state('2026-11-23T23:10:00Z', ...full)).toBe('done');
    expect(state('2026-11-24T00:30:00Z', ...open)).toBe('not yet');
  });
});
