// What runs found, compared with the problems that are open: new ones, those that last, and those that are over.

import type { Host } from '../config/config.ts';
import { parseFileName, setIdOf, startedAtOf } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import { MANY } from '../messages/compose-message.ts';
import type { HostReport, JudgedHost, ReportedFinding } from '../messages/host-report.ts';
import { composeEnd, describeUnseen, isBackAgain } from '../messages/problem-text.ts';
import { type Change, isInconclusive, worstSeverity } from '../rules/finding.ts';
import { placeOf } from '../rules/fingerprints.ts';
import {
  isDone,
  isMadeUpFor,
  isNewsToNobody,
  isNotifiedOnce,
  isOfWindow,
  isOwn,
  type Listener,
  MOST_CHANGES,
  MOST_SETS_WATCHED,
  MOST_SUBJECTS,
  type Problem,
  problemId,
} from '../rules/problem.ts';
import type { CalendarDate } from '../rules/window.ts';

/** A problem that is not a host's, or one that nobody judges again: it is open until it was notified. */
export type OwnNews = Pick<Problem, 'kind' | 'severity' | 'says'> &
  Partial<Omit<Problem, 'notified'>>;

/** What a run found, and for whom. */
type Found = {
  readonly judged?: readonly JudgedHost[];
  readonly news?: readonly OwnNews[];
  readonly hosts: readonly Host[];
  readonly channels: readonly Listener[];
  readonly timezone: string;
  /** By place, the date of the newest window that had been judged for good. */
  readonly closed?: ReadonlyMap<string, CalendarDate>;
};

/**
 * The problems after a run: those of the judged hosts compared with what was found, `news` added, those of hosts that the
 * config no longer has closed, and what is over and notified dropped.
 */
export function updateProblems(
  before: readonly Problem[],
  { judged = [], news = [], hosts, channels, timezone, closed = new Map() }: Found,
  now: Instant,
): Problem[] {
  const problems = new Map(before.map((problem) => [problemId(problem), problem]));
  const nameOf = new Map(hosts.map((host) => [placeOf(host), host.name]));
  for (const [id, problem] of problems) {
    const name = nameOf.get(problem.place);
    if (isOwn(problem.kind) || problem.over !== undefined) continue;
    if (name === undefined) {
      const says = 'no longer in the config, or with another target or file prefix';
      problems.set(id, { ...problem, over: { at: now, says, isWell: false } });
    } else if (name !== problem.host) problems.set(id, { ...problem, host: name });
  }
  for (const one of judged) judgeProblems(problems, one, now, { timezone, channels, closed });
  for (const one of news) {
    const problem = { ...BLANK, since: now, lastSeen: now, ...one };
    const id = problemId(problem);
    const known = problems.get(id);
    if (known?.over === undefined || !isNotifiedOnce(known)) {
      problems.set(id, last(known, problem, now, channels));
      continue;
    }
    // What was notified comes again, such as an event that S3 sends twice: it is kept, and only what is more is notified.
    const isMore = problem.subjects.some((subject) => !known.subjects.includes(subject));
    const told = { ...known, over: isMore ? undefined : { ...known.over, at: now } };
    problems.set(id, isMore ? last(told, problem, now, channels) : told);
  }
  const open = before.filter(({ over }) => over === undefined);
  return groupNew([...problems.values()], new Set(open.map(problemId)), now)
    .map((problem) => {
      const isOpen = isNotifiedOnce(problem) && problem.over === undefined;
      return isOpen && isNewsToNobody(problem, channels)
        ? { ...problem, over: { at: now, says: '', isWell: false } }
        : problem;
    })
    .filter((problem) => !isDone(problem, channels, now));
}

/** What begins in the same way for many hosts in one run is one event for a pager, from its begin to its end. */
function groupNew(
  problems: readonly Problem[],
  known: ReadonlySet<string>,
  now: Instant,
): Problem[] {
  const groupOf = ({ kind, severity }: Problem) => `${kind} ${severity} ${now}`;
  const isNew = (one: Problem) =>
    one.since === now && one.over === undefined && !isOwn(one.kind) && !known.has(problemId(one));
  const counts = new Map<string, number>();
  for (const one of problems.filter(isNew)) {
    counts.set(groupOf(one), (counts.get(groupOf(one)) ?? 0) + 1);
  }
  return problems.map((one) =>
    isNew(one) && (counts.get(groupOf(one)) ?? 0) >= MANY ? { ...one, group: groupOf(one) } : one,
  );
}

