import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { doesAnswer, isArriving, isIn, progressOf } from '../../shared/rules/answer.ts';
import { type Assessment, assessSets } from '../../shared/rules/assessment.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';

const host = aHost();
const now = at('2026-11-23T09:00:00Z');
const window = closedWindow(host, now);
const MINUTE = 60_000;
const setsOf = (...objects: readonly StoredObject[]) =>
  assessSets(host, collected(...objects)).sets;
const theSet = (...objects: readonly StoredObject[]) => {
  const [set] = setsOf(...objects);
  if (set === undefined) throw new Error('no set');
  return set;
};

describe('isIn', () => {
  it('takes in the moment of opening, and leaves that of the next opening to the next window', () => {
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
    expect([now - 1, now].map((when) => doesAnswer(aHost(), full, window, when))).toEqual([
      false,
      true,
    ]);
  });

  it('needs a whole set', () => {
    const [, ...rest] = aFull({ begun: '2026-11-23T03:15:00Z' });
    expect(doesAnswer(aHost(), theSet(...rest), window, now)).toBe(false);
  });
});

describe('isArriving', () => {
  const arrives = (one: Assessment, when: number) => isArriving(one, undefined, when);
  const written = '2026-11-23T08:00:00Z';
  const parts = aFull({ begun: '2026-11-23T03:15:00Z', done: written });
  const open = theSet(...parts.filter(({ name }) => !name.includes('manifest')));

  it('is for an hour after the last file, to the end of that hour', () => {
    expect(
      [0, 60 * MINUTE, 60 * MINUTE + 1].map((later) => arrives(open, at(written) + later)),
    ).toEqual([true, true, false]);
  });

  it('is for three times the longest gap of a slow line, its own or the last good full’s', () => {
    const slow = (minutes: number) =>
      theSet(
        ...parts
          .filter(({ name }) => name.includes('.vol'))
          .map((one, index) => ({
            ...one,
            modifiedAt: one.modifiedAt - (2 - index) * minutes * MINUTE,
          })),
      );
    const later = [90, 91].map((minutes) => at(written) + minutes * MINUTE);
    expect(later.map((when) => arrives(slow(30), when))).toEqual([true, false]);
    expect(later.map((when) => isArriving(open, slow(30), when))).toEqual([true, false]);
    expect(isArriving(open, slow(5), at(written) + 61 * MINUTE)).toBe(false);
  });

  it('is only for an hour where the manifest came last, whatever the gaps', () => {
    const closed = theSet(...parts.filter(({ name }) => !name.includes('.vol1.')));
    const [first, ...more] = parts;
    if (first === undefined) throw new Error('a full has files');
    const slow = theSet({ ...first, modifiedAt: at(written) - 9 * 60 * MINUTE }, ...more);
    const arrive = (later: number) => isArriving(closed, slow, at(written) + later * MINUTE);
    expect([60, 61].map(arrive)).toEqual([true, false]);
    expect(isArriving(open, slow, at(written) + 61 * MINUTE)).toBe(true);
    // As a copy by name brings it.
    const hoursAgo = (name: string) => (/manifest/.test(name) ? 9 : /vol1/.test(name) ? 2 : 0);
    const copied = theSet(
      ...parts
        .filter(({ name }) => !name.includes('.vol2.'))
        .map((one) => {
          const modifiedAt = at(written) - hoursAgo(one.name) * 60 * MINUTE;
          return { ...one, modifiedAt, firstModifiedAt: modifiedAt };
        }),
    );
    expect(isArriving(copied, undefined, at(written) + 61 * MINUTE)).toBe(true);
  });

  it('is no set that is whole, and none without a volume', () => {
    expect(arrives(theSet(...parts), at(written))).toBe(false);
    const bare = parts.filter(({ name }) => name.includes('manifest'));
    expect(arrives(theSet(...bare), at(written))).toBe(false);
  });
});

describe('progressOf', () => {
  // Opens at 22:00, so that the next window opens long before it is due.
  const eve = aHost({ window: { opens: '22:00', due: '06:00', graceMinutes: 240 } });
  const closed = closedWindow(eve, now);
  const state = (when: string, ...objects: readonly StoredObject[]) =>
    progressOf(eve, closed, setsOf(...objects), undefined, at(when))?.state;
  const begun = '2026-11-23T22:10:00Z';
  const full = aFull({ begun, done: '2026-11-23T23:00:00Z' });

  it('is nothing before the next window opens, and "not yet" from then on', () => {
    expect(state('2026-11-23T21:59:59Z')).toBeUndefined();
    expect(state('2026-11-23T22:00:00Z')).toBe('not yet');
  });

  it('goes by what was begun in that window alone', () => {
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
