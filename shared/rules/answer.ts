// Which full answers for which window, how far the next one is, and what became of those that no run saw close.

import type { Host } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type KeepRules, mayHaveTaken } from './lifecycle.ts';
import {
  type CalendarDate,
  closedWindow,
  type Window,
  type WindowRule,
  windowAfter,
  windowBefore,
  windowOf,
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
const DAY_MINUTES = 24 * 60;

/**
 * It is good, and was done by now: both clocks place it in the window's day, or its manifest came within the grace. One that
 * was still on its way within its grace when the window opened, and then was done in time, answers that one too.
 */
export function doesAnswer(
  rule: WindowRule,
  one: Assessment,
  window: Window,
  now: Instant,
): boolean {
  const { good, completedAt } = one;
  if (!good || completedAt === undefined || completedAt > now) return false;
  if (isOf(rule, window, one)) return true;
  const own = longWindowOf(rule, window, one);
  return own !== undefined && completedAt >= window.opensAt && completedAt <= own.hardDueAt;
}

/**
 * Whether a set is of the window's day. Clocks differ: one of the two, the name's or the manifest's, may be up to five
 * minutes before the window opens, and then it is of that window and not of the one before.
 */
function isOf(rule: WindowRule, window: Window, { startedAt, completedAt, set }: Assessment) {
  const doneAt = completedAt ?? set.lastWriteAt;
  const isNear = (at: Instant) => at >= window.opensAt - SKEW;
  if (isIn(window, startedAt)) {
    const isOfNext =
      startedAt >= window.endsAt - SKEW &&
      set.arrivedAt >= window.endsAt &&
      windowAfter(rule, window).opensAt === window.endsAt;
    return isNear(doneAt) && doneAt < Math.max(window.endsAt, window.hardDueAt + 1) && !isOfNext;
  }
  // A set that was really begun before, and went on after a break, is of the day of its name.
  const isBefore = isNear(startedAt) && startedAt < window.opensAt;
  return isBefore && isIn(window, doneAt) && set.arrivedAt >= window.opensAt;
}

/** Named in the window's day, or of it all the same, or on its way when it opened. */
export function isBegunIn(rule: WindowRule, window: Window, one: Assessment): boolean {
  return (
    isIn(window, one.startedAt) ||
    isOf(rule, window, one) ||
    (one.completedAt === undefined && longWindowOf(rule, window, one) !== undefined)
  );
}

/** Until when a set that was begun in a window, or was on its way when it opened, may still arrive. */
export function graceEndsAt(rule: WindowRule, window: Window, one: Assessment): Instant {
  return longWindowOf(rule, window, one)?.hardDueAt ?? window.hardDueAt;
}

/** The earlier window that a set was begun in, whose grace had not ended when this one opened. Under a day of grace there is none: each window is owed its own. */
function longWindowOf(
  rule: WindowRule,
  window: Window,
  { startedAt }: Assessment,
): Window | undefined {
  if (rule.window.graceMinutes < DAY_MINUTES || startedAt >= window.opensAt) return undefined;
  const own = windowOf(rule, startedAt);
  return isIn(own, startedAt) && own.hardDueAt > window.opensAt ? own : undefined;
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
  const begun = fulls.filter((one) => isBegunIn(host, next, one));
  const answer = fulls.findLast((one) => doesAnswer(host, one, next, now));
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
  const isLate = (window: Window, one: Assessment) =>
    isBegunIn(host, window, one) &&
    isArriving(
      one,
      fulls.findLast(({ good }) => good),
      now,
    ) &&
    now < graceEndsAt(host, window, one);
  const open = owed.filter(
    (window) => !fulls.some((one) => doesAnswer(host, one, window, now) || isLate(window, one)),
  );
  const isUnknown = (window: Window) =>
    mayHaveTaken(keeps, window.opensAt, now) ||
    fulls.some((one) => one.complete === undefined && isIn(window, one.startedAt));
  if (open.length === 0) return undefined;
  return {
    missed: open.filter((window) => !isUnknown(window)).map(({ date }) => date),
    unknown: open.filter(isUnknown).map(({ date }) => date),
  };
}
