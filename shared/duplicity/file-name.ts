// What duplicity's own object names say: which backup set a file belongs to, and as what; and which it crashes on.
import { type Instant, isCalendarTime, parseWrittenTime, readLenientTime } from './time.ts';

/** What was given to duplicity as `--file-prefix*`; each stands before the names of its kind. */
export type FilePrefix = {
  readonly archive: string;
  readonly manifest: string;
  readonly signature: string;
};

export const NO_PREFIX: FilePrefix = { archive: '', manifest: '', signature: '' };

/** duplicity's own four kinds of file. */
type FileType = 'full' | 'inc' | 'full-sig' | 'new-sig';

/** One parsed name; `time` for full and full-sig, `start` and `end` for inc and new-sig. */
export type FileName = {
  readonly type: FileType;
  readonly manifest: boolean;
  readonly volume: number | undefined;
  readonly time: Instant | undefined;
  readonly start: Instant | undefined;
  readonly end: Instant | undefined;
  readonly encrypted: boolean;
  readonly compressed: boolean;
  /** A checkpoint that duplicity keeps in its cache (`.part`); never on its own a finished file. */
  readonly partial: boolean;
};

/**
 * How duplicity reads a name, and whether it would write it so:
 * - `written`: canonical; the only spelling that counts.
 * - `tolerated`: duplicity reads it as that file, but never writes it (`vol01`, `.gpg.bak`).
 * - `lethal`: its parser raises on it (`vol0`), so every duplicity command on the target dies.
 * - `statistics`: a `--jsonstat` object (2.1 and later); neither counted nor foreign.
 * - `parity`: next to a file, written by duplicity's `par2+` backend; any other duplicity reads it as that file once more.
 * - `foreign`: not a name of duplicity's.
 */
export type NameReading =
  | { readonly kind: 'written' | 'tolerated'; readonly name: FileName }
  /** `name` is that of the file that it protects, `of` its spelling. */
  | { readonly kind: 'parity'; readonly name: FileName; readonly of: string }
  | { readonly kind: 'lethal' }
  | { readonly kind: 'statistics' }
  | { readonly kind: 'foreign' };

const FOREIGN: NameReading = { kind: 'foreign' };

/**
 * The file that a canonical name stands for; `undefined` for every other name.
 * `fileName` is the key minus the target's prefix. Never throws.
 */
export function parseFileName(fileName: string, prefix = NO_PREFIX): FileName | undefined {
  const reading = readFileName(fileName, prefix);
  return reading.kind === 'written' ? reading.name : undefined;
}

// As par2 itself names them: `X.par2`, `X.vol000+20.par2`.
const PARITY = /^(.+?)(?:\.vol[0-9]+\+[0-9]+)?\.par2$/;

/** How duplicity reads this name. Never throws. Source: `file_naming.parse` of 0.8.22 to 3.0.1, and its par2backend. */
export function readFileName(fileName: string, prefix = NO_PREFIX): NameReading {
  const [, of] = PARITY.exec(fileName) ?? [];
  const file = of === undefined ? FOREIGN : readFileName(of, prefix);
  if (of !== undefined && file.kind === 'written' && !file.name.partial) {
    return { kind: 'parity', name: file.name, of };
  }
  if (file.kind === 'statistics') return file;
  const parts = matchName(fileName, prefix);
  if (parts === undefined) return isStatistics(fileName, prefix) ? { kind: 'statistics' } : FOREIGN;

  const times = parts.times.map((text) => readTime(text, parts.short));
  if (times.some(({ at }) => at === undefined || at === 0)) return FOREIGN;
  const [first, second] = times.map(({ at }) => at);

  const volume =
    parts.number === undefined
      ? undefined
      : parts.short
        ? base36(parts.number)
        : Number(parts.number);
  if (volume === 0) return { kind: 'lethal' };

  const chained = parts.type === 'inc' || parts.type === 'new-sig';
  const name: FileName = {
    type: parts.type,
    manifest: parts.manifest,
    volume,
    time: chained ? undefined : first,
    start: chained ? first : undefined,
    end: chained ? second : undefined,
    encrypted: /\.(?:g|gpg)$/.test(fileName),
    compressed: /(?:\.z|gz)$/.test(fileName),
    partial: parts.partial && volume === undefined,
  };
  const isExact = isWritten(parts, name) && times.every(({ written }) => written);
  return { kind: isExact ? 'written' : 'tolerated', name };
}

