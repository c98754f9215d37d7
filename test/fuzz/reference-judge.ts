// A second judge, slow and written from the text of docs/how-it-judges.md alone: what the real one must agree with.
import { Temporal } from 'temporal-polyfill';
import type { Host } from '../../shared/config/config.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import type { Fact } from './fact.ts';
import {
  type BackupSet,
  bytesOf,
  gapsOf,
  goodAmong,
  isAhead,
  isArriving,
  isBad,
  isFull,
  isSpareChain,
  lackOf,
  MINUTE,
  manifestsOf,
  middleOf,
  newest,
  oddIn,
  partsOf,
  sameSlot,
  setsAmong,
  sizesOf,
  writtenAt,
} from './reference-set.ts';
import {
  doesAnswer,
  graceOf,
  homeOf,
  isBegunFor,
  isHome,
  isMismatch,
  lastClosedWindow,
  type Window,
  windowBefore,
} from './reference-window.ts';

/** The judgement, in words that both judges can be held to; findings sorted, `severity kind evidence`. */
export type ReferenceJudgement = {
  readonly verdict: string;
  readonly findings: readonly string[];
  readonly answer: Instant | undefined;
  readonly answeredAt: Instant | undefined;
  readonly lastGood: Instant | undefined;
};

const DAY = 1440 * MINUTE;
/** What it judges, worst first. */
export const WORST_FIRST: readonly string[] =
  'damaged chain-broken missing incomplete poisoned incremental unencrypted expiring never late window-mismatch full-overdue no-signatures maybe-truncated shrunk grew overlapping clock-skew duplicate-full parity foreign paused'.split(
    ' ',
  );
/** What a generated bucket cannot have. */
export const NOT_IN_THE_BOOK = {
  tampered: 'a generated file has no versions',
  copied: 'a generated file has no versions',
  resumed: 'a generated file has no versions',
  cold: 'a generated file has no storage class',
  unreadable: 'a generated bucket can always be read',
  'wrong-recipient': 'a generated file has no contents; any head is compared with the RFC instead',
};
const SEVERITIES = ['critical', 'warning', 'info'];

