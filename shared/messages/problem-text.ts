// What a problem says in a message: its host, what was found, who did it, what to do, and how it ended.

import type { Instant } from '../duplicity/time.ts';
import { type Change, rankOf } from '../rules/finding.ts';
import {
  isMadeUpFor,
  isOfWindow,
  isOwn,
  type News,
  type Problem,
  problemId,
} from '../rules/problem.ts';
import { composeWhoIs, formatPrincipal, type Known } from './author-text.ts';
import type { HostReport } from './host-report.ts';
import type { Block, ProblemEvent, Tone } from './message-tree.ts';
import {
  count,
  formatBytes,
  formatDate,
  formatDuration,
  formatInstant,
  listSome,
  nameType,
  quoteName,
  toAscii,
} from './plain-text.ts';

/** What a message is made with: the zone of all its times, and whom an event's id can be compared with. */
export type About = {
  readonly timezone: string;
  readonly known: Known;
  /** When the message is composed: times of other years have their year. */
  readonly at: Instant;
  /** Where the operator's runbook is; without it the path in the project. */
  readonly runbook?: string | undefined;
};

/** One host, and what is wrong with it, worst first. */
export type BadHost = {
  readonly host: string;
  readonly problems: readonly [Problem, ...Problem[]];
};

/** By host, the worst first, and within one kind by how long there has been no good copy. */
export function groupByHost(problems: readonly Problem[]): BadHost[] {
  const sorted = problems.toSorted((a, b) => rankOf(a) - rankOf(b));
  return [...Map.groupBy(sorted, ({ host }) => host)]
    .map(([host, own]) => ({ host, problems: own as [Problem, ...Problem[]] }))
    .sort(
      ({ problems: [a] }, { problems: [b] }) =>
        rankOf(a) - rankOf(b) || (a.lastGoodAt ?? 0) - (b.lastGoodAt ?? 0),
    );
}

/** The worst, then what else was found, the last good copy, who did it, and the next step; below it who that is. */
export function composeBadHost({ host, problems }: BadHost, about: About): Block[] {
  const [worst, ...others] = problems;
  const changes = changesOf({ host, problems });
  const lookedAt = Math.max(...problems.map(({ lastSeen }) => lastSeen));
  // The last look did not find it, nor that it is over.
  const asOf = ({ lastSeen }: Problem) =>
    lastSeen < lookedAt ? `, as of ${formatInstant(lastSeen, about.timezone, about.at)}` : '';
  return [
    {
      kind: 'problem',
      ...{ tone: toneOf(worst), label: worst.kind.toUpperCase(), who: host, says: worst.says },
      facts: [
        ...others.map((one) => `${one.kind}${asOf(one)}: ${one.says}`),
        ...worst.details,
        ...composeChanges(changes, about),
      ],
      steps: stepsOf(problems, about.runbook),
      runbook: sectionOf(worst, about.runbook),
      rest: `rollcall check --host ${host}`,
    },
    ...composeWhoIs(changes.changes, about.known),
  ];
}

/** What somebody did to a backup is louder than all that went wrong by itself. */
export function toneOf({ kind, severity }: Pick<Problem, 'kind' | 'severity'>): Tone {
  if (severity !== 'critical') return severity === 'warning' ? 'odd' : 'note';
  return kind === 'tampered' || kind === 'unowned' ? 'tampered' : 'bad';
}

/** An object may be part of more than one problem of its host. */
function changesOf({ host, problems }: BadHost): Changes {
  const idOf = ({ key, at, what, principal }: Change) => `${what} ${at} ${principal} ${key}`;
  const changes = problems.flatMap((problem) => problem.changes);
  return {
    host,
    changes: [...new Map(changes.map((change) => [idOf(change), change])).values()],
    changeCount: problems.reduce((most, { changeCount }) => Math.max(most, changeCount), 0),
  };
}

/** What is done next; a section of the runbook that it names has the address of the config. */
export function stepOf({ step }: Problem, runbook: string | undefined): string | undefined {
  return step === undefined ? undefined : pointTo(toAscii(step), runbook);
}

/** What else is critical asks for its own step, too; what comes after tampering, only the runbook knows. */
function stepsOf([worst, ...others]: BadHost['problems'], runbook: string | undefined): string[] {
  const asking = others.filter(({ severity }) => severity === 'critical');
  const all = worst.kind === 'tampered' ? [worst] : [worst, ...asking];
  return [...new Set(all.flatMap((one) => stepOf(one, runbook) ?? []))];
}