/** A problem of which nothing is known. */
export const BLANK = {
  ...{ host: '', place: '', subjects: [], missed: 0, details: [], files: [] },
  ...{ changes: [], changeCount: 0, notified: new Map() },
};

function judgeProblems(
  problems: Map<string, Problem>,
  judged: JudgedHost,
  now: Instant,
  {
    timezone,
    channels,
    closed,
  }: Pick<Found, 'timezone' | 'channels'> & Required<Pick<Found, 'closed'>>,
): void {
  const { host, report } = judged;
  const place = placeOf(host);
  const isAnswered = report.next?.state === 'done';
  // What it lacks only by a config that came later, or while it was in none: nobody is told that this is over.
  const closedOn = closed.get(place);
  const wasJudged = (window = '') => closedOn !== undefined && closedOn >= window;
  // A window that lacks nothing, and the next one has its backup already.
  const isAllThere = isAnswered && report.answer !== null;
  const seen = new Set<string>();
  for (const finding of report.findings) {
    const next = problemOf(finding, judged, now);
    const id = problemId(next);
    const known = problems.get(id);
    const isOpen = known !== undefined && known.over === undefined;
    if (isNoMore(finding)) continue;
    // What is only information opens nothing, and closes nothing; nor does what could not be checked.
    const isNote = finding.severity === 'info' || isInconclusive(finding);
    if (seen.has(id) && isOpen) problems.set(id, join(known, next));
    const isStoodIn = hasStandIn(known, next, report);
    // Made good since, but found until the next window closes.
    const isMadeGood =
      (isOfWindow(next.kind) &&
        (isAllThere ||
          (isAnswered && (isToldOf(known, next) || wasJudged(report.window?.date))))) ||
      (isStoodIn && isToldOf(known, next));
    const isOld = isOpen && (isStoodIn || isMadeGoodBefore(known, report));
    if (seen.has(id) || isOld || (!isOpen && (isNote || isMadeGood))) continue;
    seen.add(id);
    // What was missed stays missed while the next backup arrives.
    const isLess = next.kind === 'late' && known?.severity === 'critical';
    const isSeen = isOpen && (isNote || isLess);
    problems.set(id, isSeen ? see(known, now) : last(known, next, now, channels));
  }
  // What could not be looked at is neither better nor worse.
  if (report.verdict === 'unreadable') return;
  noteUnseen(problems, judged, now, channels, wasJudged);
  // It takes the place of what a window lacks.
  const isMismatch = report.findings.some(({ kind }) => kind === 'window-mismatch');
  for (const [id, problem] of problems) {
    if (problem.place !== place || problem.over !== undefined || isOwn(problem.kind)) continue;
    const isWindow = isOfWindow(problem.kind);
    if (seen.has(id) && !(isWindow && isAnswered)) continue;
    const isOver =
      !isWindow || isSettled(report) || isMadeGoodBefore(problem, report) || isMismatch;
    if (problem.lastSeen > now || !isOver) continue;
    const isWell = isAllWell(report) && isBackAgain(problem, report);
    problems.set(id, {
      ...problem,
      over: { at: now, says: composeEnd(problem, report, { timezone, at: now }), isWell },
    });
  }
}

/** The host owes nothing yet, no new incremental came, or no versions are kept: nothing of it keeps an alarm open. */
function isNoMore({ kind, severity, untold }: ReportedFinding): boolean {
  if (kind === 'tampered') return untold === 'not kept' || untold === 'not offered';
  return severity === 'info' && (kind === 'never' || kind === 'incremental');
}

/** What was critical is only a warning now, as another backup answers the window. */
function hasStandIn(known: Problem | undefined, next: Problem, { answer }: HostReport): boolean {
  const isLess = known?.severity === 'critical' && next.severity === 'warning';
  return isLess && answer !== null && isMadeUpFor(next.kind);
}

/** Nothing of it is new. */
function isToldOf(known: Problem | undefined, { subjects }: Problem): boolean {
  return subjects.every((subject) => known?.subjects.includes(subject));
}

/** What it lacked came while no run looked, and what this window owes still arrives. */
function isMadeGoodBefore({ kind, severity, subjects }: Problem, report: HostReport): boolean {
  const isMissed = isOfWindow(kind) && severity === 'critical';
  const isOfNow = subjects.includes(report.window?.date ?? '');
  const isUnseen = (report.unseen?.missed ?? []).length > 0;
  return isMissed && !isOfNow && !isUnseen && report.findings.some(({ isFirst }) => isFirst);
}