/** A name that duplicity reads, behind a prefix that nobody has named: the prefix, and the reading without it. */
export function findFileName(
  key: string,
): { readonly prefix: string; readonly reading: NameReading } | undefined {
  for (const { index } of key.matchAll(/duplicity-|d(?:fs?|i|ns)\./g)) {
    const reading = readFileName(key.slice(index));
    if (reading.kind === 'foreign' || reading.kind === 'statistics') continue;
    // "report-pdf.may.m" ends like a short name, but of 1970.
    const isShort = key[index + 1] !== 'u' && index > 0 && key[index - 1] !== '/';
    if (isShort && !isShortName(reading)) continue;
    return { prefix: key.slice(0, index), reading };
  }
  return undefined;
}

const OLDEST_SHORT = Date.UTC(2000, 0);

function isShortName(reading: NameReading): boolean {
  if (reading.kind !== 'written') return false;
  const { time, start } = reading.name;
  return (time ?? start ?? 0) >= OLDEST_SHORT;
}

/** The same for all files of one set, its signatures among them, and for no other set's. */
export function setIdOf(name: Pick<FileName, 'time' | 'start' | 'end'>): string {
  return name.end === undefined ? `full ${name.time}` : `inc ${name.start} ${name.end}`;
}

/** When the set of a file was begun; of an incremental it is the second time in its name. */
export function startedAtOf({ time, end }: FileName): Instant {
  return end ?? time ?? 0;
}

type NameParts = {
  readonly type: FileType;
  readonly short: boolean;
  readonly manifest: boolean;
  readonly times: readonly string[];
  readonly number: string | undefined;
  readonly partial: boolean;
  /** What follows the fixed part of the name, with its dot. */
  readonly suffix: string;
};

type Pattern = {
  readonly type: FileType;
  readonly role: 'volume' | 'manifest' | 'signatures';
  readonly prefix: keyof FilePrefix;
  readonly short: RegExp;
  readonly long: RegExp;
};

// duplicity matches bytes with Python's `.` and `$`: any byte but a newline, and a newline may follow.
const ANY = '([^\\n]*?)';
const END = '(\\n?$|\\.)';
const B36 = '([0-9a-z]+?)';
const pattern = (
  type: FileType,
  role: Pattern['role'],
  prefix: keyof FilePrefix,
  short: string,
  long: string,
): Pattern => ({
  type,
  role,
  prefix,
  short: new RegExp(`^${short}${END}`),
  long: new RegExp(`^${long}${END}`),
});
const NUM36 = '([0-9a-z]+)';

// In the order in which duplicity tries them; of one type, its short names come before its long ones.
const PATTERNS: readonly Pattern[] = [
  pattern(
    'full',
    'volume',
    'archive',
    `df\\.${B36}\\.${NUM36}\\.dt(\\.p)?`,
    `duplicity-full\\.${ANY}\\.vol([0-9]+)\\.difftar(\\.part)?`,
  ),
  pattern(
    'full',
    'manifest',
    'manifest',
    `df\\.${B36}\\.m(\\.p)?`,
    `duplicity-full\\.${ANY}\\.manifest(\\.part)?`,
  ),
  pattern(
    'inc',
    'volume',
    'archive',
    `di\\.${B36}\\.${B36}\\.${NUM36}\\.dt()`,
    `duplicity-inc\\.${ANY}\\.to\\.${ANY}\\.vol([0-9]+)\\.difftar()`,
  ),
  pattern(
    'inc',
    'manifest',
    'manifest',
    `di\\.${B36}\\.${B36}\\.m(\\.p)?`,
    `duplicity-inc\\.${ANY}\\.to\\.${ANY}\\.manifest(\\.part)?`,
  ),
  pattern(
    'full-sig',
    'signatures',
    'signature',
    `dfs\\.${B36}\\.st(\\.p)?`,
    `duplicity-full-signatures\\.${ANY}\\.sigtar(\\.part)?`,
  ),
  pattern(
    'new-sig',
    'signatures',
    'signature',
    `dns\\.${B36}\\.${B36}\\.st(\\.p)?`,
    `duplicity-new-signatures\\.${ANY}\\.to\\.${ANY}\\.sigtar(\\.part)?`,
  ),
];

function matchName(fileName: string, prefix: FilePrefix): NameParts | undefined {
  for (const type of ['full', 'inc', 'full-sig', 'new-sig'] as const) {
    for (const style of ['short', 'long'] as const) {
      for (const candidate of PATTERNS) {
        if (candidate.type !== type || !fileName.startsWith(prefix[candidate.prefix])) continue;
        const rest = fileName.slice(prefix[candidate.prefix].length);
        const match = candidate[style].exec(rest);
        if (match !== null) return partsOf(candidate, style === 'short', match, rest);
      }
    }
  }
  return undefined;
}