/** Where the runbook goes on: of what is critical, and of a dead channel. */
export function sectionOf(
  { kind, severity }: Problem,
  runbook: string | undefined,
): string | undefined {
  if (kind === 'channel') return runbookOf('alarm-path', runbook);
  return severity === 'critical' && !isOwn(kind) ? runbookOf(kind, runbook) : undefined;
}

const LABELS: { readonly [kind: string]: string } = {
  ...{ channel: 'DEAD', 'unknown-prefix': 'UNKNOWN', unowned: 'TAMPERED' },
  ...{ memory: 'WARNING', 'no-run': 'WARNING' },
};

/** `MISSING`, `DEAD`; of one that is over `OK AGAIN`, where nothing else is wrong with it. */
export function labelOf({ kind, over }: Pick<Problem, 'kind' | 'over'>): string {
  if (over === undefined) return LABELS[kind] ?? kind.toUpperCase();
  if (!over.isWell) return 'OVER';
  return kind === 'channel' ? 'REPAIRED' : 'OK AGAIN';
}

const RUNBOOK = 'docs/runbook.md';

/** Each kind has a section of the runbook: at the address that the config has, or else in the project. */
export function runbookOf(section: string, runbook = RUNBOOK): string {
  return `${runbook}#${section}`;
}

/** A hint that names a section, with the same address. */
export function pointTo(hint: string, runbook = RUNBOOK): string {
  return hint.replaceAll(RUNBOOK, runbook);
}

const DONE = { created: 'written', removed: 'removed' } as const;
const LEFT = {
  marker: '; the version is still there, hidden under a delete marker',
  version: '; that version is gone for good',
  unknown: '; whether a version is left is not known',
};

type Changes = Pick<Problem, 'changes' | 'changeCount' | 'host'>;

/** Each change with its time and its author, and how many there are besides. */
export function composeChanges({ changes, changeCount, host }: Changes, about: About): string[] {
  const { timezone, known, at: now } = about;
  const facts = changes.map(
    (change, index) =>
      `${index === 0 ? 'Changes: ' : ''}${quoteName(change.key)} was ${DONE[change.what]} ${formatInstant(change.at, timezone, now)} ${formatAuthor(change, known, host)}${change.what === 'removed' ? LEFT[change.left] : ''}.`,
  );
  const more = changeCount - changes.length;
  return [...facts, ...(more > 0 ? [`And ${count(more, 'more change')}.`] : [])];
}

const ADDRESS = /^[\w.:-]{1,45}$/;

/** `by web's own key from 203.0.113.9`. */
export function formatAuthor({ principal, address }: Change, known: Known, host: string): string {
  const own = known.hosts.find(({ name }) => name === host);
  const from = address !== undefined && ADDRESS.test(address) ? address : quoteName(address ?? '');
  return `by ${formatPrincipal(principal, known, own)} from ${address === undefined ? 'an unknown address' : from}`;
}