/** Judges the facts that were there at `now`, rule by rule. */
export function judgeByTheBook(
  host: Host,
  facts: readonly Fact[],
  now: Instant,
): ReferenceJudgement {
  const there = facts.filter((fact) => fact.firstModifiedAt <= now);
  const window = lastClosedWindow(host, now);
  const sets = setsAmong(there);
  // What the host owes: fulls, and where it writes chains the incrementals, too.
  const backups = sets.filter((set) => isFull(set) || host.chain !== undefined);
  const good = goodAmong(host, sets, there);
  const answers = good.filter((set) => doesAnswer(host, set, window));
  const answer = newest(answers);
  const lastGood = newest(good);
  const begun = backups.filter((set) => isBegunFor(host, set, window));
  const findings: string[] = [];

  // The window: one finding at the most.
  const isPaused = host.paused !== undefined && window.date < host.paused.until;
  const isBefore = host.since !== undefined && window.date < host.since;
  const isOther = !isPaused && !isBefore && isMismatch(host, good, now);
  if (isOther) findings.push('warning window-mismatch');
  const lastBefore = newest(good.filter(({ session }) => session.at < window.end));
  const missed = isOther ? 0 : windowsMissed(host, window, lastBefore);
  if (isPaused) findings.push('info paused');
  else if (answer === undefined) {
    const newestBad = newest(begun.filter(isBad));
    const arriving = newest(
      begun.filter((set) => isArriving(set, lastGood, now) && now < graceOf(host, set, window)),
    );
    if (isBefore) findings.push('info never');
    else if (sets.length === 0) findings.push('critical never');
    else if (arriving !== undefined) findings.push(`warning late ${arriving.session.at}`);
    else if (newestBad !== undefined) {
      findings.push(`critical incomplete ${missed} ${newestBad.session.at} ${gapsOf(newestBad)}`);
    } else if (begun.every((set) => good.includes(set)) && !isOther) {
      findings.push(`critical missing ${missed}`);
    }
  } else {
    // Killed, it is reported only where it is newer than the answer, and arrives no more.
    const isOver = (set: BackupSet) =>
      set.session.at >= answer.session.at && !isArriving(set, lastGood, now);
    const newestBad = newest(
      begun.filter((set) => isBad(set) && (manifestsOf(set).length > 0 || isOver(set))),
    );
    if (newestBad !== undefined) {
      findings.push(`warning incomplete 0 ${newestBad.session.at} ${gapsOf(newestBad)}`);
    }
  }

  // Which sets are shown: those begun since the window opened, or else the newest that has a manifest.
  const named = backups.filter(({ session }) => session.at <= now + 5 * MINUTE);
  const ofNow = backups.filter((set) => {
    const { at } = set.session;
    const isOfDay = at >= window.opensAt && at < window.end;
    return isHome(host, set, window) || isOfDay || (at >= window.end && named.includes(set));
  });
  const newestNamed = newest(named.filter((set) => manifestsOf(set).length > 0));
  const shown =
    ofNow.some((set) => manifestsOf(set).length > 0) || newestNamed === undefined
      ? ofNow
      : [newestNamed];
  for (const set of shown) {
    const { at } = set.session;
    // Another one answers: it is as bad as before for a later window only.
    const isCured = answer !== undefined && (at < window.opensAt || isHome(host, set, window));
    const severity = isCured ? 'warning' : 'critical';
    if (isAhead(set) || oddIn(set).length > 0) {
      findings.push(`${severity} damaged ${at} ${isAhead(set)} [${oddIn(set)}]`);
    }
    const lack = host.chain && lackOf(set, sets, there);
    if (lack !== undefined) {
      findings.push(`${severity} chain-broken ${at} ${lack.at} ${lack.isThere}`);
    }
  }

  // A full later than promised, where incrementals go on.
  const lastFull = newest(good.filter(isFull));
  const lastLink = newest(good.filter((set) => !isFull(set)));
  if (host.chain !== undefined && lastFull !== undefined && lastLink !== undefined) {
    const promisedAt = lastFull.session.at + host.chain.fullEveryDays * DAY;
    if (lastLink.session.at > promisedAt + DAY) findings.push('warning full-overdue');
  }

  // The countdown, by the days of the config: no rules of a bucket are known here.
  const deaths = good.map((set) => diesAt(set, sets, host.keepDays));
  const last = Math.max(...deaths);
  const isOld =
    lastGood !== undefined &&
    lastGood.session.at < window.opensAt &&
    !doesAnswer(host, lastGood, window);
  const isLate = findings.some((finding) => finding.startsWith('warning late'));
  const within = isLate ? 2 * DAY : 4 * DAY;
  if (isOld && last - now < within && last + DAY >= now) findings.push('critical expiring');

  const poison = there.filter(
    (fact) =>
      fact.means.part === 'lethal' ||
      isSpareChain(fact, there) ||
      there.some((other) => sameSlot(fact, other)),
  );
  const parity = there.filter(({ means }) => means.part === 'parity');
  const isOfEach = sets
    .filter((set) => manifestsOf(set).length > 0 && writtenAt(set) + 5 * MINUTE <= now)
    .every(({ members }) =>
      members.every(({ name }) => parity.some((one) => one.name === `${name}.par2`)),
    );
  if (parity.length > 0 && isOfEach) findings.push(`info parity ${parity.length}`);
  const crashes = poison.length + (isOfEach ? 0 : parity.length);
  if (crashes > 0) findings.push(`critical poisoned ${crashes}`);
  const incrementals = sets.filter((set) => !isFull(set));
  if (incrementals.length > 0 && host.chain === undefined) {
    const judgedAt = windowBefore(host, window).dueAt;
    const fresh = incrementals.some(
      ({ session, members }) =>
        session.at >= judgedAt || members.some((m) => m.modifiedAt >= judgedAt),
    );
    findings.push(`${fresh ? 'critical' : 'info'} incremental ${incrementals.length}`);
  }
  const open = there.filter((fact) => isOfDuplicity(fact) && !fact.encrypted);
  if (open.length > 0) findings.push(`critical unencrypted ${open.length}`);
  if (answer !== undefined) findings.push(...judgeShape(answer, good, host));
  for (const set of backups) {
    const { session, members } = set;
    const written = members.filter(({ means }) => means.part === 'manifest');
    const clock = Math.min(now, Math.max(...written.map((fact) => fact.firstModifiedAt)));
    if (session.at >= window.end && session.at - now > 5 * MINUTE) {
      findings.push(`info clock-skew ${session.at}`);
    }
    const isLong = clock >= window.opensAt && clock - session.at > 36 * 60 * MINUTE;
    const isInTime = clock <= (homeOf(host, set)?.hardDueAt ?? 0);
    if (written.length > 0 && isLong && !isInTime) findings.push(`info clock-skew ${session.at}`);
  }
  const overlapping = overlappingAmong(sets, window);
  if (overlapping > 0) findings.push(`info overlapping ${overlapping}`);
  const ofDay = backups.filter((set) => isFull(set) && isHome(host, set, window));
  if (ofDay.length > 1) findings.push(`info duplicate-full ${ofDay.length}`);
  const strange = there.filter(({ means }) =>
    means.part === 'foreign' ? true : 'spelling' in means && means.spelling === 'tolerated',
  );
  if (strange.length > 0) findings.push(`info foreign ${strange.length}`);

  return {
    verdict: verdictOf(findings, answer !== undefined),
    findings: findings.sort(),
    answer: answer?.session.at,
    answeredAt: answers.length === 0 ? undefined : Math.min(...answers.map(writtenAt)),
    lastGood: lastGood?.session.at,
  };
}

/** How many sets arrived while another one did, of those that came since the window opened and soon after their name. */
function overlappingAmong(sets: readonly BackupSet[], { opensAt }: Window): number {
  const runs = sets
    .map((set) => ({
      from: Math.min(...set.members.map(({ firstModifiedAt }) => firstModifiedAt)),
      until:
        manifestsOf(set).length > 0
          ? writtenAt(set)
          : Math.max(...set.members.map(({ modifiedAt }) => modifiedAt)),
      at: set.session.at,
    }))
    .filter(
      ({ from, until, at }) => from - at <= 360 * MINUTE && until >= opensAt && from <= until,
    );
  type Run = (typeof runs)[number];
  const isDuring = (one: Run, other: Run) => other.from <= one.from && one.from < other.until;
  return runs.filter((one) =>
    runs.some((other) => other !== one && (isDuring(one, other) || isDuring(other, one))),
  ).length;
}

