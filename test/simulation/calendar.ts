// Windows by another calendar than the product's own: Temporal's, a date at a time.
import { Temporal } from 'temporal-polyfill';

/** When a host owes its backup. `opens` later than `due` = it opened the evening before. */
export type Times = {
  readonly zone: string;
  readonly opens: string;
  readonly due: string;
  readonly hardDue: string;
  /** In place of `hardDue`: hours after `due`. */
  readonly grace?: number;
  /** The days of the week of the dates on which it owes one, 0 = Sunday; without it each. */
  readonly days?: readonly number[];
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

/** The window that is due on a date, whether it is owed or not. */
export function windowOn(date: string, times: Times): Window {
  const { zone, opens, due, hardDue, grace } = times;
  const question = `${date} ${zone} ${opens} ${due} ${hardDue} ${grace}`;
  const answer = windows.get(question) ?? computeWindow(date, times);
  windows.set(question, answer);
  return answer;
}

function computeWindow(date: string, { zone, opens, due, hardDue, grace }: Times): Window {
  const isEve = opens > due;
  const opensOn = (day: string) => instantAt(isEve ? addDays(day, -1) : day, opens, zone);
  const minutes = grace === undefined ? minutesOf(hardDue) - minutesOf(due) : grace * 60;
  const dueAt = instantAt(date, due, zone);
  return {
    date,
    opensAt: opensOn(date),
    dueAt,
    hardDueAt: dueAt + minutes * 60_000,
    endsAt: opensOn(addDays(date, 1)),
  };
}

export function isOwedOn(date: string, { days }: Times): boolean {
  return days?.includes(new Date(`${date}T00:00Z`).getUTCDay()) ?? true;
}

/** The newest window that is owed and has closed. */
export function newestClosed(at: number, times: Times): Window {
  for (let days = 1; days > -10; days -= 1) {
    const date = addDays(dateOf(at), days);
    const window = windowOn(date, times);
    if (window.dueAt <= at && isOwedOn(date, times)) return window;
  }
  throw new RangeError('no window has closed');
}

/** The windows that are owed within so many days after this one, or before it where `days` is negative; the nearest first. */
export function windowsNear({ date }: Window, times: Times, days: number): Window[] {
  const step = Math.sign(days);
  return Array.from({ length: Math.abs(days) }, (_, nth) => addDays(date, (nth + 1) * step))
    .filter((near) => isOwedOn(near, times))
    .map((near) => windowOn(near, times));
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
