// What else is found in a target, whether or not its window was answered, and which setting would explain it.

import { type Host, longestRest, WEEK, type WindowTimes } from '../config/config.ts';
import { type BackupSet, type Collection, setIdOfSet } from '../duplicity/backup-set.ts';
import { type FilePrefix, findFileName, setIdOf } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import { coldAmong } from '../duplicity/versions.ts';
import { doesAnswer, homeOf, isArriving, isHome, isIn } from './answer.ts';
import { type Assessment, SKEW } from './assessment.ts';
import { type Finding, type SetsElsewhere, showNames, timesOf } from './finding.ts';
import {
  addDays,
  closedWindow,
  type Window,
  wallClock,
  weekdayOf,
  windowBefore,
  windowOf,
} from './window.ts';

const DAY = 86_400_000;
// The longest that one session is believed to take; the restore kit says the same (LONGEST_RUN).
const LONGEST_RUN = 36 * 3_600_000;

export function judgePoison({ poison }: Collection): Finding[] {
  const names = poison.flatMap((one) => one.names);
  return names.length === 0
    ? []
    : [{ kind: 'poisoned', severity: 'critical', ...showNames(names) }];
}

/** Critical when one was written since the window before was judged; an older one is information for as long as it lasts. */
export function judgeIncrementals(
  host: Host,
  sets: readonly BackupSet[],
  window: Window,
): Finding[] {
  if (host.chain !== undefined) return [];
  const incrementals = sets.filter((set) => set.type === 'inc');
  const [first] = incrementals;
  if (first === undefined) return [];
  // The volumes of one that was killed are not listed, and may have come until now.
  const lastSignOf = (set: BackupSet) =>
    set.volumes === undefined && set.manifest === undefined
      ? set.startedAt + DAY
      : Math.max(set.startedAt, set.lastWriteAt);
  const judgedAt = windowBefore(host, window).dueAt;
  const isNew = incrementals.some((set) => lastSignOf(set) >= judgedAt);
  return [
    {
      kind: 'incremental',
      severity: isNew ? 'critical' : 'info',
      name: first.sample,
      startedAt: first.startedAt,
      count: incrementals.length,
    },
  ];
}

export function judgeEncryption({ unencrypted }: Collection): Finding[] {
  return unencrypted.length === 0
    ? []
    : [{ kind: 'unencrypted', severity: 'critical', ...showNames(unencrypted) }];
}

/**
 * A name and S3's clock disagree: a full of a later day is begun after now; or its manifest came since the window opened,
 * over 36 hours after the time in its name, and not within the grace of its window. A name of the window's own day that is ahead is `damaged`.
 */
export function judgeClocks(
  host: Host,
  backups: readonly Assessment[],
  window: Window,
  now: Instant,
): Finding[] {
  return backups.flatMap((one): Finding[] => {
    const { startedAt, set } = one;
    const { manifest } = set;
    const writtenAt = Math.min(manifest?.writtenAt ?? now, now);
    const aheadMs = startedAt - writtenAt;
    const isAhead = startedAt > now + SKEW && startedAt >= window.endsAt;
    const isNew = manifest !== undefined && writtenAt >= window.opensAt;
    const isInTime = writtenAt <= (homeOf(host, one)?.hardDueAt ?? 0);
    return isAhead || (isNew && aheadMs < -LONGEST_RUN && !isInTime)
      ? [{ kind: 'clock-skew', severity: 'info', startedAt, aheadMs }]
      : [];
  });
}

export function judgeCount(host: Host, sets: readonly Assessment[], window: Window): Finding[] {
  const begun = sets.filter((one) => one.set.type === 'full' && isHome(host, window, one));
  return begun.length < 2
    ? []
    : [{ kind: 'duplicate-full', severity: 'info', fulls: begun.map(timesOf) }];
}

// The first file of a run comes soon; sets that somebody copied here have times that tell nothing of their runs.
const FIRST_FILE = 6 * 3_600_000;
const SHOWN = 3;

/**
 * Two sets that arrived at the same time, by S3's clock alone: from the first file of each to its manifest, or to the newest
 * file of one that has none. Of those that came since the window opened.
 */
export function judgeOverlap(sets: readonly Assessment[], window: Window): Finding[] {
  const runs = sets
    .map((one) => ({ one, from: one.set.arrivedAt, until: endOf(one.set) }))
    .filter(
      ({ one, from, until }) =>
        from <= until && until >= window.opensAt && from <= one.startedAt + FIRST_FILE,
    )
    .sort((a, b) => a.from - b.from || b.until - a.until);
  const both = new Set<Assessment>();
  let last = runs[0];
  for (const next of runs.slice(1)) {
    if (last !== undefined && next.from < last.until) both.add(last.one).add(next.one);
    if (last === undefined || next.until > last.until) last = next;
  }
  const found = [...both].sort((a, b) => a.startedAt - b.startedAt);
  const shown = found.slice(0, SHOWN).map(timesOf);
  return found.length === 0
    ? []
    : [{ kind: 'overlapping', severity: 'info', sets: shown, count: found.length }];
}

