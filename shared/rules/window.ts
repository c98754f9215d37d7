// Windows: from when until when a host owes a backup, by the calendar of its own zone.

import type { Host } from '../config/config.ts';
import { DAY, type Instant, MINUTE } from '../duplicity/time.ts';

/** One day's window of one host. `opensAt < dueAt <= hardDueAt`, and `dueAt <= endsAt` but for odd configs. */
export type Window = {
  /** The calendar date of `dueAt` in the host's zone. */
  readonly date: CalendarDate;
  readonly opensAt: Instant;
  readonly dueAt: Instant;
  /** Until then a backup that is still arriving is `late`, after it missing or incomplete; it may lie behind `endsAt`. */
  readonly hardDueAt: Instant;
  /** A day later, when the next window opens where each day has one: what is begun in it is this window's. */
  readonly endsAt: Instant;
};

/** Whose clock, which times on it, and on which days. */
export type WindowRule = Pick<Host, 'timezone' | 'window' | 'days'>;

/** The newest window whose `dueAt` is not after `now`: the one that is judged. */
export function closedWindow(rule: WindowRule, now: Instant): Window {
  return nextTo(rule, dateIn(rule.timezone, now), 1, -1, (window) => window.dueAt <= now);
}

/** The window in whose day an instant lies; in a day that has none, the next one. */
export function windowOf(rule: WindowRule, at: Instant): Window {
  const closed = closedWindow(rule, at);
  return at < closed.endsAt ? closed : windowAfter(rule, closed);
}

/** The window that follows this one. */
export function windowAfter(rule: WindowRule, window: Window): Window {
  return nextTo(rule, window.date, 1, 1, () => true);
}

/** The window before this one. */
export function windowBefore(rule: WindowRule, window: Window): Window {
  return nextTo(rule, window.date, -1, -1, () => true);
}

/** The first window that opens after `now`: the first that a host which is set up now can answer completely. */
export function windowToOpen(rule: WindowRule, now: Instant): Window {
  let window = closedWindow(rule, now);
  while (window.opensAt <= now) window = windowAfter(rule, window);
  return window;
}

/** A host may rest for six days, and a zone skips a date once in decades: the step past it is one more. */
function nextTo(
  rule: WindowRule,
  date: CalendarDate,
  start: number,
  step: 1 | -1,
  fits: (window: Window) => boolean,
): Window {
  for (let days = start; Math.abs(days) < 17; days += step) {
    const window = windowOn(rule, addDays(date, days));
    if (window !== undefined && fits(window)) return window;
  }
  throw new RangeError(`no window near ${date} in ${rule.timezone}`);
}

// Most hosts of a config share their zone and times.
const computed = makeMemory<Window | undefined>();

/** The window that is due on a date; `undefined` where the host rests, and where the zone has no such date. */
export function windowOn(rule: WindowRule, date: CalendarDate): Window | undefined {
  if (rule.days !== undefined && !rule.days.includes(weekdayOf(date))) return undefined;
  const { opens, due, graceMinutes } = rule.window;
  const question = `${rule.timezone} ${opens} ${due} ${graceMinutes} ${date}`;
  return computed(question, () => computeWindow(rule, date));
}

function computeWindow(rule: WindowRule, date: CalendarDate): Window | undefined {
  const { opens, due, graceMinutes } = rule.window;
  const eve = opens > due;
  const opensAt = eve
    ? (opensOn(rule, addDays(date, -1)) ?? opensOn(rule, addDays(date, -2)))
    : opensOn(rule, date);
  const plainDueAt = instantOf(date, due, rule.timezone, 'later');
  if (opensAt === undefined || plainDueAt === undefined) return undefined;
  // A window that lies wholly inside a skipped hour keeps its length.
  const dueAt = plainDueAt > opensAt ? plainDueAt : opensAt + clockTimeFrom(opens, due);
  const hardDueAt = dueAt + graceMinutes * MINUTE;

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
function clockTimeFrom(from: string, to: string): number {
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  return ((minutes(to) - minutes(from) + 1440) % 1440) * MINUTE;
}

const QUARTER = 15 * MINUTE;

/** A calendar date `YYYY-MM-DD`. */
export type CalendarDate = string;

/** The local clock at an instant, as if it were UTC: `new Date(result).toISOString()` reads it. */
export function wallClock(at: Instant, zone: string): number {
  return at + offsetAt(at, zone);
}

// Zones change their offset on a quarter of an hour; asking Intl each time is 1,000 times slower.
const offsets = makeMemory<number>();
const formatters = makeMemory<Intl.DateTimeFormat>();

function offsetAt(at: Instant, zone: string): number {
  // The first calendar of a process takes 13 ms to load.
  if (zone === 'UTC') return 0;
  const quarter = Math.floor(at / QUARTER);
  return offsets(`${zone} ${quarter}`, () => askOffset(quarter * QUARTER, zone));
}

function askOffset(at: Instant, zone: string): number {
  const parts: Record<string, number> = {};
  const formatter = formatters(zone, () => formatterOf(zone));
  for (const { type, value } of formatter.formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
}

/** 0 = Sunday. */
export function weekdayOf(date: CalendarDate): number {
  return new Date(`${date}T00:00Z`).getUTCDay();
}

/** The calendar date at an instant in a zone. */
export function dateIn(zone: string, at: Instant): CalendarDate {
  return new Date(wallClock(at, zone)).toISOString().slice(0, 10);
}

/** The date `days` calendar days later; negative = earlier. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return new Date(Date.parse(`${date}T00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/**
 * The instant at which the clocks of a zone read `time` (`HH:MM`) on `date`.
 * A time that occurs twice is its first occurrence. A time that the clocks skip is `later` on by the
 * skipped hour (the same instant that it would have been without the change), or the `first` instant
 * after the gap. `undefined` where the zone skipped the whole date (Samoa, 30 December 2011).
 */
export function instantOf(
  date: CalendarDate,
  time: string,
  zone: string,
  skipped: 'first' | 'later',
): Instant | undefined {
  const wanted = Date.parse(`${date}T${time}Z`);
  // The offsets a day before and a day after are the only two that a change on this day can have.
  const before = wallClock(wanted - DAY, zone) - (wanted - DAY);
  const after = wallClock(wanted + DAY, zone) - (wanted + DAY);
  const candidates = [wanted - before, wanted - after].sort((a, b) => a - b);
  const exact = candidates.find((at) => wallClock(at, zone) === wanted);
  if (exact !== undefined) return exact;
  if (Math.abs(after - before) >= DAY) return undefined;
  const shifted = wanted - before;
  return skipped === 'later' ? shifted : changeBetween(shifted - DAY, shifted, before, zone);
}

/** The instant, to the minute, at which the zone leaves an offset. */
function changeBetween(from: Instant, to: Instant, offset: number, zone: string): Instant {
  let [low, high] = [from, to];
  while (high - low > MINUTE) {
    const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
    if (wallClock(middle, zone) - middle === offset) low = middle;
    else high = middle;
  }
  return high;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

const KEPT = 50_000;

/** Makes a memory; it forgets all when it has grown to 50,000 answers. */
export function makeMemory<Answer>(): (question: string, compute: () => Answer) => Answer {
  const answers = new Map<string, Answer>();
  return (question, compute) => {
    const known = answers.get(question);
    if (known !== undefined || answers.has(question)) return known as Answer;
    if (answers.size >= KEPT) answers.clear();
    const answer = compute();
    answers.set(question, answer);
    return answer;
  };
}
