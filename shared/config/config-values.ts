// The values of hosts.yml: times, zones, sizes and addresses, and how each must be written.
import {
  type Host,
  MOST_GRACE_HOURS,
  PRUNES_KEEP,
  type SizeBounds,
  WEEK,
  type WindowTimes,
} from './config.ts';
import { readValue, zone } from './json.ts';
import {
  entriesOf,
  fieldsOf,
  holdsMap,
  holdsWord,
  itemsOf,
  matching,
  note,
  type Place,
  type YamlReader,
} from './yaml.ts';

const GRACE_MINUTES = 240;
const DEFAULT_WINDOW: WindowTimes = { opens: '00:00', due: '08:15', graceMinutes: GRACE_MINUTES };
const DAY_MINUTES = 1440;

export const ZONE = {
  rule: 'an IANA time zone like Europe/Amsterdam',
  parse: (text: string) => readValue(zone, text),
};
export const EMAIL = {
  rule: 'an e-mail address',
  parse: (text: string) =>
    /^[^\s@<>",;]+@[^\s@<>",;]+\.[^\s@<>",;]+$/.test(text) ? text : undefined,
};
export const PHONE = {
  rule: 'a telephone number with its country, in quotes: "+31600000000"',
  parse: (text: string) => (/^\+[1-9]\d{6,14}$/.test(text) ? text : undefined),
};
export const HTTPS = {
  rule: 'an https:// address, without a user or password in it',
  parse: (text: string) => {
    const url = /^https:\/\/\S+$/.test(text) ? URL.parse(text) : null;
    return url !== null && url.username + url.password === '' ? text : undefined;
  },
  isSecret: true,
};
const MOST_RUNBOOK = 300;
export const RUNBOOK = {
  rule: 'an https:// address of a page, without "#" and what follows, like https://wiki.example.net/backups',
  parse: (text: string) =>
    text.includes('#') || text.length > MOST_RUNBOOK ? undefined : HTTPS.parse(text),
};
export const ENDPOINT = {
  rule: 'the address of a store that speaks S3, like https://fsn1.example-objects.com: https, and nothing behind the name',
  parse: (text: string) => {
    const url = /^https?:\/\/[^\s@?#]+$/.test(text) ? URL.parse(text) : null;
    if (url === null || url.pathname !== '/') return undefined;
    const isLoopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
    return url.protocol === 'https:' || isLoopback ? url.origin : undefined;
  },
};
export const ENDPOINT_STYLE = {
  rule: 'path, or virtual: the bucket is a part of the name of the store',
  parse: (text: string) => (text === 'path' || text === 'virtual' ? text : undefined),
};
export const METRICS = {
  rule: 'cloudwatch: each host as metrics there, which costs money, and a dashboard',
  parse: (text: string) => (text === 'cloudwatch' ? text : undefined),
};
export const DATE = {
  rule: 'a date like 2026-12-01',
  parse: (text: string) => {
    const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN;
    const same = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
    return same ? text : undefined;
  },
};
export const FLAG = {
  rule: 'true or false',
  parse: (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined),
};
const CLOCK = {
  rule: 'a time from "00:00" to "23:59"',
  parse: (text: string) => (/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text) ? text : undefined),
};
const UNIT_MINUTES = { m: 1, h: 60, d: DAY_MINUTES, w: 7 * DAY_MINUTES };
const GRACE = {
  rule: 'a time like 4h, 90m or 3d, and at most 7d',
  parse: (text: string) => {
    const minutes = minutesOf(text);
    return minutes === undefined || minutes > MOST_GRACE_HOURS * 60 ? undefined : minutes;
  },
};
const FULL_EVERY = {
  rule: 'a number of days like 31d, from 2d to 366d',
  parse: (text: string) => {
    const days = (minutesOf(text) ?? 0) / DAY_MINUTES;
    return Number.isInteger(days) && days >= 2 && days <= 366 ? days : undefined;
  },
};
export const PROOF = {
  rule: 'a number of days like 90d, from 1d to 3660d',
  parse: (text: string) => {
    const days = (minutesOf(text) ?? 0) / DAY_MINUTES;
    return Number.isInteger(days) && days >= 1 && days <= 3660 ? days : undefined;
  },
};
const WEEKDAY = {
  rule: 'a day of the week: mon, tue, wed, thu, fri, sat or sun',
  parse: (text: string) => (WEEK.includes(text) ? WEEK.indexOf(text) : undefined),
};
const KEPT_SETS = {
  rule: 'a whole number of good fulls, from 1',
  parse: (text: string) => (/^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined),
};
const BYTES = {
  rule: 'a size like 500MiB or 10GiB',
  parse: (text: string) => {
    const [, number, unit = 'B'] =
      /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
    const power = ['B', 'K', 'M', 'G', 'T'].indexOf(unit.charAt(0).toUpperCase());
    const bytes = Math.round(Number(number) * (unit.includes('i') ? 1024 : 1000) ** power);
    return Number.isFinite(bytes) ? bytes : undefined;
  },
};
const SHRINK = {
  rule: 'a share under 100%, like 50%',
  parse: (text: string) => (shareOf(text) < 1 ? shareOf(text) : undefined),
};
const GROW = {
  rule: 'a share over 100%, like 200%',
  parse: (text: string) => {
    const share = shareOf(text);
    return share > 1 && Number.isFinite(share) ? share : undefined;
  },
};

/** `NaN` for what is no share. */
function shareOf(text: string): number {
  return Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]) / 100;
}

