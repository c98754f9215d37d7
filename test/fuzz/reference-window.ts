// When a backup is owed by the text of docs/how-it-judges.md: windows by Temporal's calendar, and what answers them.
import { Temporal } from 'temporal-polyfill';
import type { Host } from '../../shared/config/config.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import { type BackupSet, isWholeAndOnce, MINUTE, writtenAt } from './reference-set.ts';

export type Window = {
  readonly date: string;
  readonly opensAt: Instant;
  readonly dueAt: Instant;
  readonly hardDueAt: Instant;
  readonly end: Instant;
};

const DAY = 1440 * MINUTE;
const CLOCKS_APART = 5 * MINUTE;

/** The newest window whose due time is not after now. */
export function lastClosedWindow(host: Host, now: Instant): Window {
  for (let back = -1; ; back += 1) {
    const window = windowOn(host, dateAt(host, now).subtract({ days: back }));
    if (window !== undefined && window.dueAt <= now) return window;
  }
}

/** The window of the host that closed before this one. */
export function windowBefore(host: Host, { dueAt }: Window): Window {
  return lastClosedWindow(host, dueAt - 1);
}

function dateAt({ timezone }: Host, at: Instant): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).toPlainDate();
}

const known = new Map<string, Window | undefined>();

/** Temporal is slow, and asked for few dates. */
function windowOn({ timezone, window, days }: Host, date: Temporal.PlainDate) {
  const question = JSON.stringify([timezone, window, days, date]);
  if (!known.has(question)) known.set(question, makeWindow({ timezone, window, days }, date));
  return known.get(question);
}

/** None on a day of the week that the host does not owe. */
function makeWindow(
  host: { [Key in 'timezone' | 'window' | 'days']: Host[Key] },
  date: Temporal.PlainDate,
): Window | undefined {
  // Temporal counts from Monday, 1, to Sunday, 7.
  if (host.days !== undefined && !host.days.includes(date.dayOfWeek % 7)) return undefined;
  const { opens, due, graceMinutes } = host.window;
  const instant = (day: Temporal.PlainDate, time: string) =>
    day.toZonedDateTime({ timeZone: host.timezone, plainTime: time }).epochMilliseconds;
  const opening = opens > due ? date.subtract({ days: 1 }) : date;
  const dueAt = instant(date, due);
  return {
    date: date.toString(),
    opensAt: instant(opening, opens),
    dueAt,
    hardDueAt: dueAt + graceMinutes * MINUTE,
    end: instant(opening.add({ days: 1 }), opens),
  };
}

/** The window in whose day an instant lies, if its day has one. */
function windowAt(host: Host, at: Instant): Window | undefined {
  return [-1, 0, 1, 2]
    .map((days) => windowOn(host, dateAt(host, at).add({ days })))
    .find((window) => window !== undefined && window.opensAt <= at && at < window.end);
}

/**
 * The window whose backup a set is, finished or not: by its name, and by a name of up to five minutes before the opening
 * where all of it came after that.
 */
export function homeOf(host: Host, { session, members }: BackupSet): Window | undefined {
  const next = windowAt(host, session.at + CLOCKS_APART);
  const isOfNext =
    next !== undefined && members.every(({ firstModifiedAt }) => firstModifiedAt >= next.opensAt);
  return isOfNext ? next : windowAt(host, session.at);
}

export function isHome(host: Host, set: BackupSet, { date }: Window): boolean {
  return homeOf(host, set)?.date === date;
}

/** An earlier window whose grace, of a day or more, had not ended when this one opened. */
function longHomeOf(host: Host, set: BackupSet, { opensAt }: Window): Window | undefined {
  const home = homeOf(host, set);
  if (host.window.graceMinutes * MINUTE < DAY || home === undefined) return undefined;
  return home.opensAt < opensAt && home.hardDueAt > opensAt ? home : undefined;
}

/** What a good set answers: its own window, and those that opened while it was on its way, within its grace. */
export function doesAnswer(host: Host, set: BackupSet, window: Window): boolean {
  const at = writtenAt(set);
  if (isHome(host, set, window)) {
    return at >= window.opensAt - CLOCKS_APART && (at < window.end || at <= window.hardDueAt);
  }
  const home = longHomeOf(host, set, window);
  return home !== undefined && at >= window.opensAt && at <= home.hardDueAt;
}

