// In which rhythm a host backs up: guessed from its sets, each guess with what it was seen from. Pure.
import { type Host, MOST_GRACE_HOURS, WEEK } from '../../shared/config/config.ts';
import { keepNeeds } from '../../shared/config/parse-host.ts';
import type { BackupSet, Collection } from '../../shared/duplicity/backup-set.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../shared/duplicity/time.ts';
import { isHidden, isSameSet, type SetHistory } from '../../shared/duplicity/versions.ts';
import { count, formatDuration, formatTime } from '../../shared/messages/plain-text.ts';
import { assessSets, SKEW } from '../../shared/rules/assessment.ts';
import { fittingTimes, restingDays } from '../../shared/rules/habit.ts';
import { heldAlways, isByLifecycle, keepOf, type Lifecycle } from '../../shared/rules/lifecycle.ts';
import { closedWindow, dateIn, wallClock, windowOf } from '../../shared/rules/window.ts';

/** By which rules of the bucket, and as of when. */
export type When = { readonly lifecycle: Lifecycle; readonly now: Instant };

/** A line of hosts.yml as it stands there, and what it was seen from; nothing where it is no guess. */
export type Setting = { readonly line: string; readonly seen: string };

export type Rhythm = {
  readonly host: Host;
  readonly settings: readonly Setting[];
  /** What was seen of it as a whole. */
  readonly seen: string;
  /** Its newest full that is there as a whole: its first bytes say who can open it. */
  readonly newest: BackupSet | undefined;
  /** After so many days its sets are hidden, by the rules or as delete markers show; `undefined`: not known. */
  readonly keptDays: number | undefined;
  /** Of the oldest set that is there. */
  readonly ageDays: number;
};

/** What forgets no backup, and looks at incrementals. */
export const FOREVER = { keepDays: 36_500, chain: { fullEveryDays: 366 } };

/** A set that was finished, whatever became of it. */
type Done = { readonly set: BackupSet; readonly startedAt: Instant; readonly completedAt: Instant };

const BACKUPS_SEEN = 30;
const FIRST_YEAR = Date.UTC(2000, 0);

/** `there`: what a GET would answer; `ever`: what delete markers hide, too. */
export function guessRhythm(
  base: Host,
  { lifecycle, now }: When,
  { there, ever }: { readonly there: Collection; readonly ever: Collection },
): Rhythm {
  const done = doneIn(base, ever, now);
  const fulls = done.filter(({ set }) => set.type === 'full');
  const doneNow = doneIn(base, there, now).filter(({ set }) => set.type === 'full');
  const chain = guessChain(done);
  const backups = (chain === undefined ? fulls : done).slice(-BACKUPS_SEEN);
  const window = guessWindow(base, backups);
  const placed = { ...base, window: { ...base.window, ...window.times } };
  const days = guessDays(placed, backups, now);
  const removed = there.histories
    .filter((one) => isGone(one, there))
    .map((one) => ({ ...one, isByRule: isHiddenByRule(base, one, lifecycle) }));
  const prunes = guessPrunes(removed, done, doneNow);
  const host: Host = {
    ...placed,
    ...(days && { days: days.days }),
    ...(chain && { chain: { fullEveryDays: chain.days } }),
  };
  return {
    host,
    settings: [...window.settings, days ?? [], chain ?? [], prunes ?? []].flat(),
    seen: describe(host, done, backups, window, now),
    newest: doneNow.at(-1)?.set,
    keptDays: keptDaysOf(base, prunes === undefined ? removed : [], lifecycle),
    ageDays: Math.floor(
      (now - there.sets.reduce((at, set) => Math.min(at, set.firstWriteAt), now)) / DAY,
    ),
  };
}

/** The sets of which nothing lacks by names and sizes, oldest first; a clock that is ahead tells nothing. */
function doneIn(base: Host, collection: Collection, now: Instant): Done[] {
  const { sets } = assessSets({ ...base, chain: FOREVER.chain }, collection);
  return sets.flatMap(({ set, startedAt, completedAt }) =>
    completedAt === undefined || startedAt < FIRST_YEAR || startedAt > now + SKEW
      ? []
      : [{ set, startedAt, completedAt: Math.max(startedAt, completedAt) }],
  );
}

