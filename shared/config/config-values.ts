// The values of hosts.yml: times, zones, sizes and addresses, and how each must be written.
import type { SizeBounds, WindowTimes } from './config.ts';
import { fieldsOf, matching, note, type Place, type YamlReader } from './yaml.ts';

const DEFAULT_WINDOW: WindowTimes = { opens: '00:00', due: '08:15', hardDue: '12:15' };
const HARD_DUE_AFTER_MINUTES = 240;

export const ZONE = {
  rule: 'an IANA time zone like Europe/Amsterdam',
  parse: (text: string) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: text });
      return text;
    } catch {
      return undefined;
    }
  },
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
export const DATE = {
  rule: 'a date like 2026-12-01',
  parse: (text: string) => {
    const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN;
    const same = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
    return same ? text : undefined;
  },
};
const CLOCK = {
  rule: 'a time from "00:00" to "23:59"',
  parse: (text: string) => (/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text) ? text : undefined),
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
 * A window over the times that hold where it says nothing. Anyone who moves `due` moves `hardDue` with it,
 * to four hours later, unless it is given.
 */
export function readWindow(
  yaml: YamlReader,
  place: Place | undefined,
  outer: WindowTimes | undefined,
): WindowTimes {
  const base = outer ?? DEFAULT_WINDOW;
  if (place === undefined) return base;
  const fields = fieldsOf(yaml, place, ['opens', 'due', 'hardDue']);
  const opens = matching(yaml, fields.opens, CLOCK.rule, CLOCK.parse) ?? base.opens;
  const due = matching(yaml, fields.due, CLOCK.rule, CLOCK.parse);
  const hardDue =
    matching(yaml, fields.hardDue, CLOCK.rule, CLOCK.parse) ??
    (due === undefined ? base.hardDue : clockAfter(due, HARD_DUE_AFTER_MINUTES));
  if (opens === (due ?? base.due)) {
    note(yaml, place, `${place.path}: opens and due are both ${opens}; the window has no length`);
  }
  return { opens, due: due ?? base.due, hardDue };
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

function clockAfter(time: string, minutes: number): string {
  const total = (Number(time.slice(0, 2)) * 60 + Number(time.slice(3)) + minutes) % 1440;
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(Math.floor(total / 60))}:${pad(total % 60)}`;
}
