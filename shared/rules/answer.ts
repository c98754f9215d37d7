// Which full answers for which window, how far the next one is, and what became of those that no run saw close.

import type { Host } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type KeepRules, mayHaveTaken } from './lifecycle.ts';
import {
  type CalendarDate,
  closedWindow,
  type Window,
  windowAfter,
  windowBefore,
} from './window.ts';

/** How far the window that is open now has come. */
export type Progress = {
  readonly window: Window;
  readonly state: 'done' | 'uploading' | 'not yet';
  /** What answered it may take the place of older sets: it has signatures, and its usual size. */
  readonly isClear: boolean;
};

const ARRIVING = 60 * 60_000;
const GAPS = 3;

/** It is good, and both clocks agree: it began in the window's day, and its manifest was written in it, by now. */
export function doesAnswer(one: Assessment, window: Window, now: Instant): boolean {
  const { good, completedAt } = one;
  return good && completedAt !== undefined && completedAt <= now && isOf(window, one);
}

/**
 * Whether a set is of the window's day. Clocks differ: one of the two, the name's or the manifest's, may be up to five
 * minutes before the window opens.
 */
function isOf(window: Window, { startedAt, completedAt, set }: Assessment): boolean {
  const doneAt = completedAt ?? set.lastWriteAt;
  const isNear = (at: Instant) => at >= window.opensAt - SKEW && at < window.endsAt;
  if (isIn(window, startedAt)) return isNear(doneAt);
  // A set that was really begun before, and went on after a break, is of the day of its name.
  return isNear(startedAt) && isIn(window, doneAt) && set.arrivedAt >= window.opensAt;
}

/** Named in the window's day, or of it all the same. */
export function isBegunIn(window: Window, one: Assessment): boolean {
  return isIn(window, one.startedAt) || isOf(window, one);
}

/** Within the window's day, which is longer than the window. */
export function isIn(window: Window, at: Instant): boolean {
  return at >= window.opensAt && at < window.endsAt;
}

/**
 * Not complete, has a volume, and a file of it came within three times the longest gap between two files of it or of the
 * last good full: at least an hour.
 */
export function isArriving(
  { set, complete }: Assessment,
  lastGood: Assessment | undefined,
  now: Instant,
): boolean {
  if (complete !== false || (set.volumes?.count ?? 0) === 0) return false;
  const gap = Math.max(set.longestGapMs, lastGood?.set.longestGapMs ?? 0);
  return now - set.lastWriteAt <= Math.max(ARRIVING, GAPS * gap);
}

/** Nothing before the next window opens. */
export function progressOf(
  host: Host,
  window: Window,
  fulls: readonly Assessment[],
  lastGood: Assessment | undefined,
  now: Instant,
): Progress | undefined {
  const next = windowAfter(host, window);
  if (now < next.opensAt) return undefined;
  const begun = fulls.filter((one) => isBegunIn(next, one));
  const answer = begun.findLast((one) => doesAnswer(one, next, now));
  if (answer !== undefined) {
    const isClear = answer.faults.every(({ spoils }) => spoils === 'nothing');
    return { window: next, state: 'done', isClear };
  }
  const uploading = begun.some((one) => isArriving(one, lastGood, now));
  return { window: next, state: uploading ? 'uploading' : 'not yet', isClear: false };
}

/** The windows that closed before the newest one, and after a run last judged the host: the dates of those that no good full answered, and of those of which that is not known any more. */
export type Unseen = {
  readonly missed: readonly CalendarDate[];
  readonly unknown: readonly CalendarDate[];
};

// More than a year without a run, and lifecycle has taken what would tell.
const MOST = 400;

/** Oldest first: the windows after the one of a date, and before the newest that has closed. */
export function windowsSince(host: Host, judgedOn: CalendarDate, now: Instant): Window[] {
  const windows: Window[] = [];
  let window = windowBefore(host, closedWindow(host, now));
  while (window.date > judgedOn && windows.length < MOST) {
    windows.unshift(window);
    window = windowBefore(host, window);
  }
  return windows;
}

/** `undefined` where each of them owed nothing or was answered. */
export function judgeUnseen(
  host: Host,
  judgedOn: CalendarDate | undefined,
  fulls: readonly Assessment[],
  keeps: readonly KeepRules[],
  now: Instant,
): Unseen | undefined {
  if (judgedOn === undefined) return undefined;
  const owed = windowsSince(host, judgedOn, now).filter(
    ({ date }) => date >= (host.since ?? date) && date >= (host.paused?.until ?? date),
  );
  const open = owed.filter((window) => !fulls.some((one) => doesAnswer(one, window, now)));
  const isUnknown = (window: Window) =>
    mayHaveTaken(keeps, window.opensAt, now) ||
    fulls.some((one) => one.complete === undefined && isIn(window, one.startedAt));
  if (open.length === 0) return undefined;
  return {
    missed: open.filter((window) => !isUnknown(window)).map(({ date }) => date),
    unknown: open.filter(isUnknown).map(({ date }) => date),
  };
}