const HABIT = { least: 3, share: 0.8, spread: 6 * HOUR, near: 90 * MINUTE };

/** Those that begin together on the clock, where four of five do; none where there is no such habit. */
function habitOf(backups: readonly Done[], timezone: string): Done[] {
  const clockOf = ({ startedAt }: Done) => ((wallClock(startedAt, timezone) % DAY) + DAY) % DAY;
  const after = (one: Done, from: number) => (clockOf(one) - from + 2 * DAY) % DAY;
  const sorted = backups.toSorted((a, b) => clockOf(a) - clockOf(b));
  const most = Math.ceil(sorted.length * HABIT.share);
  const widths = sorted.map((one, at) => {
    const end = at + most - 1;
    const last = clockOf(sorted[end % sorted.length] ?? one) + (end < sorted.length ? 0 : DAY);
    return { from: clockOf(one), width: last - clockOf(one) };
  });
  const [best] = widths.sort((a, b) => a.width - b.width);
  if (best === undefined || most < HABIT.least || best.width > HABIT.spread) return [];
  const { from, width } = best;
  return backups.filter((one) => after(one, from - HABIT.near) <= width + 2 * HABIT.near);
}

function guessWindow(base: Host, backups: readonly Done[]) {
  const habit = habitOf(backups, base.timezone);
  const isBegun = (rule: Host) => (one: Done) => {
    const { opensAt, dueAt } = windowOf(rule, one.startedAt);
    return one.startedAt >= opensAt && one.startedAt <= dueAt;
  };
  const isInTime = (rule: Host) => (one: Done) =>
    isBegun(rule)(one) && one.completedAt + HOUR <= windowOf(rule, one.startedAt).dueAt;
  const findTimes = (ones: readonly Done[], isRight: typeof isInTime) =>
    fittingTimes(base, ones, HABIT.spread).find((one) =>
      ones.every(isRight({ ...base, window: { ...base.window, ...one } })),
    );
  const begun = habit.map((one) => ({ ...one, completedAt: one.startedAt }));
  const times = habit.every(isInTime(base))
    ? {}
    : (findTimes(habit, isInTime) ??
      (habit.every(isBegun(base)) ? {} : findTimes(begun, isBegun)) ??
      {});
  const rule = { ...base, window: { ...base.window, ...times } };
  const lateMs = (habit.length > 0 ? habit : backups)
    .filter((one) => isBegun(rule)(one) && !hasPaused(one))
    .map((one) => one.completedAt - windowOf(rule, one.startedAt).dueAt);
  const lateHours = Math.ceil(Math.max(...lateMs) / HOUR) + 1;
  const wholeHours = lateHours >= 24 ? Math.ceil(lateHours / 24) * 24 : lateHours;
  const isLong = lateHours * 60 > base.window.graceMinutes;
  const grace = isLong ? Math.min(wholeHours, MOST_GRACE_HOURS) : undefined;
  const parts = Object.entries(times).map(([key, time]) => `${key}: "${time}"`);
  if (grace !== undefined) parts.push(`grace: ${grace}h`);
  const took = Math.max(
    ...backups.filter((one) => !hasPaused(one)).map((one) => one.completedAt - one.startedAt),
  );
  const seen = [
    ...(habit.length > 0 ? [`from ${describeHabit(base, habit, backups)}`] : []),
    ...(isLong ? [`the longest took ${formatDuration(took)}`] : []),
  ];
  const settings: Setting[] =
    parts.length === 0 ? [] : [{ line: `window: { ${parts.join(', ')} }`, seen: seen.join('; ') }];
  const graceMinutes = grace === undefined ? base.window.graceMinutes : grace * 60;
  return { times: { ...times, graceMinutes }, settings, habit };
}

/** A run that was killed and went on later took no time that an upload takes. */
function hasPaused({ set, startedAt, completedAt }: Done): boolean {
  return set.longestGapMs > (completedAt - startedAt) / 2;
}