/** How a problem ended: the backup that came, how late, and what was missed; or that it is not seen any more. */
export function composeEnd(
  problem: Problem,
  report: HostReport,
  { timezone, at: now }: Pick<About, 'timezone' | 'at'>,
): string {
  const { kind } = problem;
  const { answer, next, findings, lastGood } = report;
  const excuse = findings.find(
    (one) => one.kind === 'paused' || (one.kind === 'never' && one.severity === 'info'),
  );
  if (isOfWindow(kind) && excuse !== undefined) return excuse.message;
  if (kind === 'expiring' && lastGood === null) return 'the last good copy is gone';
  const isOwed = isOfWindow(kind) || isMadeUpFor(kind);
  const answeredIso = report.answeredAt ?? answer?.completedAt ?? '';
  // Where the window was moved, one that was there before may answer it.
  const standsIn =
    answer !== null && isMadeUpFor(kind) && findings.some((one) => one.kind === kind);
  const isAnswer = Date.parse(answeredIso) > problem.since || standsIn;
  const isOther = next?.state === 'done' || findings.some(({ isFirst }) => isFirst);
  const set = isAnswer ? answer : isOther ? lastGood : null;
  const doneIso = isAnswer ? answeredIso : set?.completedAt;
  if (!isOwed || set === null || doneIso === undefined || doneIso === null) {
    const mismatch = findings.find((one) => one.kind === 'window-mismatch');
    if (isOfWindow(kind) && mismatch !== undefined) return mismatch.message;
    const open = formatDuration(Date.parse(report.judgedAt ?? '') - problem.since);
    if (kind === 'tampered')
      return isBackAgain(problem, report)
        ? `all of its files are there again, after ${open}`
        : `its files did not come back, and by its age it may be gone by now, after ${open}`;
    if (kind === 'incremental' && findings.some((one) => one.kind === kind))
      return 'no new one came; what is there stays a line of each digest';
    return kind === 'unreadable'
      ? `it can be read again, after ${open}`
      : `${kind} is not found any more, after ${open}`;
  }
  const doneAt = Date.parse(doneIso);
  const late = isAnswer ? doneAt - Date.parse(report.window?.dueAt ?? doneIso) : 0;
  const size = `${count(set.volumes ?? 0, 'volume')}, ${formatBytes(set.bytes)}`;
  const windows = isOfWindow(kind) ? Math.max(1, problem.missed) : problem.missed;
  const missed = windows > 0 ? `${count(windows, 'window')} missed` : '';
  const lastGoodAt = goodBefore(Date.parse(set.startedAt), problem, report);
  const before =
    lastGoodAt !== undefined
      ? `Before it the last good copy was ${formatInstant(lastGoodAt, timezone, now)} (${formatDuration(doneAt - lastGoodAt)} earlier${missed && `; ${missed}`}).`
      : missed && `${missed}.`;
  const isFirst = lastGoodAt === undefined && problem.lastGoodAt === undefined;
  const gap = isFirst ? 'It is the first complete full backup in its target.' : before;
  const punctual = late > 0 ? `, ${formatDuration(late)} late` : '';
  return `${nameType(set.type)} done ${formatInstant(doneAt, timezone, now)} ${timezone}${punctual} (${size}). ${gap}`.trim();
}

/** When the last good copy before a set began: as the problem knew it, or one that came while no run looked. */
function goodBefore(at: Instant, problem: Problem, { sets }: HostReport): Instant | undefined {
  const goods = sets.flatMap(({ good, startedAt }) =>
    good === true ? Date.parse(`${startedAt}`) : [],
  );
  const before = [problem.lastGoodAt ?? at, ...goods].filter((one) => one < at);
  return before.length === 0 ? undefined : Math.max(...before);
}

/** Of tampering: each of its sets is there. Else it is over because the set may be gone by now, and nobody brought it back. */
export function isBackAgain({ kind, subjects }: Problem, { sets }: HostReport): boolean {
  if (kind !== 'tampered') return true;
  const there = sets.flatMap(({ startedAt, complete }) =>
    complete === false ? [] : Date.parse(String(startedAt)),
  );
  return subjects.every((subject) => there.includes(Date.parse(subject)));
}

/** `7 windows were missed while nobody looked (2026-11-16 to 2026-11-22)`. */
export function describeUnseen(missed: readonly string[], unknown: readonly string[]): string {
  const [first = '', last = first] = [missed[0], missed.at(-1)];
  const dates = first === last ? first : `${first} to ${last}`;
  const were = missed.length === 1 ? 'was' : 'were';
  const rest =
    unknown.length === 0
      ? ''
      : `; of ${count(unknown.length, 'window')} more it is not known, as lifecycle may have taken the backups`;
  return `${count(missed.length, 'window')} ${were} missed while nobody looked (${dates})${rest}`;
}

/** As much of a host as its cause takes; the worst problem first. */
type Blamed = {
  readonly host: string;
  readonly problems: readonly (Pick<Problem, 'severity' | 'says' | 'step' | 'lastGoodAt'> & {
    readonly kind: string;
  })[];
};

/** Hosts that fail for one reason, and what it is: then the trouble is not their own. */
export type SharedCause = {
  readonly kind: 'unreadable' | 'missing';
  readonly hosts: readonly string[];
  readonly cause: string;
  /** What is done about it once, for all of them. */
  readonly step?: string;
};

// Of so many hosts one last day is no chance.
const MANY_OF_A_DAY = 10;

