// Windows by another calendar than the product's own: Temporal's, a date at a time.
import { Temporal } from 'temporal-polyfill';

/** When a host owes its backup. `opens` later than `due` = it opened the evening before. */
export type Times = {
  readonly zone: string;
  readonly opens: string;
  readonly due: string;
  readonly hardDue: string;
};

/** One day's window; its day ends when the next one opens. */
export type Window = {
  readonly date: string;
  readonly opensAt: number;
  readonly dueAt: number;
  readonly hardDueAt: number;
  readonly endsAt: number;
};

const known = new Map<string, number>();

/** The instant at which the clocks of a zone show a time. */
export function instantAt(date: string, time: string, zone: string): number {
  const question = `${date} ${time} ${zone}`;
  const answer =
    known.get(question) ??
    Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(zone).epochMilliseconds;
  known.set(question, answer);
  return answer;
}

const dates = new Map<string, string>();

export function addDays(date: string, days: number): string {
  const question = `${date} ${days}`;
  const answer = dates.get(question) ?? countDays(date, days);
  dates.set(question, answer);
  return answer;
}

function countDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The date in UTC; the date in any zone is at most one day from it. */
export function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const windows = new Map<string, Window>();

/** The window that is due on a date. */
export function windowOn(date: string, times: Times): Window {
  const question = `${date} ${times.zone} ${times.opens} ${times.due} ${times.hardDue}`;
  const answer = windows.get(question) ?? computeWindow(date, times);
  windows.set(question, answer);
  return answer;
}

function computeWindow(date: string, { zone, opens, due, hardDue }: Times): Window {
  const isEve = opens > due;
  const opensOn = (day: string) => instantAt(isEve ? addDays(day, -1) : day, opens, zone);
  const grace = minutesOf(hardDue) - minutesOf(due);
  const dueAt = instantAt(date, due, zone);
  return {
    date,
    opensAt: opensOn(date),
    dueAt,
    hardDueAt: dueAt + grace * 60_000,
    endsAt: opensOn(addDays(date, 1)),
  };
}

/** The newest window that has closed. */
export function newestClosed(at: number, times: Times): Window {
  for (let days = 1; days > -3; days -= 1) {
    const window = windowOn(addDays(dateOf(at), days), times);
    if (window.dueAt <= at) return window;
  }
  throw new RangeError('no window has closed');
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
