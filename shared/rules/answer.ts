// Which full answers for which window, how far the next one is, and what became of those that no run saw close.

import type { Host } from '../config/config.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { type Assessed, type Assessment, SKEW } from './assessment.ts';
import { type KeepRules, mayHaveTaken } from './lifecycle.ts';
import {
  type CalendarDate,
  closedWindow,
  type Window,
  type WindowRule,
  weekdayOf,
  windowAfter,
  windowBefore,
  windowOf,
} from './window.ts';

/** How far the window that is open now has come. */
export type Progress = {
  readonly window: Window;
  readonly state: 'done' | 'uploading' | 'not yet';
  /** Nothing is doubtful of what answered it: it has signatures, its usual size, and its last volume. */
  readonly isClear: boolean;
};

const ARRIVING = 60 * 60_000;
const GAPS = 3;
const DAY_MINUTES = 24 * 60;

/**
 * It is good, was done by now, and is of the window's day: its manifest came in that day or within the grace. One that was
 * still on its way within its grace when the window opened, and then was done in time, answers that one too.
 */
export function doesAnswer(
  rule: WindowRule,
  one: Assessment,
  window: Window,
  now: Instant,
): boolean {
  const { good, completedAt } = one;
  if (!good || completedAt === undefined || completedAt > now) return false;
  if (isHome(rule, window, one)) {
    const { opensAt, endsAt, hardDueAt } = window;
    return completedAt >= opensAt - SKEW && (completedAt < endsAt || completedAt <= hardDueAt);
  }
  const own = longHomeOf(rule, window, one);
  return own !== undefined && completedAt >= window.opensAt && completedAt <= own.hardDueAt;
}

/**
 * Whether a set, done or not, is the window's own: by its name. Clocks differ: one that is named up to five minutes before
 * a window opens, and came after that, is of that window and not of the one before.
 */
export function isHome(rule: WindowRule, window: Window, { startedAt, set }: Assessment): boolean {
  const { opensAt, endsAt } = window;
  // One that was really begun before, and went on after a break, is of the day of its name.
  const isOf = (at: Instant) => startedAt >= at - SKEW && set.arrivedAt >= at;
  if (!isIn(window, startedAt)) return startedAt < opensAt && isOf(opensAt);
  return !(isOf(endsAt) && windowAfter(rule, window).opensAt === endsAt);
}

/** The window that a set is of; `undefined`: it was begun in a day that has none. */
export function homeOf(rule: WindowRule, one: Assessment): Window | undefined {
  const { startedAt } = one;
  const [window] = [startedAt + SKEW, startedAt]
    .map((at) => windowOf(rule, at))
    .filter((each) => isHome(rule, each, one));
  return window;
}

/** Of the window's day, or on its way when it opened. */
export function isBegunIn(rule: WindowRule, window: Window, one: Assessment): boolean {
  if (isHome(rule, window, one)) return true;
  return one.completedAt === undefined && longHomeOf(rule, window, one) !== undefined;
}

/** Until when a set that was begun in a window, or was on its way when it opened, may still arrive. */
export function graceEndsAt(rule: WindowRule, window: Window, one: Assessment): Instant {
  return longHomeOf(rule, window, one)?.hardDueAt ?? window.hardDueAt;
}

/** With a grace of a day or more: the earlier window of a set, whose grace had not ended when this one opened. */
function longHomeOf(rule: WindowRule, window: Window, one: Assessment): Window | undefined {
  const isLong = rule.window.graceMinutes >= DAY_MINUTES;
  if (!isLong || one.startedAt >= window.opensAt) return undefined;
  const own = homeOf(rule, one);
  return own !== undefined && own.opensAt < window.opensAt && own.hardDueAt > window.opensAt
    ? own
    : undefined;
}

/** No set that was begun before answers the window. */
export function mayAnswerFrom(
  { window: { graceMinutes } }: WindowRule,
  { opensAt }: Window,
): Instant {
  // Its own window may have been due a day after it opened.
  const long = graceMinutes < DAY_MINUTES ? 0 : graceMinutes + DAY_MINUTES;
  return opensAt - SKEW - long * 60_000;
}

/** By the config: it lies before the date of `since`, or in a pause. */
export function isExcused({ since = '', paused }: Host, { date }: Window): boolean {
  return date < since || date < (paused?.until ?? '');
}

/** Until which date it was judged, and owed nothing by the config of then. */
type Dates = {
  readonly judgedOn?: CalendarDate | undefined;
  readonly excusedUntil?: CalendarDate | undefined;
};

/** Within the window's day, which is longer than the window. */
export function isIn(window: Window, at: Instant): boolean {
  return at >= window.opensAt && at < window.endsAt;
}

/**
 * Not complete, has a volume, and a file of it came within three times the longest gap between two files of it or of the
 * last good full: at least an hour. Where its manifest came last, within an hour: duplicity writes it then. A copy of it
 * may bring the manifest first.
 */
