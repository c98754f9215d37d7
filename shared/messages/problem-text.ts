// What a problem says in a message: its host, what was found, who did it, what to do, and how it ended.
import { type Change, FINDING_KINDS, type FindingKind, type Severity } from '../rules/finding.ts';
import { isOfWindow, isOwn, type Problem } from '../rules/problem.ts';
import { composeWhoIs, formatPrincipal, type Known } from './author-text.ts';
import { runbookOf } from './finding-text.ts';
import type { HostReport } from './host-report.ts';
import {
  COLUMN,
  count,
  formatBytes,
  formatDate,
  formatDuration,
  formatInstant,
  paragraph,
  quoteName,
} from './plain-text.ts';

/** What the messages of one config share: the zone of all their times, and whom an event's id can be compared with. */
export type About = { readonly timezone: string; readonly known: Known };

/** One host, and what is wrong with it, worst first. */
export type BadHost = { readonly host: string; readonly problems: readonly Problem[] };

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** By host, the worst first, and within one kind by how long there has been no good copy. */
export function groupByHost(problems: readonly Problem[]): BadHost[] {
  const rank = ({ kind, severity }: Problem) =>
    SEVERITIES.indexOf(severity) * FINDING_KINDS.length +
    FINDING_KINDS.indexOf(kind as FindingKind);
  const byHost = Map.groupBy(problems, ({ host }) => host);
  const worst = ({ problems: [first] }: BadHost) => first as Problem;
  return [...byHost]
    .map(([host, own]) => ({ host, problems: own.toSorted((a, b) => rank(a) - rank(b)) }))
    .sort(
      (a, b) =>
        rank(worst(a)) - rank(worst(b)) || (worst(a).lastGoodAt ?? 0) - (worst(b).lastGoodAt ?? 0),
    );
}

/** The worst in a column of its own, then what else was found, the last good copy, who did it, and the next step. */
export function composeBadHost({ host, problems }: BadHost, about: About): string[] {
  const [worst] = problems;
  if (worst === undefined) return [];
  return [
    ...problems.flatMap(({ kind, says }, index) =>
      index === 0
        ? paragraph(kind.toUpperCase(), `${host}: ${says}`)
        : paragraph('', `${kind}: ${says}`),
    ),
    ...worst.details.flatMap((detail) => paragraph('', detail)),
    ...composeChanges(changesOf(problems), about),
    ...composeSteps(worst),
    '',
    ...composeAsk(changesOf(problems), about),
  ];
}

/** An object may be part of more than one problem of its host. */
function changesOf(problems: readonly Problem[]): Changes {
  const idOf = ({ key, at, what, principal }: Change) => `${what} ${at} ${principal} ${key}`;
  const changes = problems.flatMap((problem) => problem.changes);
  return {
    host: problems[0]?.host ?? '',
    changes: [...new Map(changes.map((change) => [idOf(change), change])).values()],
    changeCount: problems.reduce((most, { changeCount }) => Math.max(most, changeCount), 0),
  };
}

/** A command must be copied as it is: it is never wrapped. */
function composeSteps({ kind, severity, step }: Problem): string[] {
  const indent = ' '.repeat(COLUMN);
  return [
    ...(step === undefined ? [] : [`${indent}Do now:  ${step}`]),
    ...(isOwn(kind) || severity !== 'critical' ? [] : [`${indent}Runbook: ${runbookOf(kind)}`]),
  ];
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
  const { timezone, known } = about;
  const own = known.hosts.find(({ name }) => name === host);
  const lines = changes.flatMap((change, index) =>
    paragraph(
      '',
      `${index === 0 ? 'Changes: ' : ''}${quoteName(change.key)} was ${DONE[change.what]} ${formatInstant(change.at, timezone)} ${formatAuthor(change, known, own)}${change.what === 'removed' ? LEFT[change.left] : ''}.`,
    ),
  );
  const more = changeCount - changes.length;
  return [...lines, ...(more > 0 ? paragraph('', `And ${count(more, 'more change')}.`) : [])];
}

/** The commands that tell who it was; nothing where that is known. */
export function composeAsk({ changes }: Pick<Changes, 'changes'>, { known }: About): string[] {
  return composeWhoIs(
    changes.map(({ principal }) => principal),
    known,
  );
}

const ADDRESS = /^[\w.:-]{1,45}$/;

/** `by web's own key from 203.0.113.9`. */
export function formatAuthor(
  { principal, address }: Change,
  known: Known,
  own?: Known['hosts'][number],
): string {
  const who = formatPrincipal(principal, known, own);
  const from = address !== undefined && ADDRESS.test(address) ? address : quoteName(address ?? '');
  return `by ${who} from ${address === undefined ? 'an unknown address' : from}`;
}

/** How a problem ended: the backup that came, how late, and what was missed; or that it is not seen any more. */
export function composeEnd(problem: Problem, report: HostReport, timezone: string): string {
  const set = report.answer ?? (report.next?.state === 'done' ? report.lastGood : null);
  const isOwed = isOfWindow(problem.kind);
  const doneIso = (report.answer && report.answeredAt) ?? set?.completedAt;
  if (!isOwed || set === null || doneIso === undefined || doneIso === null) {
    const open = formatDuration(Date.parse(report.judgedAt ?? '') - problem.since);
    return problem.kind === 'tampered'
      ? `all of its files are there again, after ${open}`
      : `${problem.kind} is not found any more, after ${open}`;
  }
  const doneAt = Date.parse(doneIso);
  const late = report.answer === null ? 0 : doneAt - Date.parse(report.window?.dueAt ?? doneIso);
  const size = `${count(set.volumes ?? 0, 'volume')}, ${formatBytes(set.bytes)}`;
  const missed = `${count(Math.max(1, problem.missed), 'window')} missed`;
  const { lastGoodAt } = problem;
  const isKnown = lastGoodAt !== undefined && lastGoodAt < Date.parse(set.startedAt);
  const before = isKnown
    ? `Before it the last good copy was ${formatInstant(lastGoodAt, timezone, doneAt)} (${formatDuration(doneAt - lastGoodAt)} earlier; ${missed}).`
    : `${missed}.`;
  const gap =
    lastGoodAt === undefined ? 'It is the first complete full backup in its target.' : before;
  const punctual = late > 0 ? `, ${formatDuration(late)} late` : '';
  return `${set.type === 'inc' ? 'incremental' : 'full'} done ${formatInstant(doneAt, timezone)} ${timezone}${punctual} (${size}). ${gap}`;
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

/** One refusal for all, or the same last day for all: then the trouble is not the hosts' own. */
export function sharedCause(hosts: readonly BadHost[], zone: string): string | undefined {
  const causes = hosts.map(({ problems: [worst] }) => {
    if (worst?.kind === 'unreadable') return worst.step;
    if (worst?.kind !== 'missing' || worst.lastGoodAt === undefined) return undefined;
    return `none has a full since ${formatDate(worst.lastGoodAt, zone)}`;
  });
  const [first] = causes;
  return causes.every((cause) => cause === first) ? first : undefined;
}