function endOf({ manifest, lastWriteAt }: BackupSet): Instant {
  return manifest?.writtenAt ?? lastWriteAt;
}

/** A set is read again when its own bytes were; until then it is a warning. */
export function judgeCopies(sets: readonly Assessment[]): Finding[] {
  const copied = sets.flatMap(({ faults }) =>
    faults.flatMap(({ finding }) => (finding?.kind === 'copied' ? finding.sets : [])),
  );
  return (['warning', 'info'] as const).flatMap((severity): Finding[] => {
    const own = copied.filter(({ isRead }) => isRead === (severity === 'info'));
    return own.length === 0 ? [] : [{ kind: 'copied', severity, sets: own }];
  });
}

/** Of the last good copy, and of all that it builds on. */
export function judgeCold(
  sets: readonly Assessment[],
  lastGood: Assessment | undefined,
): Finding[] {
  if (lastGood === undefined) return [];
  const { startedAt } = lastGood;
  const storageClasses = chainOf(sets, lastGood).flatMap(({ set }) => set.storageClasses);
  const cold = coldAmong(storageClasses);
  const files = storageClasses.filter((one) => cold.includes(one)).length;
  return files === 0
    ? []
    : [{ kind: 'cold', severity: 'info', startedAt, files, storageClasses: cold }];
}

/** The set, and those that it builds on: each is older than the next. */
function chainOf(sets: readonly Assessment[], last: Assessment): Assessment[] {
  const chain = [last];
  for (let { basedOn } = last.set; basedOn !== undefined; ) {
    const base = sets.find(({ startedAt }) => startedAt === basedOn);
    if (base === undefined || base.startedAt >= (chain.at(-1)?.startedAt ?? 0)) break;
    chain.push(base);
    basedOn = base.set.basedOn;
  }
  return chain;
}

export function judgeParity({ parity }: Collection): Finding[] {
  return parity.length === 0 ? [] : [{ kind: 'parity', severity: 'info', ...showNames(parity) }];
}

/** Names that are none of this host's backups, and what duplicity wrote of them in another place or form. */
export function judgeForeign(host: Host, collection: Collection): Finding[] {
  const { foreign } = collection;
  if (foreign.length === 0) return [];
  const separator = foreign.flatMap((name) => SEPARATED.exec(name)?.[1] ?? [])[0];
  return [
    {
      kind: 'foreign',
      severity: 'info',
      ...showNames(foreign),
      ...findElsewhere(host, collection),
      ...(separator === undefined ? {} : { timeSeparator: separator }),
    },
  ];
}

/** A time as `--time-separator` writes it; with colons, as `--old-filenames` does, it is read. */
const SEPARATED =
  /duplicity-(?:full|inc|full-signatures|new-signatures)\.\d{4}-\d\d-\d\dT\d\d([^\d:])\d\d\1\d\d/;

type Role = keyof FilePrefix;
type Places = Record<Role, Set<string>>;

// A config takes no place with these in it.
const UNFIT = /\p{Cc}|\/\/|^\/|%[0-9a-f]{2}/iu;

/** The sets behind other prefixes, by place: the place of the newest first. */
function findElsewhere(
  { filePrefix }: Host,
  { foreign, sets }: Collection,
): { readonly elsewhere?: readonly SetsElsewhere[]; readonly placesElsewhere?: number } {
  const found = new Map<string, { startedAt: Instant; places: Places }>();
  const noteFile = (id: string, startedAt: Instant, role: Role, prefix: string) => {
    const none = { archive: new Set(''), manifest: new Set(''), signature: new Set('') };
    const set = found.get(id) ?? { startedAt, places: none };
    found.set(id, set);
    set.places[role].add(prefix);
  };
  for (const text of foreign) {
    // A name that the listing cut stands for a volume.
    const file = findFileName(text.endsWith('.vol') ? `${text}1.difftar` : text);
    if (file?.reading.kind !== 'written' || file.reading.name.partial) continue;
    const { name } = file.reading;
    const isVolume = name.volume !== undefined;
    const role = name.manifest ? 'manifest' : isVolume ? 'archive' : 'signature';
    noteFile(setIdOf(name), name.end ?? name.time ?? 0, role, file.prefix);
  }
  if (found.size === 0) return {};
  for (const set of sets) {
    const id = setIdOfSet(set);
    if (!found.has(id)) continue;
    const hasVolumes = set.volumes === undefined || set.volumes.count > 0;
    if (hasVolumes) noteFile(id, set.startedAt, 'archive', filePrefix.archive);
    if (set.manifest !== undefined) noteFile(id, set.startedAt, 'manifest', filePrefix.manifest);
    if (set.hasSignatures) noteFile(id, set.startedAt, 'signature', filePrefix.signature);
  }
  const own = {
    archive: filePrefix.archive,
    manifest: filePrefix.manifest,
    signature: filePrefix.signature,
  };
  const elsewhere = new Map<string, SetsElsewhere>();
  for (const { startedAt, places } of found.values()) {
    for (const archive of places.archive) {
      const [manifest = archive] = nearest(places.manifest, archive);
      const [signature = manifest] = nearest(places.signature, archive, manifest);
      const prefix = { archive, manifest, signature };
      const key = JSON.stringify(prefix);
      const isOwn = key === JSON.stringify(own);
      if (isOwn || UNFIT.test(archive) || UNFIT.test(manifest) || UNFIT.test(signature)) continue;
      const known = elsewhere.get(key) ?? { prefix, sets: 0, newestAt: startedAt };
      const newestAt = Math.max(known.newestAt, startedAt);
      elsewhere.set(key, { prefix, sets: known.sets + 1, newestAt });
    }
  }
  if (elsewhere.size === 0) return {};
  const newestFirst = [...elsewhere.values()].sort(
    (a, b) => b.newestAt - a.newestAt || (a.prefix.archive < b.prefix.archive ? -1 : 1),
  );
  return { elsewhere: newestFirst.slice(0, SHOWN), placesElsewhere: elsewhere.size };
}