function partsOf(from: Pattern, short: boolean, match: RegExpExecArray, rest: string): NameParts {
  const groups = match.slice(1);
  const timeCount = from.type === 'inc' || from.type === 'new-sig' ? 2 : 1;
  const end = groups.at(-1) ?? '';
  return {
    type: from.type,
    short,
    manifest: from.role === 'manifest',
    times: groups.slice(0, timeCount).map((text) => text ?? ''),
    number: from.role === 'volume' ? groups[timeCount] : undefined,
    partial: Boolean(groups.at(-2)),
    suffix: rest.slice(match[0].length - end.length),
  };
}

/** The number and the suffix are each spelled as duplicity spells them. */
function isWritten(parts: NameParts, name: FileName): boolean {
  const suffixes = parts.short ? ['', '.z', '.g'] : ['', '.gz', '.gpg'];
  if (!suffixes.includes(parts.suffix)) return false;
  if (parts.manifest && name.compressed) return false;
  if (name.volume !== undefined) {
    if (parts.partial || !Number.isSafeInteger(name.volume)) return false;
    if (parts.number !== name.volume.toString(parts.short ? 36 : 10)) return false;
  }
  return true;
}

type ReadTime = { readonly at: Instant | undefined; readonly written: boolean };

/** The exact spelling first: a lenient reading must never overrule what duplicity wrote. */
function readTime(text: string, short: boolean): ReadTime {
  if (short) {
    const at = base36(text) * 1000;
    return { at, written: isCalendarTime(at) && base36(text).toString(36) === text };
  }
  const at = parseWrittenTime(text);
  return at === undefined ? { at: readLenientTime(text), written: false } : { at, written: true };
}

function base36(text: string): number {
  return Number.parseInt(text, 36);
}

function isStatistics(fileName: string, prefix: FilePrefix): boolean {
  const rest = Object.values(prefix).find((one) => one !== '' && fileName.startsWith(one)) ?? '';
  return /^duplicity-(?:full\.[0-9TZ]+|inc\.[0-9TZ]+\.to\.[0-9TZ]+)\.jsonstat(?:\.part)?(?:\.gz|\.gpg)?$/.test(
    fileName.slice(rest.length),
  );
}

/** Names that make duplicity itself die on this target. */
export type Poison = {
  readonly names: readonly string[];
  readonly why: 'lethal' | 'twice' | 'parity';
  /** Of which set a file is there twice; `undefined`: of none. */
  readonly startedAt?: Instant | undefined;
  readonly basedOn?: Instant | undefined;
};

/** Which names duplicity reads as one part of a set. */
export type Readers = Map<
  string,
  {
    readonly names: string[];
    readonly part: number | 'manifest' | 'signatures';
  } & Pick<Poison, 'startedAt' | 'basedOn'>
>;

export function noteReader(readers: Readers, name: FileName, as: string): void {
  const id = setIdOf(name);
  if (id.includes('NaN')) return;
  const isSignatures = name.type === 'full-sig' || name.type === 'new-sig';
  const part = isSignatures ? 'signatures' : (name.volume ?? 'manifest');
  const slot = `${id} ${part}`;
  const known = readers.get(slot);
  if (known === undefined)
    readers.set(slot, { names: [as], part, startedAt: name.end ?? name.time, basedOn: name.start });
  else known.names.push(as);
}

/** duplicity allows one manifest a set and one file a volume, whatever their suffixes, and crashes on two. */
export function findTwice(readers: Readers): Poison[] {
  const all = [...readers.values()];
  const links = all
    .flatMap(({ names, part, ...set }) => (part === 'signatures' ? names.map(() => set) : []))
    .sort((a, b) => (a.basedOn ?? 0) - (b.basedOn ?? 0));
  return all.flatMap(({ names, part, startedAt, basedOn }): Poison[] => {
    if (names.length === 1) return [];
    const isRead =
      part === 'signatures' && (basedOn !== undefined || !endAlike(names, startedAt, links));
    return isRead ? [] : [{ names: names.sort(), why: 'twice', startedAt, basedOn }];
  });
}

/**
 * Each file of signatures of a full is a chain to duplicity, which an incremental's go on with one of. It crashes where two
 * end at one time. Measured with 0.8.22 and 3.0.6; 3.2.1 does not.
 */
function endAlike(
  names: readonly string[],
  startedAt: Instant | undefined,
  links: readonly Pick<Poison, 'startedAt' | 'basedOn'>[],
): boolean {
  const ends = names.map(() => startedAt);
  for (const link of links) {
    const chain = link.basedOn === undefined ? -1 : ends.indexOf(link.basedOn);
    if (chain !== -1) ends[chain] = link.startedAt;
  }
  return new Set(ends).size < ends.length;
}
