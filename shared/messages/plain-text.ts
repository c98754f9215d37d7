// Text that is safe to show: hostile names escaped, times, sizes and lengths of time in few words.
import { DAY, type Instant } from '../duplicity/time.ts';
import { HIDDEN_RECIPIENT, type MessageHead } from '../openpgp/message.ts';
import { wallClock } from '../rules/window.ts';

const SHOWN = 120;

/**
 * A name from a bucket, safe for a terminal, a mail and a page: all but printable ASCII is escaped, quotes
 * and backslashes too, and at most 120 characters are shown, fewer where they had to be escaped.
 */
export function quoteName(name: string): string {
  return quoteSome(name, SHOWN);
}

/** The same to its end, for what a command was asked about: there the names of a folder differ. */
export function quoteWhole(name: string): string {
  return quoteSome(name, Number.POSITIVE_INFINITY);
}

function quoteSome(name: string, bound: number): string {
  const all = (name.slice(0, bound).match(/ {2,}|./gsu) ?? []).flatMap((part) =>
    // A run of spaces is how a text is laid out: wherever it is wrapped, a name can not look like a line of ours.
    part.length > 1 && part.startsWith(' ')
      ? Array<string>(part.length).fill('\\u{20}')
      : escapeCharacter(part),
  );
  const shown = takeWhileRoom(all, 2 * bound, (one) => one.length);
  const isCut = name.length > bound || shown.length < all.length;
  return `"${shown.join('')}"${isCut ? `... (${name.length} characters)` : ''}`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  if (/^[ -~]$/.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Text of unknown origin on one line, without quotes: control characters and all non-ASCII become "?". */
export function toAscii(text: string): string {
  return text.replace(/[^ -~]/gu, '?');
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sat 21 Nov` on the clock of a zone; `Thu 31 Dec 2026` where that is not the year of `now`. */
export function formatDate(at: Instant, zone: string, now: Instant): string {
  const local = new Date(wallClock(at, zone));
  const isOther = local.getUTCFullYear() !== new Date(wallClock(now, zone)).getUTCFullYear();
  const year = isOther ? ` ${local.getUTCFullYear()}` : '';
  return `${WEEKDAYS[local.getUTCDay()]} ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]}${year}`;
}

/** `02:14` on the clock of a zone. */
export function formatTime(at: Instant, zone: string): string {
  return new Date(wallClock(at, zone)).toISOString().slice(11, 16);
}

/** Which clock, where it is not that of the message. */
export function inZone({ timezone }: { readonly timezone: string }, zone: string): string {
  return timezone === zone ? '' : ` by the clock of ${timezone}`;
}

/** `Sat 21 Nov 02:14`, or with its year as `formatDate`. */
export function formatInstant(at: Instant, zone: string, now: Instant): string {
  return `${formatDate(at, zone, now)} ${formatTime(at, zone)}`;
}

/** `Mon 23 Nov 2026 08:15 Europe/Amsterdam`. */
export function formatMoment(at: Instant, zone: string): string {
  const year = new Date(wallClock(at, zone)).getUTCFullYear();
  return `${formatDate(at, zone, at)} ${year} ${formatTime(at, zone)} ${zone}`;
}

/** `73 years`, `10 days`, `54 h`, `2 h 47 min`, `12 min`: never more than two numbers. */
export function formatDuration(ms: number): string {
  if (ms >= 730 * DAY) return `${Math.round(ms / (365.25 * DAY))} years`;
  if (ms >= 10 * DAY) return `${Math.round(ms / DAY)} days`;
  const minutes = Math.max(0, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return `${rest} min`;
  return hours >= 12 || rest === 0 ? `${Math.round(minutes / 60)} h` : `${hours} h ${rest} min`;
}

/** `6.1 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `1 volume`, `31 volumes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `full`, or `incremental`. */
export function nameType(type: unknown): string {
  return type === 'inc' ? 'incremental' : 'full';
}

/** `web, db and 3 more`: those that are shown of `all`. */
export function listSome(shown: readonly string[], all: number): string {
  const more = all - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** At most so many characters; where it was cut, it ends in dots. */
export function clip(text: string, bound: number): string {
  return text.length <= bound ? text : `${text.slice(0, bound - 3)}...`;
}

export function capitalize(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countEach(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word).values()]
    .sort((a, b) => b.length - a.length)
    .map((same) => `${same.length} ${same[0]}`)
    .join(', ');
}

/** `2nd`. */
export function ordinal(number: number): string {
  const teen = Math.floor(number / 10) % 10 === 1;
  const ending = teen ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}

/** `1-3, 7`; at most eight ranges are said. */
export function formatNumbers(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const said = ranges.slice(0, 8).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return ranges.length > said.length ? `${said.join(', ')}, ...` : said.join(', ');
}

/** Breaks a text into lines of at most `width` characters; a longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The width of a mail's lines. */
export const WIDTH = 72;

/** Where the text begins. */
export const COLUMN = 12;

/** `MISSING     web: ...`, its further lines under the first. */
export function paragraph(label: string, text: string): string[] {
  const width = Math.max(COLUMN, label.length + 1);
  return wrapText(text, WIDTH - COLUMN).map((line, index) =>
    index === 0 ? `${label.padEnd(width)}${line}` : `${' '.repeat(COLUMN)}${line}`,
  );
}

/** As many from the first on as there is room for; the first always. */
export function takeWhileRoom<One>(
  all: readonly One[],
  room: number,
  sizeOf: (one: One) => number,
): One[] {
  let used = 0;
  const end = all.findIndex((one, index) => {
    used += sizeOf(one);
    return index > 0 && used > room;
  });
  return end < 0 ? [...all] : all.slice(0, end);
}

/** `key 3C3227771D10B285 and a hidden key and 1 passphrase`, in the order of the packets. */
export function formatOpeners({
  recipients,
  symmetric,
}: Pick<MessageHead, 'recipients' | 'symmetric'>): string {
  const keys = recipients.map((id) => (id === HIDDEN_RECIPIENT ? 'a hidden key' : `key ${id}`));
  return [...keys, ...(symmetric === 0 ? [] : [count(symmetric, 'passphrase')])].join(' and ');
}

/** `1.0 MiB, 12 % of its usual 8.3 MiB`. */
export function formatShare(bytes: number, usual: number): string {
  const share = `${Math.round((bytes / (usual || 1)) * 100)} %`;
  return `${formatBytes(bytes)}, ${share} of its usual ${formatBytes(usual)}`;
}