/** Those of `places` that are wanted, in that order, and then the others. */
function nearest(places: ReadonlySet<string>, ...wanted: readonly string[]): string[] {
  return [...wanted.filter((one) => places.has(one)), ...places];
}

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
  const isIdle = window.date < (host.since ?? '') || window.date < (host.paused?.until ?? '');
  const last = good.filter(({ startedAt }) => startedAt <= now + SKEW).slice(-IN_A_ROW);
  if (isIdle || last.length < IN_A_ROW || isInWindow(host, last)) return [];
  const setting = fittingTimes(host, last).find((times) => {
    const rule = { ...host, window: { ...host.window, ...times } };
    const fitting = closedWindow(rule, now);
    return good.some(
      (one) => one.startedAt <= fitting.dueAt && doesAnswer(rule, one, fitting, now),
    );
  });
  if (setting === undefined) return [];
  const settings = Object.entries(setting).map(([key, time]) => `${key}: "${time}"`);
  const evidence = { fulls: last.map(timesOf), setting: settings.join(', ') };
  return [{ kind: 'window-mismatch', severity: 'warning', ...evidence }];
}

/** Whether more of the older backups have to be known, before it can be said that the window does not fit. */
export function isHabitUnknown(host: Host, good: readonly Assessment[], now: Instant): boolean {
  if (isInWindow(host, good)) return false;
  // A window that fits is due later, or opens up to a day before.
  const { opensAt } = windowBefore(host, closedWindow(host, now));
  const [oldest] = good;
  return good.length < IN_A_ROW || (oldest?.startedAt ?? now) > opensAt - DAY;
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
  const clockOf = (at: Instant) => wallClock(at, timezone) % DAY;
  const spreadFrom = (first: number) =>
    Math.max(...last.map(({ startedAt }) => (clockOf(startedAt) - first + DAY) % DAY));
  const [first] = last
    .map(({ startedAt }) => clockOf(startedAt))
    .sort((a, b) => spreadFrom(a) - spreadFrom(b));
  if (first === undefined || spreadFrom(first) > mostSpread) return [];
  const textOf = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  const early = Math.floor((first - SPARE) / HALF_HOUR) * HALF_HOUR;
  const opens = textOf((early + DAY) % DAY);
  const lasted = last.map(({ startedAt, completedAt = startedAt }) => completedAt - startedAt);
  const done = first + spreadFrom(first) + Math.max(...lasted);
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

const HOUR = 3_600_000;
const MOST_GRACE = 7 * 24;
const WEEKS_SEEN = 2;

/** What would explain that nothing answers a window: a longer grace, or days on which the host rests. Only what hosts.yml takes. */
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
  return days && `days: [${days.map((day) => WEEK[day]).join(', ')}]`;
}

/** A day more than it has taken until now, in whole days. */
function graceFor(host: Host, startedAt: Instant, now: Instant): number | undefined {
  const { dueAt } = windowOf(host, startedAt);
  const hours = Math.ceil((now - dueAt) / HOUR / 24 + 1) * 24;
  return hours <= MOST_GRACE && doesKeep(host, hours / 24) ? hours : undefined;
}

function doesKeep({ keepDays, keepLastGood }: Host, days: number): boolean {
  return keepLastGood || keepDays > days;
}

/** The days of the week that had a backup each time in two weeks or more, where the others never had one. */
export function restingDays(
  host: Host,
  window: Window,
  good: readonly Pick<Assessment, 'startedAt'>[],
): number[] | undefined {
  const dates = new Set(
    good.flatMap(({ startedAt }) => {
      const own = windowOf(host, startedAt);
      return isIn(own, startedAt) ? own.date : [];
    }),
  );
  const [first] = [...dates].sort();
  if (host.days !== undefined || first === undefined) return undefined;
  if (addDays(first, 7 * WEEKS_SEEN) > window.date) return undefined;
  const days = [...new Set([...dates].map(weekdayOf))].sort();
  for (let date = first; date <= window.date; date = addDays(date, 1)) {
    if (days.includes(weekdayOf(date)) && !dates.has(date)) return undefined;
  }
  return doesKeep(host, longestRest(days)) ? days : undefined;
}