export function isArriving(
  { set, complete }: Assessment,
  lastGood: Assessment | undefined,
  now: Instant,
): boolean {
  if (complete !== false || (set.volumes?.count ?? 0) === 0) return false;
  const isClosed = set.manifest !== undefined && set.manifest.writtenAt >= set.lastWriteAt;
  const gap = isClosed ? 0 : Math.max(set.longestGapMs, lastGood?.set.longestGapMs ?? 0);
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
    const isClear = answer.faults.every(
      ({ spoils, finding }) => spoils === 'nothing' && finding?.severity !== 'warning',
    );
    return { window: next, state: 'done', isClear };
  }
  const uploading = begun.some((one) => isArriving(one, lastGood, now));
  return { window: next, state: uploading ? 'uploading' : 'not yet', isClear: false };
}

/** The dates of windows that closed while no run looked: those without an answer, and those of which nobody knows. */
export type Unseen = {
  readonly missed: readonly CalendarDate[];
  readonly unknown: readonly CalendarDate[];
};

// More than a year, and lifecycle has taken what would tell.
const MOST = 400;

/** A host that prunes may have removed what was begun before that; `undefined`: nothing. */
export function oldestKept({ prunes }: Host, sets: readonly Assessment[]): Instant | undefined {
  const fulls = sets.filter(({ good, set }) => good && set.type === 'full');
  return prunes && fulls.at(-prunes.keep)?.startedAt;
}

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

/** On these days of the week a backup is owed, 0 = Sunday. */
export function daysOf({ days = [0, 1, 2, 3, 4, 5, 6] }: WindowRule): readonly number[] {
  return days;
}

/** What was known of a host before this look. */
type Before = Dates & {
  readonly days?: readonly number[] | undefined;
  /** The newest window that a run judged: whether it lacks its backup, and is to be asked about again. */
  readonly asked: {
    readonly date: CalendarDate;
    readonly isOpen: boolean;
    readonly isMissed: boolean;
    readonly goodAt: Instant | undefined;
  };
  /** The schedule had run until then, with the host in the config or without it. */
  readonly ranUntil: Instant;
  readonly wasInConfig: boolean;
};

/**
 * The date of the newest window that owed nothing by the config of its day. One that had closed before the schedule ran
 * last, and that no run asked about, was none by then: the host was not in the config, or has other days of the week since.
 */
export function excusedUntil(
  host: Host,
  { excusedUntil: known = '', days, asked, ranUntil, wasInConfig }: Before,
  now: Instant,
): CalendarDate | undefined {
  const window = closedWindow(host, now);
  const isOther = days !== undefined && `${days}` !== `${daysOf(host)}`;
  const isWell = !asked.isMissed || (asked.goodAt ?? 0) > window.dueAt;
  const isNone = !days?.includes(weekdayOf(window.date)) || window.date < asked.date;
  const isExcusedNow = wasInConfig ? isOther && isWell && isNone : window.date > asked.date;
  const unasked = wasInConfig && asked.isOpen ? [] : windowsSince(host, asked.date, now);
  const excused = [...unasked, ...(isExcusedNow ? [window] : [])]
    .filter(({ dueAt }) => dueAt <= ranUntil)
    .map(({ date }) => date);
  return [known, ...excused].sort().at(-1) || undefined;
}

/** `undefined` where each of them owed nothing or was answered. */
export function judgeUnseen(
  host: Host,
  { judgedOn, excusedUntil = '' }: Dates,
  fulls: readonly Assessment[],
  keeps: readonly KeepRules[],
  now: Instant,
): Unseen | undefined {
  if (judgedOn === undefined) return undefined;
  const owed = windowsSince(host, judgedOn, now).filter(
    (window) => window.date > excusedUntil && !isExcused(host, window),
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
  const prunedUntil = oldestKept(host, fulls);
  // What a chain answered it with builds on a full of days before.
  const chainMs = (host.chain?.fullEveryDays ?? 0) * DAY;
  const isUnknown = (window: Window) =>
    mayHaveTaken(keeps, window.opensAt - chainMs, now) ||
    (prunedUntil !== undefined && window.opensAt < prunedUntil) ||
    fulls.some((one) => one.complete === undefined && isIn(window, one.startedAt));
  if (open.length === 0) return undefined;
  return {
    missed: open.filter((window) => !isUnknown(window)).map(({ date }) => date),
    unknown: open.filter(isUnknown).map(({ date }) => date),
  };
}

/** Those that owed a backup, since the last good full began that is not of a later day. */
export function countMissed(
  host: Host,
  window: Window,
  { good, hidden }: Assessed,
  answer: Assessment | undefined,
  { seenAt, excusedUntil = '' }: Dates & { readonly seenAt: Instant | undefined },
  now: Instant,
): number {
  if (answer !== undefined || isExcused(host, window)) return 0;
  const last = good.findLast(({ startedAt }) => startedAt < window.endsAt);
  const since = (last ?? hidden.at(-1)?.set)?.startedAt ?? seenAt;
  if (since === undefined) return 1;
  // One that was long on its way answered more than the window that it began in.
  const isMissed = (one: Window) =>
    one.opensAt > since &&
    one.date > excusedUntil &&
    !isExcused(host, one) &&
    !(last && doesAnswer(host, last, one, now));
  let count = 1;
  let before = windowBefore(host, window);
  while (count < MOST && isMissed(before)) {
    count += 1;
    before = windowBefore(host, before);
  }
  return count;
}