/** Begun for this window, or not done when it opened and within its grace then. */
export function isBegunFor(host: Host, set: BackupSet, window: Window): boolean {
  if (isHome(host, set, window)) return true;
  return !isWholeAndOnce(set) && longHomeOf(host, set, window) !== undefined;
}

/** Until when it may still arrive. */
export function graceOf(host: Host, set: BackupSet, window: Window): Instant {
  return longHomeOf(host, set, window)?.hardDueAt ?? window.hardDueAt;
}

/** Whether the last three good backups are of a habit that another window fits, which one of them has answered. */
export function isMismatch(host: Host, good: readonly BackupSet[], now: Instant): boolean {
  const last = good.toSorted((a, b) => a.session.at - b.session.at).slice(-3);
  const isInside = (set: BackupSet) => {
    const home = homeOf(host, set);
    return home !== undefined && set.session.at <= home.dueAt;
  };
  if (last.length < 3 || last.some(isInside)) return false;
  const clockOf = ({ session }: BackupSet) => {
    const zoned = Temporal.Instant.fromEpochMilliseconds(session.at).toZonedDateTimeISO(
      host.timezone,
    );
    return zoned.hour * 60 * MINUTE + zoned.minute * MINUTE + zoned.second * 1000;
  };
  const after = (first: number, time: number) => (time - first + DAY) % DAY;
  const times = last.map(clockOf);
  const firstOf = (ones: readonly number[]) =>
    ones.find((one) => ones.every((time) => after(one, time) <= 90 * MINUTE));
  const first = firstOf(times);
  if (first === undefined) return false;
  const latest = first + Math.max(...times.map((time) => after(first, time)));
  const longest = Math.max(...last.map((set) => writtenAt(set) - set.session.at));
  const half = 30 * MINUTE;
  const earlier = Math.floor((first - 15 * MINUTE) / half) * half;
  const later = Math.ceil((latest + longest + 60 * MINUTE) / half) * half;
  const opens = clockText((earlier + DAY) % DAY);
  const due = clockText(later % DAY);
  const { window } = host;
  const staysOneDay = later < DAY && due > window.opens === window.due > window.opens;
  // It opens on an evening, and the hour after the latest of them is over when it is due: both move, if a day holds them.
  const dueInDay = Date.parse(`1970-01-01T${window.due}Z`);
  const isDueBefore = latest + longest + 60 * MINUTE > (earlier < 0 ? dueInDay : dueInDay + DAY);
  const movesBoth = opens > window.due && isDueBefore && later < earlier + DAY;
  return [
    ...(opens === window.due ? [] : [{ ...window, opens, ...(movesBoth && { due }) }]),
    ...(staysOneDay ? [{ ...window, due }] : []),
  ].some((proposed) => {
    // With days: the same ones, or each the day after where it opens on the evening before from now on. All of the last week
    // that began so must be of one of them.
    const isEve = proposed.opens > proposed.due && window.opens < window.due;
    const dayLater = isEve ? host.days?.map((day) => (day === 6 ? 0 : day + 1)) : host.days;
    return [host.days, dayLater].some((days) => {
      const moved = { ...host, window: proposed, ...(days && { days }) };
      const closed = lastClosedWindow(moved, now);
      const isInItsOwn = (set: BackupSet) => {
        const home = homeOf(moved, set);
        return home !== undefined && set.session.at <= home.dueAt;
      };
      const alike = good.filter(
        (set) => set.session.at > now - 7 * DAY && firstOf([...times, clockOf(set)]) !== undefined,
      );
      return (
        good.some((set) => doesAnswer(moved, set, closed) && set.session.at <= closed.dueAt) &&
        (days === undefined || alike.every(isInItsOwn))
      );
    });
  });
}

function clockText(ms: number): string {
  return Temporal.PlainTime.from('00:00')
    .add({ milliseconds: ms })
    .toString({ smallestUnit: 'minute' });
}
