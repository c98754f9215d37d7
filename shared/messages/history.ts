// What is remembered of each host for 400 days: a window in at most 15 bytes, in columns.
import * as v from 'valibot';
import type { Shard } from '../config/config.ts';
import { isoDate, readJson } from '../config/json.ts';
import { MINUTE } from '../duplicity/time.ts';
import { addDays } from '../rules/window.ts';
import { type BoardRow, type Night, sortNights } from './board.ts';
import { SIGN_LETTERS, SIGNS } from './message-tree.ts';

/** All its pages begin so. */
export const HISTORY = 'history/';

/** `history/0of4.json`. */
export function historyPage({ index, of }: Shard): string {
  return `${HISTORY}${index}of${of}.json`;
}

/** So many days are kept. */
export const HISTORY_DAYS = 400;

/** The nights of one host, oldest first. */
export type History = {
  readonly place: string;
  readonly host: string;
  readonly nights: readonly Night[];
};

const stored = v.object({
  version: v.literal(1),
  hosts: v.array(
    v.object({
      ...{ place: v.string(), host: v.string(), from: isoDate },
      /** One letter a day from then on. */
      signs: v.pipe(v.string(), v.regex(/^[+~x.-]*$/), v.maxLength(HISTORY_DAYS)),
      /** Of each day: minutes from midnight UTC of its date until it was done, and KiB; base 36, empty = none. */
      ...{ done: v.string(), size: v.string() },
    }),
  ),
});

const SIGN_OF = new Map(SIGNS.map((sign) => [SIGN_LETTERS[sign], sign]));
const KIB = 1024;

/** Version 1. A date without a window is one of which nothing is known. */
export function formatHistory(histories: readonly History[]): string {
  const hosts = histories.map(({ place, host, nights }) => {
    const from = nights[0]?.[0] ?? '1970-01-01';
    const byDate = new Map(nights.map((night) => [night[0], night]));
    const last = nights.at(-1)?.[0] ?? from;
    const days: (Night | undefined)[] = [];
    for (let date = from; date <= last; date = addDays(date, 1)) days.push(byDate.get(date));
    const column = (of: (night: Night) => number) =>
      days.map((night) => (night && of(night) > 0 ? of(night).toString(36) : '')).join(',');
    return {
      ...{ place, host, from },
      signs: days.map((night) => SIGN_LETTERS[night?.[1] ?? 'none']).join(''),
      done: column(([date, , doneAt]) =>
        Math.max(0, Math.round((doneAt - Date.parse(date)) / MINUTE)),
      ),
      size: column(([, , , bytes]) => Math.ceil(bytes / KIB)),
    };
  });
  return `${JSON.stringify({ version: 1, hosts })}\n`;
}

/** The inverse, to the minute and the KiB; `undefined` for anything that `formatHistory` does not write. Never throws. */
export function parseHistory(text: string): History[] | undefined {
  return readJson(stored, text)?.hosts.map(({ place, host, from, signs, done, size }) => {
    const [minutesOf, kibOf] = [readColumn(done), readColumn(size)];
    const nights = [...signs].map((letter, at): Night => {
      const date = addDays(from, at);
      const minutes = minutesOf(at);
      const doneAt = minutes === 0 ? 0 : Date.parse(date) + minutes * MINUTE;
      return [date, SIGN_OF.get(letter) ?? 'none', doneAt, kibOf(at) * KIB];
    });
    return { place, host, nights: nights.filter(([, sign]) => sign !== 'none') };
  });
}

function readColumn(column: string): (day: number) => number {
  const cells = column.split(',');
  return (day) => Number.parseInt(cells[day] ?? '', 36) || 0;
}

/** The nights of a board on top of what is known, within 400 days. What left the config stays until it is that old. */
export function addHistory(known: readonly History[], rows: readonly BoardRow[]): History[] {
  const byPlace = new Map(known.map((one) => [one.place, one]));
  for (const { place, host, nights } of rows) {
    const all = sortNights([...(byPlace.get(place)?.nights ?? []), ...nights]);
    const [last = ''] = all.at(-1) ?? [];
    const kept = all.filter(([date]) => date > addDays(last, -HISTORY_DAYS));
    byPlace.set(place, { place, host, nights: kept });
  }
  return [...byPlace.values()];
}