/** `21 fulls, 20:31 to 21:10`: the first start on the clock, and the last end. */
function describeHabit(
  { timezone }: Host,
  habit: readonly Done[],
  backups: readonly Done[],
): string {
  const clockOf = (at: Instant) => ((wallClock(at, timezone) % DAY) + DAY) % DAY;
  const apart = (one: Done) =>
    (clockOf(one.startedAt) - clockOf(habit[0]?.startedAt ?? 0) + DAY * 1.5) % DAY;
  const [first] = habit.toSorted((a, b) => apart(a) - apart(b));
  const last = habit.toSorted(
    (a, b) => apart(b) + b.completedAt - b.startedAt - (apart(a) + a.completedAt - a.startedAt),
  )[0];
  const of = habit.length === backups.length ? '' : `${habit.length} of `;
  return `${of}${countOf(backups)}, ${formatTime(first?.startedAt ?? 0, timezone)} to ${formatTime(last?.completedAt ?? 0, timezone)}`;
}

const WEEKS_BACK = 23 * DAY;

/** Only where every such day of two weeks or more had one: of all that is seen, or of the last three weeks. */
function guessDays(host: Host, backups: readonly Done[], now: Instant) {
  const recent = backups.filter(({ startedAt }) => startedAt > now - WEEKS_BACK);
  const window = closedWindow(host, now);
  const days = restingDays(host, window, backups) ?? restingDays(host, window, recent);
  if (days === undefined || days.length === WEEK.length) return undefined;
  const names = (test: (day: number) => boolean) => WEEK.filter((_, day) => test(day)).join(', ');
  const rest = names((day) => !days.includes(day));
  const line = `days: [${days.map((day) => WEEK[day]).join(', ')}]`;
  return { days, line, seen: `from ${countOf(backups)}: none on ${rest}` };
}

const ROUNDED = 0.25;

/** Where incrementals are no accident: the longest time between two fulls, as far as it is seen. */
function guessChain(done: readonly Done[]) {
  const recent = done.slice(-BACKUPS_SEEN);
  const incs = recent.filter(({ set }) => set.type === 'inc').length;
  const isChain =
    incs * 2 >= recent.length - incs && recent.slice(-3).some(({ set }) => set.type === 'inc');
  if (incs === 0 || !isChain) return undefined;
  const fulls = done.filter(({ set }) => set.type === 'full').map(({ startedAt }) => startedAt);
  const lastAt = done.at(-1)?.startedAt ?? 0;
  const gaps = [...fulls.slice(1), lastAt].map((at, index) => at - (fulls[index] ?? at));
  const isSeen = fulls.length > 1;
  const least = Math.max(2, Math.ceil(gaps.reduce((a, b) => Math.max(a, b), 0) / DAY - ROUNDED));
  const days = Math.min(366, isSeen ? least : Math.ceil(least / 7) * 7);
  const seen = isSeen
    ? `from ${count(fulls.length, 'full')} and ${count(incs, 'incremental')}: the longest time between two fulls`
    : `a guess: ${count(incs, 'incremental')}, and no second full was seen; write how often you make one`;
  return { days, line: `chain: { fullEvery: ${days}d }`, seen };
}

/** Every file of the set is under a delete marker. */
function isGone(removed: SetHistory, { sets }: Collection): boolean {
  return !sets.some((set) => isSameSet(set, removed)) && removed.files.every(isHidden);
}

function markedAt({ files }: SetHistory): Instant[] {
  return files.flatMap(({ history }) => history[0]?.at ?? []);
}

/** Without the rules of the bucket: what is hidden at midnight, as S3 does it. */
function isHiddenByRule(host: Host, removed: SetHistory, lifecycle: Lifecycle): boolean {
  if ('unknown' in lifecycle) return markedAt(removed).every((at) => at % DAY === 0);
  const keeps = heldAlways(keepOf(host, lifecycle), FOREVER.keepDays);
  return removed.files.every(({ history: [marker, ...before] }) => {
    const uploadedAt = before.find(({ what }) => what === 'upload')?.at;
    return (
      marker !== undefined && uploadedAt !== undefined && isByLifecycle(marker, uploadedAt, keeps)
    );
  });
}

const PRUNED_AFTER = 2 * HOUR;
const KEPT = 3;

type Removed = SetHistory & { readonly isByRule: boolean };