/** On the day after the last of its days, by the calendar of UTC, the first of its files, or of what it builds on, is hidden. */
function diesAt(set: BackupSet, sets: readonly BackupSet[], keepDays: number): Instant {
  const first = Math.min(...set.members.map(({ modifiedAt }) => modifiedAt));
  const own = Temporal.Instant.fromEpochMilliseconds(first)
    .toZonedDateTimeISO('UTC')
    .add({ days: keepDays + 1 })
    .startOfDay().epochMilliseconds;
  const base = sets.find(({ session }) => session.at === set.session.basedOn);
  return base === undefined ? own : Math.min(own, diesAt(base, sets, keepDays));
}

function isOfDuplicity({ means }: Fact): boolean {
  return 'spelling' in means && means.spelling !== 'tolerated';
}

function judgeShape(answer: BackupSet, good: readonly BackupSet[], host: Host): string[] {
  const said: string[] = [];
  const signatures = (one: BackupSet) => partsOf(one, (part) => part === 'signatures');
  const hasEmpty = (one: BackupSet | undefined): boolean =>
    one !== undefined &&
    (signatures(one).some(({ bytes }) => bytes === 0) ||
      hasEmpty(good.find(({ session }) => session.at === one.session.basedOn)));
  if (signatures(answer).length === 0 || hasEmpty(answer)) said.push('warning no-signatures');
  if (!isFull(answer)) return said;
  const fulls = good.filter(isFull);
  said.push(...judgeTail(answer, fulls));
  const earlier = fulls.filter(({ session }) => session.at < answer.session.at).map(bytesOf);
  const usual = earlier.length < 3 ? undefined : middleOf(earlier);
  const bytes = bytesOf(answer);
  if (bytes < host.size.minBytes) said.push('warning shrunk');
  else if (usual !== undefined && bytes < usual * host.size.shrink) said.push('warning shrunk');
  else if (
    usual !== undefined &&
    bytes > Math.max(usual * host.size.grow, usual + 10 * 1024 * 1024)
  )
    said.push('warning grew');
  return said;
}

/** A volume as full as the others may not be the last: a warning where one of three fulls before had more, or about one volume more. */
function judgeTail(set: BackupSet, good: readonly BackupSet[]): string[] {
  const sizes = sizesOf(set);
  const before = good
    .filter(({ session }) => session.at < set.session.at)
    .sort((a, b) => a.session.at - b.session.at);
  const usualOf = (one: BackupSet) => middleOf(sizesOf(one).slice(0, -1));
  const withUsual = before.filter((one) => sizesOf(one).length > 1).at(-1);
  const usual = sizes.length > 1 ? usualOf(set) : withUsual && usualOf(withUsual);
  const last = sizes.at(-1) ?? 0;
  if (usual === undefined || last < 0.94 * usual) return [];
  if (sizes.length === 1 && last > 1.5 * usual) return [];
  // Volumes of another size, by their mean, tell nothing.
  const [most] = before
    .slice(-3)
    .filter((one) => bytesOf(one) / sizesOf(one).length > usual / 2)
    .sort((a, b) => sizesOf(b).length - sizesOf(a).length || bytesOf(b) - bytesOf(a));
  const fewer = most === undefined ? 0 : bytesOf(most) - bytesOf(set);
  const isLost =
    most !== undefined &&
    (sizesOf(most).length > sizes.length || (fewer >= usual / 2 && fewer <= usual * 1.5));
  return [`${isLost ? 'warning' : 'info'} maybe-truncated`];
}

/** In a row, this one included: up to the one that the last good backup answers, or that was open before it. */
function windowsMissed(host: Host, judged: Window, lastGood: BackupSet | undefined): number {
  if (lastGood === undefined) return 1;
  const owedFrom = [host.since ?? '', host.paused?.until ?? ''];
  let missed = 1;
  for (let window = windowBefore(host, judged); ; window = windowBefore(host, window)) {
    if (window.opensAt <= lastGood.session.at) return missed;
    if (doesAnswer(host, lastGood, window)) return missed;
    if (owedFrom.some((first) => window.date < first)) return missed;
    missed += 1;
  }
}

function verdictOf(findings: readonly string[], answered: boolean): string {
  const parsed = findings.map((finding) => finding.split(' ') as [string, string]);
  for (const severity of SEVERITIES.slice(0, 2)) {
    const kinds = parsed.filter(([first]) => first === severity).map(([, kind]) => kind);
    const worst = WORST_FIRST.find((kind) => kinds.includes(kind));
    if (worst !== undefined) return worst;
  }
  const excuse = parsed.find(([, kind]) => kind === 'paused' || kind === 'never');
  return excuse === undefined || answered ? 'ok' : excuse[1];
}
