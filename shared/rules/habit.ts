// Backups that come in a habit of their own: what of it is wrong, and which setting of hosts.yml would fit.

import {
  type Host,
  longestRest,
  MOST_GRACE_HOURS,
  WEEK,
  type WindowTimes,
} from '../config/config.ts';
import { DAY, HOUR, type Instant } from '../duplicity/time.ts';
import { doesAnswer, homeOf, isArriving, isExcused, isIn } from './answer.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type Finding, timesOf } from './finding.ts';
import {
  addDays,
  closedWindow,
  type Window,
  wallClock,
  weekdayOf,
  windowBefore,
  windowOf,
} from './window.ts';

/** Longer than a run takes to come round again. */
const OVERDUE = DAY;

/** An incremental was begun over a day later than the next full was promised. */
export function judgeOverdue({ chain }: Host, sets: readonly Assessment[]): Finding[] {
  if (chain === undefined) return [];
  const { fullEveryDays } = chain;
  const full = sets.findLast(({ good, set }) => good && set.type === 'full');
  const link = sets.findLast(({ good, set }) => good && set.type === 'inc');
  const { startedAt } = full ?? {};
  if (startedAt === undefined || link === undefined) return [];
  const isOverdue = link.startedAt > startedAt + fullEveryDays * DAY + OVERDUE;
  return isOverdue ? [{ kind: 'full-overdue', severity: 'warning', startedAt, fullEveryDays }] : [];
}

const IN_A_ROW = 3;
const SPREAD = 90 * 60_000;
const SPARE = 15 * 60_000;
const HALF_HOUR = 30 * 60_000;

/**
 * The last three good backups began outside of their windows, and within 90 minutes of each other on the clock: the config is
 * wrong, and not the host. It is so only while the window that it should have is answered: one that stays out is missing.
 */
export function judgeMismatch(
  host: Host,
  window: Window,
  good: readonly Assessment[],
  now: Instant,
): Finding[] {
  const upToNow = good.filter(({ startedAt }) => startedAt <= now + SKEW);
  const last = upToNow.slice(-IN_A_ROW);
  if (isExcused(host, window) || last.length < IN_A_ROW || isInWindow(host, last)) return [];
  const isFitting = (rule: Host) => {
    const fitting = closedWindow(rule, now);
    return good.some(
      (one) => one.startedAt <= fitting.dueAt && doesAnswer(rule, one, fitting, now),
    );
  };
  const rules = fittingTimes(host, last).map((times) => ({ times, rule: withTimes(host, times) }));
  const found =
    host.days === undefined
      ? rules.find(({ rule }) => isFitting(rule))
      : rules
          .flatMap((one) => byDays(host, one))
          .find(({ rule }) => isFitting(rule) && isOfDays(rule, upToNow, now));
  if (found === undefined) return [];
  const settings = Object.entries(found.times).map(([key, time]) => `${key}: "${time}"`);
  const days = found.rule.days === host.days ? {} : { days: formatDays(found.rule.days) };
  const evidence = { fulls: last.map(timesOf), setting: settings.join(', '), ...days };
  return [{ kind: 'window-mismatch', severity: 'warning', ...evidence }];
}

function withTimes(host: Host, times: Partial<WindowTimes>): Host {
  return { ...host, window: { ...host.window, ...times } };
}

/** One that opens on the evening before has the date of the next day: its days may move with it. */
function byDays<Times>(
  { window: { opens, due } }: Host,
  { times, rule }: { times: Times; rule: Host },
) {
  const isMoved = rule.window.opens > rule.window.due && opens <= due;
  const next = rule.days?.map((day) => (day + 1) % WEEK.length).sort();
  return [rule, ...(isMoved && next ? [{ ...rule, days: next }] : [])].map((one) => ({
    times,
    rule: one,
  }));
}

/** Each backup of the last week that began at about that time of day is of one of the days that are owed. */
function isOfDays(rule: Host, good: readonly Assessment[], now: Instant): boolean {
  const last = good.slice(-IN_A_ROW);
  return good
    .filter(
      (one) =>
        one.startedAt > now - WEEK.length * DAY &&
        spreadOf(rule.timezone, [...last, one]).spread <= SPREAD,
    )
    .every((one) => one.startedAt <= (homeOf(rule, one)?.dueAt ?? 0));
}

const formatDays = (days: readonly number[] = []) =>
  `days: [${days.map((day) => WEEK[day]).join(', ')}]`;

/**
 * The last three good backups began in their windows, and each was done after its window was due: when it should be due,
 * where a backup answers that.
 */
export function explainLate(
  host: Host,
  good: readonly Assessment[],
  now: Instant,
): string | undefined {
  const last = good.slice(-IN_A_ROW);
  const isLate = (one: Assessment) => {
    const dueAt = homeOf(host, one)?.dueAt;
    return dueAt !== undefined && one.startedAt <= dueAt && (one.completedAt ?? 0) > dueAt;
  };
  if (last.length < IN_A_ROW || !last.every(isLate)) return undefined;
  const times = fittingTimes(host, last).find(({ opens, due }) => due && opens === undefined);
  if (times === undefined) return undefined;
  const rule = withTimes(host, times);
  const fitting = closedWindow(rule, now);
  const isAnswered = good.some((one) => doesAnswer(rule, one, fitting, now));
  return isAnswered ? `window: { due: "${times.due}" }` : undefined;
}