/** Whole old sets, removed within two hours after a newer backup was done: two of them are a habit. */
function guessPrunes(
  removed: readonly Removed[],
  done: readonly Done[],
  fullsNow: readonly Done[],
): Setting | undefined {
  const pruned = removed.filter(({ isByRule, ...one }) => {
    const at = markedAt(one);
    const isFrom = ({ startedAt, completedAt }: Done) =>
      startedAt > one.startedAt &&
      at.every((when) => when >= completedAt && when <= completedAt + PRUNED_AFTER);
    return !isByRule && done.some(isFrom);
  });
  const newest = pruned.reduce((at, { startedAt }) => Math.max(at, startedAt), 0);
  const left = fullsNow.filter(({ startedAt }) => startedAt > newest).length;
  if (pruned.length < 2 || left === 0) return undefined;
  return {
    line: `prunes: { keep: ${Math.min(KEPT, left)} }`,
    seen: `${pruned.length} old sets were removed right after a newer backup; ${count(left, 'full')} left`,
  };
}

/** After how many days the rules hide its sets; without the rules, as the oldest delete marker shows. */
function keptDaysOf(
  host: Host,
  removed: readonly SetHistory[],
  lifecycle: Lifecycle,
): number | undefined {
  const rules = keepOf(host, lifecycle).hides.flatMap((rule) => ('days' in rule ? rule.days : []));
  const seen = removed.flatMap(({ files }) =>
    files.flatMap(({ history: [marker, ...before] }) => {
      const upload = before.find(({ what }) => what === 'upload');
      return marker && upload ? Math.floor(marker.at / DAY) - Math.floor(upload.at / DAY) - 1 : [];
    }),
  );
  const days = 'unknown' in lifecycle ? seen : rules;
  return days.length === 0 ? undefined : Math.min(...days);
}

function countOf(backups: readonly Done[]): string {
  const isFulls = backups.every(({ set }) => set.type === 'full');
  return count(backups.length, isFulls ? 'full' : 'backup');
}

const NOT_DAILY = 0.6;

/** What its settings do not say. */
function describe(
  host: Host,
  done: readonly Done[],
  backups: readonly Done[],
  { habit, settings }: Pick<ReturnType<typeof guessWindow>, 'habit' | 'settings'>,
  now: Instant,
): string {
  if (done.length === 0) return 'no finished set was seen: nothing is known of its rhythm';
  if (backups.length < HABIT.least) {
    return `${countOf(backups)}: too few to see a rhythm`;
  }
  if (habit.length === 0) {
    return `${countOf(backups)} at all hours: no window was seen`;
  }
  const dates = new Set(backups.map(({ startedAt }) => dateIn(host.timezone, startedAt)));
  const firstAt = backups.reduce((at, { startedAt }) => Math.min(at, startedAt), now);
  const days = Math.round((now - firstAt) / DAY) + 1;
  const isRare = host.days === undefined && dates.size < days * NOT_DAILY;
  return [
    ...(settings.length > 0 ? [] : [describeHabit(host, habit, backups)]),
    ...(isRare ? [`on ${dates.size} of ${days} days only; each day is owed one`] : []),
  ].join('; ');
}

const DEFAULT_DAYS = 6;

type Kept = { readonly days: number; readonly seen: string };

/** One number for all: the least that is seen, or more where a rhythm needs it; nothing where the default will do. */
export function guessKeepDays(hosts: readonly Rhythm[], isRuled: boolean): Kept[] {
  const kept = hosts.reduce((least, { keptDays = least }) => Math.min(least, keptDays), Infinity);
  const age = hosts.reduce((most, { ageDays }) => Math.max(most, ageDays), 0);
  const needs = hosts.flatMap(({ host }) => keepNeeds(host).map(({ least }) => least));
  const least = needs.reduce((most, need) => Math.max(most, need), 2);
  const isSeen = kept < Infinity;
  const shown = isSeen ? kept : Math.max(age, DEFAULT_DAYS);
  const hides = isRuled ? "the bucket's lifecycle" : 'as the delete markers show, lifecycle';
  const what = isSeen
    ? `${hides} hides after ${count(kept, 'day')}`
    : `a guess: the oldest set is ${count(age, 'day')} old${isRuled ? ', and no rule hides any' : ''}`;
  if (shown >= least) return isSeen || age > DEFAULT_DAYS ? [{ days: shown, seen: what }] : [];
  const later = isSeen ? `; ${what}: let it hide later` : '';
  return [{ days: least, seen: `the least that the rhythms below can do with${later}` }];
}