/**
 * Another finding of the kind: of sets and names each is reported. What a window lacks is one thing, whatever it is called,
 * but not what the set of an earlier one lacks.
 */
function join(known: Problem, next: Problem): Problem {
  const { subjects, says, kind } = next;
  if (isOfWindow(kind) && isToldOf(known, next)) return known;
  return {
    ...known,
    ...addSubjects(known, boundSubjects([...known.subjects, ...subjects])),
    says: known.says.includes(says) ? known.says : `${known.says}. ${says}`,
    ...joinFiles(known, next),
  };
}

/** The files and the changes of both: the first are kept. */
function joinFiles(
  known: Problem,
  next: Problem,
): Pick<Problem, 'files' | 'changes' | 'changeCount'> {
  const isKnown = ({ key, at, what }: Change) =>
    known.changes.some((one) => one.key === key && one.at === at && one.what === what);
  const changes = [...known.changes, ...next.changes.filter((one) => !isKnown(one))];
  return {
    files: [...new Set([...known.files, ...next.files])].slice(0, MOST_SETS_WATCHED),
    changes: changes.slice(0, MOST_CHANGES),
    changeCount: Math.max(known.changeCount, changes.length),
  };
}

function see(problem: Problem, now: Instant): Problem {
  return { ...problem, lastSeen: Math.max(problem.lastSeen, now) };
}

/**
 * Windows that were missed while no run looked. Where the host is well again that is reported as one thing that is over;
 * where it is not, the open problem counts them. One that only says that the next backup still arrives becomes an alarm.
 */
function noteUnseen(
  problems: Map<string, Problem>,
  { host, report }: JudgedHost,
  now: Instant,
  channels: readonly Listener[],
  wasJudged: (window: string) => boolean,
): void {
  const { missed: all = [], unknown = [] } = report.unseen ?? {};
  const missed = all.filter((window) => !wasJudged(window));
  const [first] = missed;
  if (first === undefined) return;
  const next: Problem = {
    ...{ ...BLANK, host: host.name, place: placeOf(host), kind: 'missing', severity: 'critical' },
    ...{ since: now, lastSeen: now, subjects: missed, missed: missed.length },
    says: describeUnseen(missed, unknown),
  };
  const id = problemId(next);
  const known = problems.get(id);
  const isOpen = known !== undefined && known.over === undefined;
  if (isOpen) {
    const subjects = addSubjects(known, missed);
    const counted = { ...known, ...subjects, missed: Math.max(known.missed, missed.length + 1) };
    const { kind, severity } = next;
    const alarm = { kind, severity, says: `${next.says}. Now: ${known.says}` };
    problems.set(id, known.severity === 'critical' ? counted : { ...counted, ...alarm });
  } else if (isSettled(report)) {
    const over = { at: now, says: next.says, isWell: isAllWell(report) };
    problems.set(id, { ...last(known, next, now, channels), over });
  }
}

/** Nothing is owed: a full answered for the window or for the next one, or the host is paused or new. */
function isSettled({ answer, next, findings }: HostReport): boolean {
  const isExcused = findings.some(({ kind }) => kind === 'paused' || kind === 'never');
  return answer !== null || next?.state === 'done' || isExcused;
}

/** As OK AGAIN says it: the backup that was owed is there, and nothing else is wrong but what a window lacked. */
function isAllWell({ verdict, next, findings }: HostReport): boolean {
  const isMadeGood = next?.state === 'done' && next.isClear;
  const isNothing = (one: ReportedFinding) =>
    one.severity === 'info' || isInconclusive(one) || (isMadeGood && isOfWindow(one.kind));
  return (isMadeGood || verdict === 'ok') && findings.every(isNothing);
}

/** Who made it is reported for what was found in an upload or a removal; of a host that cannot be read, all that is known. */
function isAbout({ key, what }: Change, { kind, subjects }: ReportedFinding, host: Host): boolean {
  if (kind === 'unreadable' || kind === 'poisoned') return true;
  const setsOf = (names: readonly string[]) =>
    names.flatMap((file) => parseFileName(file, host.filePrefix) ?? []);
  const [name] = setsOf([key.slice(host.target.prefix.length)]);
  if (name === undefined) return false;
  const startedAt = startedAtOf(name);
  const isOfSet = subjects.includes(new Date(startedAt).toISOString());
  if (kind === 'tampered') return isOfSet || subjects.includes(key);
  if (what === 'removed') return false;
  if (kind === 'damaged' || kind === 'copied') return isOfSet;
  if (kind === 'incremental') return name.end !== undefined;
  if (kind === 'unencrypted') return !name.encrypted;
  return kind === 'wrong-recipient' && setsOf(subjects).some(({ time }) => time === startedAt);
}

