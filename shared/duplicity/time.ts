// Instants out of the time texts in duplicity's file names, and back.

/** Milliseconds since 1970-01-01T00:00:00Z; what every instant in Rollcall is. */
export type Instant = number;

/** True for an instant that a calendar has: duplicity reads seconds far beyond it. */
export function isCalendarTime(at: number): boolean {
  return Math.abs(at) <= 8_640_000_000_000_000;
}

/** The first and the last of instants, of which there is one at least; of more than a call takes as arguments. */
export function spanOf(times: readonly Instant[]): { firstAt: Instant; lastAt: Instant } {
  return {
    firstAt: times.reduce((a, b) => Math.min(a, b)),
    lastAt: times.reduce((a, b) => Math.max(a, b)),
  };
}

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const written = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const writtenOld = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)$/;

/**
 * The instant of a time that duplicity itself writes: `20261123T031502Z`, or `2026-11-22T22:26:02-05:00`
 * as `--old-filenames` does. `undefined` for anything else, also for days that no calendar has.
 * Source: duplicity's `dup_time.timetostring`.
 */
export function parseWrittenTime(text: string): Instant | undefined {
  const match = written.exec(text) ?? writtenOld.exec(text);
  if (match === null) return undefined;
  const local = utc(match.slice(1, 7).map(Number));
  if (local === undefined || !isOnCalendar(local, match)) return undefined;
  return local - offsetOf(match[7] ?? 'Z');
}

/** `20261123T031502Z`: how duplicity writes an instant; whole seconds, UTC. */
export function formatWrittenTime(at: Instant): string {
  return new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
}

/**
 * The instant of a time that duplicity reads, however oddly spelled; `undefined` where it reads none.
 * `NaN` for the spellings whose instant depends on the reader's clock or zone ("2D", "2026-11-23").
 * Source: duplicity's `dup_time.genstrtotime` and `stringtotime` (0.8.22).
 */
export function readLenientTime(asSpelled: string): Instant | undefined {
  const text = asSpelled.toUpperCase();
  if (/^[0-9]+\n?$/.test(text)) {
    const seconds = Number(text);
    return seconds === 0 ? undefined : seconds * SECOND;
  }
  const exact = readStamp(text);
  if (exact !== undefined && exact !== 0) return exact;
  if (readStamp(`${text}Z`) !== undefined) return Number.NaN;
  const isInterval = /^(?:[0-9]+[DWMY])+$/.test(text);
  return isInterval || isDate(text) ? Number.NaN : undefined;
}

const dates = [
  /^(?<year>[0-9]{4})[-/](?<month>[0-9]{1,2})[-/](?<day>[0-9]{1,2})\n?$/,
  /^(?<month>[0-9]{1,2})[-/](?<day>[0-9]{1,2})[-/](?<year>[0-9]{4})\n?$/,
  /^(?<year>[0-9]{4})(?<month>[0-9]{2})(?<day>[0-9]{2})Z\n?$/,
];

function isDate(text: string): boolean {
  const found = dates.map((date) => date.exec(text)?.groups).find((groups) => groups !== undefined);
  if (found === undefined) return false;
  return utc([found.year, found.month, found.day, 0, 0, 0].map(Number)) !== undefined;
}

function readStamp(text: string): Instant | undefined {
  // Python counts characters, and a digit may be one that takes two of JavaScript's.
  const characters = [...text];
  const [date, clock, ...rest] = characters.slice(0, 19).join('').split('T');
  if (date === undefined || clock === undefined || rest.length > 0) return undefined;
  if (characters.length === 16) {
    const [day, time] = [[...date], [...clock]];
    const parts = [day.slice(0, 4), day.slice(4, 6), day.slice(6, 8)];
    parts.push(time.slice(0, 2), time.slice(2, 4), time.slice(4, 6));
    return utc(parts.map((part) => lenientInteger(part.join(''))));
  }
  const days = date.split('-');
  const hours = clock.split(':');
  if (days.length !== 3 || hours.length !== 3) return undefined;
  const local = utc([...days, ...hours].map(lenientInteger));
  const offset = lenientOffset(characters.slice(19));
  return local === undefined || Number.isNaN(offset) ? undefined : local - offset;
}

/** duplicity looks at the first and the fourth character of six, and hands the rest to `int()`: `+5 :30`. */
function lenientOffset(zone: readonly string[]): number {
  if (zone.join('') === 'Z') return 0;
  const hours = zone.slice(0, 3).join('');
  if (zone.length !== 6 || !/^[+-]/.test(hours) || zone[3] !== ':') return Number.NaN;
  return (lenientInteger(hours) * 60 + lenientInteger(zone.slice(4).join(''))) * MINUTE;
}

/** Python's `int()`: white space, a sign, single underscores and digits of any script pass. */
function lenientInteger(text: string | undefined): number {
  const trimmed = (text ?? '').trim();
  if (!/^[+-]?\p{Nd}+(?:_\p{Nd}+)*$/u.test(trimmed)) return Number.NaN;
  const ascii = trimmed.replaceAll('_', '').replace(/\p{Nd}/gu, (digit) => {
    // Every block of decimal digits in Unicode starts at a multiple of ten past its zero.
    let zero = digit.codePointAt(0) ?? 0;
    while (
      /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1)) &&
      (digit.codePointAt(0) ?? 0) - zero < 9
    )
      zero -= 1;
    return String((digit.codePointAt(0) ?? 0) - zero);
  });
  return Number(ascii);
}

/** duplicity takes 31 February and 61 seconds, and rolls them over; so does `Date.UTC`. */
function utc(fields: number[]): Instant | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const fits =
    fields.every(Number.isInteger) &&
    year > 1900 &&
    year < 2100 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 31 &&
    hour >= 0 &&
    hour <= 23 &&
    minute >= 0 &&
    minute <= 59 &&
    second >= 0 &&
    second <= 61;
  return fits ? Date.UTC(year, month - 1, day, hour, minute, second) : undefined;
}

/** What `utc` took and rolled over is on no calendar: a 31st of February, a second 60. */
function isOnCalendar(at: Instant, match: RegExpExecArray): boolean {
  return new Date(at).getUTCDate() === Number(match[3]) && Number(match[6]) < 60;
}

/** duplicity writes Newfoundland's -03:30 as -04:30, and reads hours and minutes as they stand. */
function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  return (Number(zone.slice(0, 3)) * 60 + Number(zone.slice(4, 6))) * MINUTE;
}