/**
 * A window over the times that hold where it says nothing. Anyone who moves `due` has `graceIfMoved` after it, unless it is
 * given.
 */
export function readWindow(
  yaml: YamlReader,
  place: Place | undefined,
  outer = DEFAULT_WINDOW,
  graceIfMoved = GRACE_MINUTES,
): WindowTimes {
  if (place === undefined) return outer;
  const fields = fieldsOf(yaml, place, ['opens', 'due', 'grace', 'hardDue']);
  const opens = matching(yaml, fields.opens, CLOCK.rule, CLOCK.parse) ?? outer.opens;
  const moved = matching(yaml, fields.due, CLOCK.rule, CLOCK.parse);
  const due = moved ?? outer.due;
  const graceMinutes =
    matching(yaml, fields.grace, GRACE.rule, GRACE.parse) ??
    readHardDue(yaml, fields.hardDue, due) ??
    (moved === undefined ? outer.graceMinutes : graceIfMoved);
  if (fields.grace !== undefined && fields.hardDue !== undefined) {
    note(yaml, fields.hardDue, `${place.path}: grace and hardDue say the same thing; keep "grace"`);
  }
  if (opens === due) {
    note(yaml, place, `${place.path}: opens and due are both ${opens}; the window has no length`);
  }
  return { opens, due, graceMinutes };
}

/** What a host has that moves `due` and says no more: the config's own grace, but not an hour of the clock. */
export function graceIfMoved(
  yaml: YamlReader,
  place: Place | undefined,
  { graceMinutes }: WindowTimes,
): number {
  const own = place === undefined ? [] : entriesOf(yaml, place);
  return own.some(([name]) => name === 'grace') ? graceMinutes : GRACE_MINUTES;
}

/** The older way to write a grace. Past midnight it is the next day's, but one that is long before `due` is a mistake. */
function readHardDue(yaml: YamlReader, place: Place | undefined, due: string): number | undefined {
  const hardDue = matching(yaml, place, CLOCK.rule, CLOCK.parse);
  if (hardDue === undefined || place === undefined) return undefined;
  const minutes = (minutesOfClock(hardDue) - minutesOfClock(due) + DAY_MINUTES) % DAY_MINUTES;
  if (hardDue >= due || minutes <= DAY_MINUTES / 2) return minutes;
  return note(
    yaml,
    place,
    `${place.path} is "${hardDue}", which is before due, "${due}"; say how long after due a backup may still arrive: "grace: 4h"`,
  );
}

/** The days of the week, 0 = Sunday, sorted; `undefined` for each of them. */
export function readDays(yaml: YamlReader, place: Place | undefined): number[] | undefined {
  if (place === undefined) return undefined;
  const items = itemsOf(yaml, place);
  const days = items.flatMap((item) => matching(yaml, item, WEEKDAY.rule, WEEKDAY.parse) ?? []);
  if (items.length === 0) {
    note(
      yaml,
      place,
      `${place.path} is empty, so nothing would be checked; write "paused" for that`,
    );
  }
  const unique = [...new Set(days)].sort();
  return unique.length === 0 || unique.length === WEEK.length ? undefined : unique;
}

export function readChain(yaml: YamlReader, place: Place | undefined): Host['chain'] {
  if (place === undefined) return undefined;
  const fields = fieldsOf(yaml, place, ['fullEvery']);
  const days = matching(yaml, fields.fullEvery, FULL_EVERY.rule, FULL_EVERY.parse);
  if (fields.fullEvery === undefined) {
    note(yaml, place, `${place.path} needs "fullEvery: 31d", how often a full is made at least`);
  }
  return days === undefined ? undefined : { fullEveryDays: days };
}

/** `true`, or how many good fulls the host keeps. */
export function readPrunes(yaml: YamlReader, place: Place | undefined): Host['prunes'] {
  if (place === undefined || holdsWord(yaml, place, 'false')) return undefined;
  if (holdsWord(yaml, place, 'true')) return { keep: PRUNES_KEEP };
  if (!holdsMap(yaml, place)) {
    return note(yaml, place, `${place.path} must be true, or how many fulls are kept: { keep: 3 }`);
  }
  const fields = fieldsOf(yaml, place, ['keep']);
  return { keep: matching(yaml, fields.keep, KEPT_SETS.rule, KEPT_SETS.parse) ?? PRUNES_KEEP };
}

/** Bounds on the size over those that hold where it says nothing. */
export function readSize(
  yaml: YamlReader,
  place: Place | undefined,
  outer: SizeBounds,
): SizeBounds {
  if (place === undefined) return outer;
  const fields = fieldsOf(yaml, place, ['min', 'shrink', 'grow']);
  return {
    minBytes: matching(yaml, fields.min, BYTES.rule, BYTES.parse) ?? outer.minBytes,
    shrink: matching(yaml, fields.shrink, SHRINK.rule, SHRINK.parse) ?? outer.shrink,
    grow: matching(yaml, fields.grow, GROW.rule, GROW.parse) ?? outer.grow,
  };
}

function minutesOfClock(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** `undefined` for what is no time with its unit. */
function minutesOf(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})\s*([mhdw])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(number) * UNIT_MINUTES[unit as 'm'];
}