/** One refusal for several, or the same last day for many; worst first, each host in one of them or in none. */
export function sharedCauses(
  all: readonly Blamed[],
  { timezone, at }: Pick<About, 'timezone' | 'at'>,
): SharedCause[] {
  const alone = all.flatMap(({ host, problems }) => {
    const [worst, ...others] = problems.filter(({ severity }) => severity === 'critical');
    // Who has another problem too has one that is its own.
    return worst === undefined || others.length > 0 ? [] : [{ ...worst, host }];
  });
  const refused = alone.filter(({ kind }) => kind === 'unreadable');
  const silent = alone.filter(({ kind }) => kind === 'missing');
  const lastDayOf = ({ lastGoodAt }: (typeof alone)[number]) =>
    lastGoodAt && `none has a full since ${formatDate(lastGoodAt, timezone, at)}`;
  const causes: SharedCause[] = [];
  for (const [step, own] of Map.groupBy(refused, (one) => one.step)) {
    const [first, ...others] = own;
    const hosts = own.map(({ host }) => host);
    if (step && first && others.length > 0)
      causes.push({ kind: 'unreadable', hosts, cause: first.says, step });
  }
  for (const [cause, own] of Map.groupBy(silent, lastDayOf)) {
    const hosts = own.map(({ host }) => host);
    if (cause && own.length >= MANY_OF_A_DAY) causes.push({ kind: 'missing', hosts, cause });
  }
  return causes;
}

/** One box for all that have it. */
export function composeShared(shared: SharedCause, about: About): Block {
  const { kind, hosts, cause, step } = shared;
  const isRefused = step !== undefined;
  const names = namedInBox(shared);
  return {
    kind: 'problem',
    ...{ tone: 'bad', label: kind.toUpperCase(), who: count(hosts.length, 'host') },
    says: isRefused ? 'could not check, for one reason. This is not an all-clear' : cause,
    facts: [
      ...(names.length > 0 ? [`Hosts: ${names.join(', ')}.`] : []),
      isRefused
        ? `${hosts[0]}: ${cause}`
        : 'Look first for what they share: a network, a key, a script, the bucket.',
    ],
    ...(isRefused && { steps: [pointTo(toAscii(step), about.runbook)] }),
    runbook: runbookOf(kind, about.runbook),
  };
}

// More are named in the table below.
const NAMED = 10;

/** The hosts that the box names, so that nothing else has to. */
export function namedInBox({ hosts, step }: SharedCause): readonly string[] {
  return step !== undefined && hosts.length <= NAMED ? hosts : [];
}

/** One problem, and what of it is new to the channel. */
export type Notice = { readonly problem: Problem; readonly news: News };

const NAMED_AT_ONCE = 50;

/** One for each problem or shared cause, in the order of the hosts, the worst first. */
export function eventsOf(
  notices: readonly Notice[],
  open: readonly Problem[],
  worst: readonly BadHost[],
  runbook: string | undefined,
): ProblemEvent[] {
  const hosts = worst.map(({ host }) => host);
  const rank = ({ problem }: Notice) => hosts.indexOf(problem.host) + 1 || hosts.length + 1;
  const sorted = notices.toSorted((a, b) => rank(a) - rank(b));
  const eventOf = ({ problem, news }: Notice): ProblemEvent => ({
    ...{ key: `${problemId(problem)} ${problem.since}`, news },
    ...{ kind: problem.kind, severity: problem.severity, label: labelOf(problem) },
    who: problem.kind === 'channel' ? 'alarm channel' : problem.host,
    says: toAscii(problem.over?.says ?? problem.says),
    ...{ step: stepOf(problem, runbook), runbook: sectionOf(problem, runbook) },
  });
  const groups = Map.groupBy(sorted, ({ problem }) => problem.group);
  return [...groups].flatMap(([group, own]) => {
    const [first] = own;
    if (group === undefined || first === undefined) return own.map(eventOf);
    // A shared cause is over with the last host that has it.
    const left = open.filter((one) => one.group === group && one.over === undefined);
    const fresh = own.filter(({ news }) => news !== 'over');
    if (left.length > 0 && fresh.length === 0) return [];
    const names = (left.length > 0 ? left : own.map(({ problem }) => problem)).map(
      ({ host }) => host,
    );
    return [
      {
        ...eventOf(fresh[0] ?? first),
        ...{ key: group, who: count(names.length, 'host'), step: undefined },
        says: listSome(names.slice(0, NAMED_AT_ONCE), names.length),
      },
    ];
  });
}