function problemOf(finding: ReportedFinding, { host, report }: JudgedHost, now: Instant): Problem {
  const { kind, severity, message, step, windowsMissed, subjects } = finding;
  const own = report.changes
    .map((change): Change => ({ ...change, at: Date.parse(change.at) }))
    .filter((change) => isAbout(change, finding, host));
  const details = [kind === 'missing' ? report.rhythm : undefined, report.lastGoodText];
  const lastGoodAt = report.lastGood === null ? undefined : Date.parse(report.lastGood.startedAt);
  return {
    ...{ host: host.name, place: placeOf(host), kind, severity, since: now, lastSeen: now },
    ...{ subjects: boundSubjects(subjects), says: message, step, lastGoodAt },
    missed: windowsMissed ?? (severity === 'critical' ? report.windowsMissed : 0),
    details: details.filter((text) => text !== undefined),
    files: filesOf(own, host).slice(0, MOST_SETS_WATCHED),
    ...{ changes: own.slice(0, MOST_CHANGES), changeCount: own.length },
    notified: new Map(),
  };
}

/** One file of each set: the set is looked at as a whole. */
function filesOf(changes: readonly Change[], { target, filePrefix }: Host): string[] {
  const files = changes.map(({ key }) => key.slice(target.prefix.length));
  const bySet = Map.groupBy(files, (file) => {
    const name = parseFileName(file, filePrefix);
    return name === undefined ? file : setIdOf(name);
  });
  return [...bySet.values()].flatMap((own) => own.slice(0, 1));
}

/**
 * What was open before keeps its age, its subjects and its first changes. What was over begins again; where a channel has
 * not been notified of that yet, it goes on, so that the channel is notified of all of it.
 */
function last(
  known: Problem | undefined,
  next: Problem,
  now: Instant,
  channels: readonly Listener[],
): Problem {
  if (known === undefined) return next;
  if (known.over !== undefined) {
    if (known.over.at > now) return known;
    if (isNewsToNobody(known, channels)) return next;
    const notified = [...known.notified].filter(([, { over }]) => over !== true);
    return last({ ...known, over: undefined, notified: new Map(notified) }, next, now, channels);
  }
  if (known.lastSeen > now) return known;
  const joined = joinFiles(known, next);
  // Of a flood a record names the newest: those since the last look are counted on top.
  const since = next.changes.filter(({ at }) => at > known.lastSeen).length;
  // Where no good backup is known, the problem itself counts the windows that lack theirs.
  const isOwed = isOfWindow(next.kind) || next.kind === 'wrong-recipient';
  const isCounted = !isOwed || next.lastGoodAt !== undefined || next.severity !== 'critical';
  const more = isToldOf(known, next) ? 0 : 1;
  return {
    ...next,
    severity: worstSeverity([known, next]),
    since: known.since,
    missed: isCounted ? next.missed : Math.max(next.missed, known.missed + more),
    ...addSubjects(known, next.subjects),
    files: next.kind === 'digest' ? next.files : joined.files,
    changes: joined.changes,
    changeCount: Math.max(joined.changeCount, known.changeCount + since, next.changeCount),
    ...(known.claim && { claim: known.claim }),
    ...(known.group && { group: known.group }),
  };
}

/** The newest; of the others their number, and twice as many are news. */
function boundSubjects(subjects: readonly string[]): readonly string[] {
  if (subjects.length <= MOST_SUBJECTS) return subjects;
  const most = 2 ** Math.floor(Math.log2(subjects.length));
  return [...subjects.slice(-MOST_SUBJECTS), `${most} or more`];
}

/** The oldest that are not seen any more make room; what is known of the others stays known. */
function addSubjects(
  { subjects, notified }: Problem,
  found: readonly string[],
): Pick<Problem, 'subjects' | 'notified'> {
  const all = [...new Set([...subjects, ...found])];
  const old = all.filter((subject) => !found.includes(subject));
  const dropped = new Set(old.slice(0, Math.max(0, all.length - MOST_SUBJECTS)));
  if (dropped.size === 0) return { subjects: all, notified };
  const isKept = (subject: string) => !dropped.has(subject);
  const count = (first: number) => subjects.slice(0, first).filter(isKept).length;
  return {
    subjects: all.filter(isKept),
    notified: new Map(
      [...notified].map(([name, one]) => [name, { ...one, subjects: count(one.subjects) }]),
    ),
  };
}
