// Windows: from when until when a host owes a backup, by the calendar of its own zone.
import type { Instant } from '../duplicity/time.ts';
import type { WindowTimes } from '../roster/roster.ts';
import { makeMemory } from './memory.ts';
import { addDays, type CalendarDate, dateIn, instantOf } from './zone.ts';

/** One day's turn of one host. `opensAt < dueAt <= hardDueAt`, and `dueAt <= endsAt` but for odd rolls. */
export type Window = {
  /** The calendar date of `dueAt` in the host's zone. */
  readonly date: CalendarDate;
  readonly opensAt: Instant;
  readonly dueAt: Instant;
  /** Until then a backup that is still arriving is `late`, after it missing or incomplete. */
  readonly hardDueAt: Instant;
  /** The next window's `opensAt`: a full begun from `opensAt` until before `endsAt` is this window's. */
  readonly endsAt: Instant;
};

/** Whose clock, and which times on it. */
export type WindowRule = { readonly timezone: string; readonly window: WindowTimes };

/** The newest window whose `dueAt` is not after `now`: the one that is judged. */
export function closedWindow(rule: WindowRule, now: Instant): Window {
  return nextTo(rule, dateIn(rule.timezone, now), 1, -1, (window) => window.dueAt <= now);
}

/** The window in whose day an instant lies. */
export function windowOf(rule: WindowRule, at: Instant): Window {
  const closed = closedWindow(rule, at);
  return at < closed.endsAt ? closed : windowAfter(rule, closed);
}

/** The window that follows this one. */
export function windowAfter(rule: WindowRule, window: Window): Window {
  return nextTo(rule, window.date, 1, 1, () => true);
}

/** Every window whose `dueAt` is after `from` and not after `until`; oldest first. */
export function windowsClosedIn(rule: WindowRule, from: Instant, until: Instant): Window[] {
  const windows: Window[] = [];
  let window = closedWindow(rule, until);
  while (window.dueAt > from) {
    windows.unshift(window);
    window = windowBefore(rule, window);
  }
  return windows;
}

/** The window before this one. */
export function windowBefore(rule: WindowRule, window: Window): Window {
  return nextTo(rule, window.date, -1, -1, () => true);
}

/** The first window that opens after `now`: the first that a host which is set up now can answer whole. */
export function windowToOpen(rule: WindowRule, now: Instant): Window {
  let window = closedWindow(rule, now);
  while (window.opensAt <= now) window = windowAfter(rule, window);
  return window;
}

/** A zone skips a date once in decades; the step past it is one more. */
function nextTo(
  rule: WindowRule,
  date: CalendarDate,
  start: number,
  step: 1 | -1,
  fits: (window: Window) => boolean,
): Window {
  for (let days = start; Math.abs(days) < 10; days += step) {
    const window = windowOn(rule, addDays(date, days));
    if (window !== undefined && fits(window)) return window;
  }
  throw new RangeError(`no window near ${date} in ${rule.timezone}`);
}

// Most hosts of a roll share their zone and times.
const computed = makeMemory<Window | undefined>();

/** The window that is due on a date; `undefined` where the zone has no such date. */
export function windowOn(rule: WindowRule, date: CalendarDate): Window | undefined {
  const { opens, due, hardDue } = rule.window;
  const question = `${rule.timezone} ${opens} ${due} ${hardDue} ${date}`;
  return computed(question, () => computeWindow(rule, date));
}

function computeWindow(rule: WindowRule, date: CalendarDate): Window | undefined {
  const { opens, due, hardDue } = rule.window;
  const eve = opens > due;
  const opensAt = eve
    ? (opensOn(rule, addDays(date, -1)) ?? opensOn(rule, addDays(date, -2)))
    : opensOn(rule, date);
  const plainDueAt = instantOf(date, due, rule.timezone, 'later');
  if (opensAt === undefined || plainDueAt === undefined) return undefined;
  // A window that lies wholly inside a skipped hour keeps its length.
  const dueAt = plainDueAt > opensAt ? plainDueAt : opensAt + minutesFrom(opens, due);
  const hardDueAt = dueAt + minutesFrom(due, hardDue);

  let next = eve ? date : addDays(date, 1);
  let endsAt = opensOn(rule, next);
  while (endsAt === undefined) {
    next = addDays(next, 1);
    endsAt = opensOn(rule, next);
  }
  return { date, opensAt, dueAt, hardDueAt, endsAt };
}

function opensOn(rule: WindowRule, date: CalendarDate): Instant | undefined {
  return instantOf(date, rule.window.opens, rule.timezone, 'first');
}

/** Milliseconds on the clock face from one time to the next occurrence of the other. */
function minutesFrom(from: string, to: string): number {
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  return ((minutes(to) - minutes(from) + 1440) % 1440) * 60_000;
}
