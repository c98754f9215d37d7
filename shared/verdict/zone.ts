// Wall clocks: the instant of a local date and time in an IANA zone, and back.
import type { Instant } from '../duplicity/time.ts';
import { makeMemory } from './memory.ts';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 24 * 60 * MINUTE;

/** A calendar date `YYYY-MM-DD`. */
export type CalendarDate = string;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The local clock at an instant, told as if it were UTC: `new Date(result).toISOString()` reads it. */
export function wallClock(at: Instant, zone: string): number {
  return at + offsetAt(at, zone);
}

// Zones change their offset on a quarter of an hour; asking Intl each time is 1,000 times slower.
const offsets = makeMemory<number>();

function offsetAt(at: Instant, zone: string): number {
  const quarter = Math.floor(at / QUARTER);
  return offsets(`${zone} ${quarter}`, () => askOffset(quarter * QUARTER, zone));
}

function askOffset(at: Instant, zone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
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
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
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
  formatters.set(zone, made);
  return made;
}