/** Whether more of the older backups have to be known, before it can be said that the window does not fit. */
export function isHabitUnknown(host: Host, good: readonly Assessment[], now: Instant): boolean {
  const isByDays = host.days !== undefined;
  if (isInWindow(host, isByDays ? good.slice(-IN_A_ROW) : good)) return false;
  // A window that fits is due later, or opens up to a day before; days are told by a week.
  const { opensAt } = windowBefore(host, closedWindow(host, now));
  const from = isByDays ? Math.min(opensAt, now - (WEEK.length - 1) * DAY) : opensAt;
  const [oldest] = good;
  return good.length < IN_A_ROW || (oldest?.startedAt ?? now) > from - DAY;
}

/** One of them began while its window was open. */
function isInWindow(host: Host, good: readonly Assessment[]): boolean {
  return good.some((one) => one.startedAt <= (homeOf(host, one)?.dueAt ?? 0));
}

/**
 * An earlier time to open, a later one to be due, or both: whichever fits is to be tried, in this order. None where the
 * starts are further apart on the clock than `mostSpread`.
 */
export function fittingTimes(
  { timezone, window }: Host,
  last: readonly Pick<Assessment, 'startedAt' | 'completedAt'>[],
  mostSpread = SPREAD,
): Partial<Pick<WindowTimes, 'opens' | 'due'>>[] {
  const { first, spread } = spreadOf(timezone, last);
  if (spread > mostSpread) return [];
  const textOf = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  const early = Math.floor((first - SPARE) / HALF_HOUR) * HALF_HOUR;
  const opens = textOf((early + DAY) % DAY);
  const lasted = last.map(({ startedAt, completedAt = startedAt }) => completedAt - startedAt);
  const done = first + spread + Math.max(...lasted);
  const later = Math.ceil((done + 2 * HALF_HOUR) / HALF_HOUR) * HALF_HOUR;
  const due = textOf(later % DAY);
  const isSameDay = later < DAY && due > window.opens === window.due > window.opens;
  // The evening before, with an end that the window is too early for.
  const dueAt = Date.parse(`1970-01-01T${window.due}Z`) + (early < 0 ? 0 : DAY);
  const isLong = opens > window.due && done + 2 * HALF_HOUR > dueAt && later < early + DAY;
  return [
    ...(opens === window.due ? [] : [isLong ? { opens, due } : { opens }]),
    ...(isSameDay ? [{ due }] : []),
  ];
}

/** The earliest start on the clock of a day, and how much later the latest is: the least that takes in all. */
function spreadOf(timezone: string, ones: readonly Pick<Assessment, 'startedAt'>[]) {
  const starts = ones.map(({ startedAt }) => wallClock(startedAt, timezone) % DAY);
  const spreads = starts.map((first) => ({
    first,
    spread: Math.max(...starts.map((start) => (start - first + DAY) % DAY)),
  }));
  return spreads.reduce((a, b) => (b.spread < a.spread ? b : a), {
    first: 0,
    spread: Number.POSITIVE_INFINITY,
  });
}

const WEEKS_SEEN = 2;

/** The setting that would explain that nothing answers a window, of those that hosts.yml takes. */
export function explainMiss(
  host: Host,
  window: Window,
  backups: readonly Assessment[],
  now: Instant,
): string | undefined {
  const good = backups.filter((one) => one.good);
  const arriving = backups.findLast(
    (one) => one.startedAt < window.opensAt && isArriving(one, good.at(-1), now),
  );
  const graceHours = arriving && graceFor(host, arriving.startedAt, now);
  if (graceHours !== undefined) return `window: { grace: ${graceHours}h }`;
  const days = restingDays(host, window, good);
  return days === undefined ? explainLate(host, good, now) : formatDays(days);
}

/** A day more than it has taken until now, in whole days. */
function graceFor(host: Host, startedAt: Instant, now: Instant): number | undefined {
  const { dueAt } = windowOf(host, startedAt);
  const hours = Math.ceil((now - dueAt) / HOUR / 24 + 1) * 24;
  return hours <= MOST_GRACE_HOURS && doesKeep(host, hours / 24) ? hours : undefined;
}

function doesKeep({ keepDays, keepLastGood }: Host, days: number): boolean {
  return keepLastGood || keepDays > days;
}

/** The days that had a backup in each of two weeks or more, where the others had none; not those of the config. */
export function restingDays(
  host: Host,
  window: Window,
  good: readonly Pick<Assessment, 'startedAt'>[],
): number[] | undefined {
  const { days: _, ...everyDay } = host;
  const dates = new Set(
    good.flatMap(({ startedAt }) => {
      const own = windowOf(everyDay, startedAt);
      return isIn(own, startedAt) ? own.date : [];
    }),
  );
  const [first] = [...dates].sort();
  if (first === undefined) return undefined;
  if (addDays(first, 7 * WEEKS_SEEN) > window.date) return undefined;
  const days = [...new Set([...dates].map(weekdayOf))].sort();
  for (let date = first; date <= window.date; date = addDays(date, 1)) {
    if (days.includes(weekdayOf(date)) && !dates.has(date)) return undefined;
  }
  const isKnown = days.join() === host.days?.join();
  return !isKnown && doesKeep(host, longestRest(days)) ? days : undefined;
}
