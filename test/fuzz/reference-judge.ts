// A second judge, slow and written from the text of docs/how-it-judges.md alone: what the real one must agree with.
import { Temporal } from 'temporal-polyfill';
import type { Host } from '../../shared/config/config.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import type { Fact, Part, Session } from './fact.ts';

/** The judgement, in words that both judges can be held to; findings sorted, `severity kind evidence`. */
export type ReferenceJudgement = {
  readonly verdict: string;
  readonly findings: readonly string[];
  readonly answer: Instant | undefined;
  readonly answeredAt: Instant | undefined;
  readonly lastGood: Instant | undefined;
};

type BackupSet = { readonly session: Session; readonly members: readonly Fact[] };
type Window = { date: string; opensAt: Instant; dueAt: Instant; hardDueAt: Instant; end: Instant };

const MINUTE = 60_000;
/** What it judges, worst first. */
export const WORST_FIRST: readonly string[] =
  'damaged missing incomplete poisoned incremental unencrypted expiring never late no-signatures maybe-truncated shrunk grew overlapping clock-skew duplicate-full parity foreign paused'.split(
    ' ',
  );
/** What a generated bucket cannot have. */
export const NOT_IN_THE_BOOK = {
  tampered: 'a generated file has no versions',
  copied: 'a generated file has no versions',
  resumed: 'a generated file has no versions',
  'chain-broken': 'a generated host has no chain',
  'full-overdue': 'a generated host has no chain',
  'window-mismatch': 'a generated host backs up at any time',
  cold: 'a generated file has no storage class',
  unreadable: 'a generated bucket can always be read',
  'wrong-recipient': 'a generated file has no contents; any head is compared with the RFC instead',
  'unknown-host': 'it is said of a whole bucket, and a generated bucket is of one host',
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
  const inDay = (at: Instant) => window.opensAt <= at && at < window.end;
  const sets = setsAmong(there);
  const fulls = sets.filter(({ session }) => session.basedOn === undefined);
  const isDoubled = ({ members }: BackupSet) =>
    members.some((member) => there.some((other) => sameSlot(member, other)));
  const good = fulls.filter(
    (set) => isWholeAndOnce(set) && !isDoubled(set) && !isAhead(set) && oddIn(set).length === 0,
  );
  // Clocks differ by up to five minutes, at the opening.
  const nearDay = (at: Instant) => window.opensAt - 5 * MINUTE <= at && at < window.end;
  const isWholeSince = ({ members }: BackupSet) =>
    members.every(({ firstModifiedAt }) => firstModifiedAt >= window.opensAt);
  const isOfDay = (set: BackupSet) =>
    inDay(set.session.at)
      ? nearDay(writtenAt(set))
      : nearDay(set.session.at) && inDay(writtenAt(set)) && isWholeSince(set);
  const answers = good.filter(isOfDay);
  const answer = newest(answers);
  const lastGood = newest(good);
  const begun = fulls.filter((set) => inDay(set.session.at) || isOfDay(set));
  const findings: string[] = [];

  // The window: one finding at the most.
  if (host.paused !== undefined && window.date < host.paused.until) findings.push('info paused');
  else if (answer === undefined) {
    const bad = begun.filter((set) => !isWholeAndOnce(set));
    const newestBad = newest(bad.filter(isBad));
    const newestArriving = newest(bad.filter((set) => isArriving(set, lastGood, now)));
    if (host.since !== undefined && window.date < host.since) findings.push('info never');
    else if (sets.length === 0) findings.push('critical never');
    else if (newestArriving !== undefined && now < window.hardDueAt) {
      findings.push(`warning late ${newestArriving.session.at}`);
    } else if (newestBad !== undefined) {
      const missed = windowsMissed(host, window, lastGood);
      findings.push(`critical incomplete ${missed} ${newestBad.session.at} ${gapsOf(newestBad)}`);
    } else if (begun.every((set) => good.includes(set))) {
      findings.push(`critical missing ${windowsMissed(host, window, lastGood)}`);
    }
  } else {
    const done = begun.filter((set) => isBad(set) && manifestsOf(set).length > 0);
    const newestBad = newest(done);
    if (newestBad !== undefined) {
      findings.push(`warning incomplete 0 ${newestBad.session.at} ${gapsOf(newestBad)}`);
    }
  }

  // Which fulls are shown: those begun since the window opened, or else the newest that has a manifest.
  const named = fulls.filter(({ session }) => session.at <= now + 5 * MINUTE);
  const ofNow = fulls.filter(
    (set) => inDay(set.session.at) || (named.includes(set) && set.session.at >= window.end),
  );
  const newestNamed = newest(named.filter((set) => manifestsOf(set).length > 0));
  const shown =
    ofNow.some((set) => manifestsOf(set).length > 0) || newestNamed === undefined
      ? ofNow
      : [newestNamed];
  for (const set of shown) {
    if (isAhead(set) || oddIn(set).length > 0) {
      const isCured = answer !== undefined && inDay(set.session.at);
      findings.push(
        `${isCured ? 'warning' : 'critical'} damaged ${set.session.at} ${isAhead(set)} [${oddIn(set)}]`,
      );
    }
  }

  // The countdown, by the days of the config: no rules of a bucket are known here.
  const deaths = good.map((set) => ({ at: set.session.at, dies: diesAt(set, host.keepDays) }));
  const last = Math.max(...deaths.map(({ dies }) => dies));
  const isOld = lastGood !== undefined && lastGood.session.at < window.opensAt;
  const day = 24 * 60 * MINUTE;
  const isLate = findings.some((finding) => finding.startsWith('warning late'));
  const within = isLate ? 2 * day : 4 * day;
  if (isOld && last - now < within && last + day >= now) findings.push('critical expiring');

  const poison = there.filter(
    (fact) => fact.means.part === 'lethal' || there.some((other) => sameSlot(fact, other)),
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
  const incrementals = sets.filter(({ session }) => session.basedOn !== undefined);
  if (incrementals.length > 0) {
    const judgedAt = lastClosedWindow(host, window.dueAt - 1).dueAt;
    const fresh = incrementals.some(
      ({ session, members }) =>
        session.at >= judgedAt || members.some((m) => m.modifiedAt >= judgedAt),
    );
    findings.push(`${fresh ? 'critical' : 'info'} incremental ${incrementals.length}`);
  }
  const open = there.filter((fact) => isOfDuplicity(fact) && !fact.encrypted);
  if (open.length > 0) findings.push(`critical unencrypted ${open.length}`);
  if (answer !== undefined) findings.push(...judgeShape(answer, good, host));
  for (const { session, members } of fulls) {
    const written = members.filter(({ means }) => means.part === 'manifest');
    const clock = Math.min(now, Math.max(...written.map((fact) => fact.firstModifiedAt)));
    if (session.at >= window.end && session.at - now > 5 * MINUTE) {
      findings.push(`info clock-skew ${session.at}`);
    }
    if (written.length > 0 && clock >= window.opensAt && clock - session.at > 36 * 60 * MINUTE) {
      findings.push(`info clock-skew ${session.at}`);
    }
  }
  const overlapping = overlappingAmong(sets, window);
  if (overlapping > 0) findings.push(`info overlapping ${overlapping}`);
  if (begun.length > 1) findings.push(`info duplicate-full ${begun.length}`);
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

/** On the day after the last of its days, by the calendar of UTC, the first of its files is hidden. */
function diesAt({ members }: BackupSet, keepDays: number): Instant {
  const first = Math.min(...members.map(({ modifiedAt }) => modifiedAt));
  return Temporal.Instant.fromEpochMilliseconds(first)
    .toZonedDateTimeISO('UTC')
    .add({ days: keepDays + 1 })
    .startOfDay().epochMilliseconds;
}

function isOfDuplicity({ means }: Fact): boolean {
  return 'spelling' in means && means.spelling !== 'tolerated';
}

function setsAmong(facts: readonly Fact[]): BackupSet[] {
  const sets: { session: Session; members: Fact[] }[] = [];
  for (const fact of facts) {
    if (!('of' in fact.means) || fact.means.spelling !== 'written') continue;
    const { of } = fact.means;
    const known = sets.find(
      ({ session }) => session.at === of.at && session.basedOn === of.basedOn,
    );
    if (known === undefined) sets.push({ session: of, members: [fact] });
    else known.members.push(fact);
  }
  return sets;
}

function partsOf({ members }: BackupSet, wanted: (part: Part) => boolean): Fact[] {
  return members.filter(({ means }) => 'of' in means && wanted(means.part));
}

function volumesOf(set: BackupSet): Fact[] {
  return partsOf(set, (part) => typeof part === 'number');
}

function numbersOf(set: BackupSet): number[] {
  return volumesOf(set)
    .map(({ means }) => means.part as number)
    .sort((a, b) => a - b);
}

function manifestsOf(set: BackupSet): Fact[] {
  return partsOf(set, (part) => part === 'manifest');
}

function writtenAt(set: BackupSet): Instant {
  return Math.max(...manifestsOf(set).map((fact) => fact.firstModifiedAt));
}

/** One manifest that is not empty, and volumes exactly 1 to the highest, each once, none empty. */
function isWholeAndOnce(set: BackupSet): boolean {
  const numbers = numbersOf(set);
  return (
    manifestsOf(set).length === 1 &&
    numbers.length > 0 &&
    numbers.every((number, place) => number === place + 1) &&
    [...manifestsOf(set), ...volumesOf(set)].every(({ bytes }) => bytes > 0)
  );
}

/** Something of it lacks; a set that is only there twice over lacks nothing. */
function isBad(set: BackupSet): boolean {
  const numbers = [...new Set(numbersOf(set))];
  return !(
    manifestsOf(set).length > 0 &&
    numbers.length > 0 &&
    numbers.every((number, place) => number === place + 1) &&
    [...manifestsOf(set), ...volumesOf(set)].every(({ bytes }) => bytes > 0)
  );
}

/** What is evidence of an incomplete set: the gaps, the empty volumes, the manifest. */
function gapsOf(set: BackupSet): string {
  const numbers = numbersOf(set);
  const highest = Math.max(0, ...numbers);
  const missing = Array.from({ length: highest }, (_, place) => place + 1).filter(
    (number) => !numbers.includes(number),
  );
  const empty = new Set(
    volumesOf(set)
      .filter(({ bytes }) => bytes === 0)
      .map(({ means }) => means.part as number),
  );
  const manifests = manifestsOf(set);
  const manifest =
    manifests.length === 0 ? 'absent' : manifests.some((m) => m.bytes === 0) ? 'empty' : 'there';
  return `[${missing}] [${[...empty].sort((a, b) => a - b)}] ${manifest}`;
}

function newest<S extends BackupSet>(sets: readonly S[]): S | undefined {
  return [...sets].sort((a, b) => a.session.at - b.session.at).at(-1);
}

/** A second spelling of a volume or manifest kills duplicity; of signatures it does not. */
function sameSlot(a: Fact, b: Fact): boolean {
  if (a === b || !('of' in a.means) || !('of' in b.means)) return false;
  return (
    a.means.part === b.means.part &&
    a.means.part !== 'signatures' &&
    a.means.of.at === b.means.of.at &&
    a.means.of.basedOn === b.means.of.basedOn
  );
}

function bytesOf({ members }: BackupSet): number {
  return members.reduce((sum, { bytes }) => sum + bytes, 0);
}

function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  while (sorted.length > 2) {
    sorted.pop();
    sorted.shift();
  }
  return sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
}

function judgeShape(answer: BackupSet, good: readonly BackupSet[], host: Host): string[] {
  const said: string[] = [];
  if (partsOf(answer, (part) => part === 'signatures').every(({ bytes }) => bytes === 0)) {
    said.push('warning no-signatures');
  }
  said.push(...judgeTail(answer, good));
  const earlier = good.filter(({ session }) => session.at < answer.session.at).map(bytesOf);
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
  if (usual === undefined || (sizes.at(-1) ?? 0) < 0.95 * usual) return [];
  const [most] = before
    .slice(-3)
    .sort((a, b) => sizesOf(b).length - sizesOf(a).length || bytesOf(b) - bytesOf(a));
  const fewer = most === undefined ? 0 : bytesOf(most) - bytesOf(set);
  const isLost =
    most !== undefined &&
    (sizesOf(most).length > sizes.length || (fewer >= usual / 2 && fewer <= usual * 1.5));
  return [`${isLost ? 'warning' : 'info'} maybe-truncated`];
}

function sizesOf(set: BackupSet): number[] {
  const numbers = [...new Set(numbersOf(set))];
  return numbers.map((number) =>
    Math.max(...volumesOf(set).flatMap(({ means, bytes }) => (means.part === number ? bytes : []))),
  );
}

/** A file of it was there over five minutes before the time in its name. */
function isAhead({ session, members }: BackupSet): boolean {
  return members.some((fact) => session.at - fact.firstModifiedAt > 5 * MINUTE);
}

/** The volumes under half of the middle of the others; never the last, and none that is empty. */
function oddIn(set: BackupSet): number[] {
  const sizes = sizesOf(set);
  const numbers = [...new Set(numbersOf(set))];
  return numbers.filter((_, place) => {
    const others = sizes.filter((_size, other) => other !== place);
    const size = sizes[place] ?? 0;
    return place < sizes.length - 1 && size > 0 && size < middleOf(others) / 2;
  });
}

/** A volume is there, and a file came within three times the longest gap of this set or of the last good one, or an hour. */
function isArriving(set: BackupSet, lastGood: BackupSet | undefined, now: Instant): boolean {
  const gapOf = ({ members }: BackupSet) => {
    const times = members.map(({ modifiedAt }) => modifiedAt).sort((a, b) => a - b);
    return Math.max(0, ...times.slice(1).map((at, place) => at - (times[place] ?? at)));
  };
  const gap = Math.max(gapOf(set), lastGood === undefined ? 0 : gapOf(lastGood));
  const latest = Math.max(...set.members.map(({ modifiedAt }) => modifiedAt));
  return (
    volumesOf(set).length > 0 &&
    !isWholeAndOnce(set) &&
    latest >= now - Math.max(60 * MINUTE, 3 * gap)
  );
}

function windowsMissed(host: Host, judged: Window, lastGood: BackupSet | undefined): number {
  if (lastGood === undefined) return 1;
  let missed = 1;
  for (let back = 1; ; back += 1) {
    const date = Temporal.PlainDate.from(judged.date).subtract({ days: back });
    if (windowOf(host, date).opensAt <= lastGood.session.at) return missed;
    const owedFrom = [host.since ?? '', host.paused?.until ?? ''];
    if (owedFrom.some((first) => date.toString() < first)) return missed;
    missed += 1;
  }
}

/** The newest window whose due time is not after now. */
function lastClosedWindow(host: Host, now: Instant): Window {
  const today = Temporal.Instant.fromEpochMilliseconds(now)
    .toZonedDateTimeISO(host.timezone)
    .toPlainDate();
  for (let back = -1; ; back += 1) {
    const window = windowOf(host, today.subtract({ days: back }));
    if (window.dueAt <= now) return window;
  }
}

function windowOf(host: Host, date: Temporal.PlainDate): Window {
  const { opens, due, graceMinutes } = host.window;
  const instant = (day: Temporal.PlainDate, time: string) =>
    day.toZonedDateTime({ timeZone: host.timezone, plainTime: time }).epochMilliseconds;
  const opening = opens > due ? date.subtract({ days: 1 }) : date;
  const dueAt = instant(date, due);
  return {
    date: date.toString(),
    opensAt: instant(opening, opens),
    dueAt,
    hardDueAt: dueAt + graceMinutes * MINUTE,
    end: instant(opening.add({ days: 1 }), opens),
  };
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
