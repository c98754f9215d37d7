// The board: one row a host with its last 30 windows, from which page, grid and history are made.
import * as v from 'valibot';
import type { Host } from '../config/config.ts';
import { count, isoDate, maybe, readJson, texts } from '../config/json.ts';
import { SEVERITIES, worstSeverity } from '../rules/finding.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { addDays, windowAfter, windowBefore, windowOf, windowOn } from '../rules/window.ts';
import { type HostReport, hasFailed, isLate, type JudgedHost } from './host-report.ts';
import { type Block, SIGNS, type Sign, TONES, type Tone } from './message-tree.ts';
import { capitalize, formatDate } from './plain-text.ts';
import { toneOf } from './problem-text.ts';
import { type Digest, describeUnknown } from './report.ts';

/** So many days a row has. */
export const BOARD_DAYS = 30;
// Of one host: what is more is counted.
const FINDINGS = 6;
const SETS = 8;
const UNKNOWN = 20;

/** One window: how it went, when its backup was done, and how big it was; 0 = there was none. */
const night = v.strictTuple([isoDate, v.picklist(SIGNS), count, count]);
export type Night = v.InferOutput<typeof night>;

const row = v.object({
  ...{ place: v.string(), host: v.string(), tone: v.picklist(TONES) },
  ...{ judgedAt: count, date: isoDate },
  /** `ok`, or the worst finding; windows in a row without a backup. */
  ...{ verdict: v.string(), missed: count },
  findings: v.array(
    v.object({
      ...{ kind: v.string(), severity: v.picklist(SEVERITIES) },
      ...{ says: v.string(), step: maybe(v.string()) },
    }),
  ),
  /** Findings that are not among them. */
  more: count,
  /** Of the backup that answers for the window. */
  ...{ doneAt: maybe(count), bytes: maybe(count), volumes: maybe(count) },
  /** In words, and when lifecycle hides it. */
  ...{ lastGood: maybe(v.string()), lastGoodAt: maybe(count), expiresAt: maybe(count) },
  /** When the next window closes. */
  nextDueAt: maybe(count),
  /** The last restore that was compared and right. */
  provenAt: maybe(count),
  /** Newest first. */
  sets: v.array(v.object({ startedAt: count, good: v.boolean(), bytes: count, type: v.string() })),
  /** Oldest first, one a date. */
  nights: v.array(night),
});
/** Texts are ASCII, with hostile names escaped. */
export type BoardRow = v.InferOutput<typeof row>;
export type Board = {
  readonly rows: readonly BoardRow[];
  /** What a digest found outside of the targets, in words. */
  readonly notes: readonly string[];
};

export const EMPTY_BOARD: Board = { rows: [], notes: [] };

const stored = v.object({ version: v.literal(1), rows: v.array(row), notes: texts });

/** Version 1; instants are milliseconds since 1970. */
export function formatBoard({ rows, notes }: Board): string {
  return `${JSON.stringify({ version: 1, rows, notes })}\n`;
}

/** The inverse; `undefined` for anything that `formatBoard` does not write. Never throws. */
export function parseBoard(text: string): Board | undefined {
  const board = readJson(stored, text);
  return board && { rows: board.rows, notes: board.notes };
}

/** The board after a run: the rows of the hosts that it judged anew, and none of hosts that left the config. */
export function updateBoard(
  { rows, notes }: Board,
  judged: readonly JudgedHost[],
  { hosts, digest }: { readonly hosts: readonly Host[]; readonly digest?: Digest | undefined },
): Board {
  const byPlace = new Map(rows.map((one) => [one.place, one]));
  for (const { host, report } of judged) {
    const place = placeOf(host);
    const next = composeRow(host, report, byPlace.get(place));
    if (next !== undefined) byPlace.set(place, next);
  }
  return {
    rows: hosts.flatMap((host) => {
      const known = byPlace.get(placeOf(host));
      if (known === undefined) return [];
      const provenAt = digest?.drills?.get(host.name)?.provenAt ?? known.provenAt;
      return [{ ...known, host: host.name, provenAt }];
    }),
    notes:
      digest === undefined
        ? notes
        : describeUnknown(digest.report, UNKNOWN).map((text) => `${capitalize(text)}.`),
  };
}

function composeRow(
  host: Host,
  report: HostReport,
  before: BoardRow | undefined,
): BoardRow | undefined {
  const { window, findings, answer, lastGood } = report;
  const judgedAt = Date.parse(report.judgedAt ?? '');
  // An overlapping run that looked before takes nothing from what is there.
  if (window?.date === undefined || !(judgedAt >= (before?.judgedAt ?? 0))) return undefined;
  const at = (iso: string | null | undefined) => (iso ? Date.parse(iso) : undefined);
  const doneAt = answer === null ? undefined : at(report.answeredAt);
  const closed = windowOn(host, window.date);
  return {
    ...{ place: placeOf(host), host: host.name, judgedAt, date: window.date },
    ...{ tone: toneOfReport(report), verdict: report.verdict, missed: report.windowsMissed },
    findings: findings
      .slice(0, FINDINGS)
      .map(({ kind, severity, message, step }) => ({ kind, severity, says: message, step })),
    more: Math.max(0, findings.length - FINDINGS),
    ...{ doneAt, bytes: answer?.bytes, volumes: answer?.volumes ?? undefined },
    ...{ lastGood: report.lastGoodText, lastGoodAt: at(lastGood?.startedAt) },
    expiresAt: at(report.expiresAt),
    nextDueAt: closed && windowAfter(host, closed).dueAt,
    provenAt: before?.provenAt,
    sets: setsOf(report, before),
    nights: addNights(before?.nights ?? [], nightsOf(host, report), report),
  };
}

function toneOfReport({ verdict, findings: [worst] }: HostReport): Tone {
  if (worst !== undefined && worst.severity !== 'info') return toneOf(worst);
  return verdict === 'ok' ? 'good' : 'note';
}

/** One of which the volumes were not read now is what it was before, or left out: neither its size is known, nor whether it is good. */
function setsOf({ sets }: HostReport, before: BoardRow | undefined): BoardRow['sets'] {
  return sets
    .flatMap(({ startedAt, good, bytes, type, complete }) => {
      const at = Date.parse(String(startedAt));
      if (!(at >= 0) || typeof bytes !== 'number') return [];
      if (complete === null)
        return before?.sets.filter((one) => one.startedAt === at && one.type === type) ?? [];
      return [{ startedAt: at, good: good === true, bytes, type: String(type) }];
    })
    .sort((a, b) => b.startedAt - a.startedAt)
    .slice(0, SETS);
}

/** The window that was judged, those that were missed unseen, and of before what good sets in the bucket still show. */
function nightsOf(host: Host, report: HostReport): Night[] {
  const { window, answer, answeredAt, unseen } = report;
  const shown = report.sets.flatMap((set): Night[] => {
    const [startedAt, doneAt] = [
      Date.parse(String(set.startedAt)),
      Date.parse(String(set.completedAt)),
    ];
    if (set.good !== true || !(startedAt > 0) || !(doneAt > 0)) return [];
    const { date: own, dueAt } = windowOf(host, startedAt);
    return [[own, doneAt > dueAt ? 'odd' : 'ok', doneAt, Number(set.bytes) || 0]];
  });
  const seen = new Map(shown.map((one) => [one[0], one]));
  // What is good by now may have been missing then: only a judgement says how a window went.
  seen.delete(window?.date ?? '');
  const missed = [...(unseen?.missed ?? []), ...missedBefore(host, report)].map(
    (one): Night => [one, 'bad', 0, 0],
  );
  const doneAt = answer === null || answeredAt === undefined ? 0 : Date.parse(answeredAt);
  const last: Night = [window?.date ?? '', signOf(report), doneAt, answer?.bytes ?? 0];
  return [...[...seen.values()].filter(([own]) => own < last[0]), ...missed, last];
}

/** Windows in a row without a backup, before the one that was judged. */
function missedBefore(host: Host, { window, windowsMissed }: HostReport): string[] {
  const judged = window?.date === undefined ? undefined : windowOn(host, window.date);
  if (judged === undefined) return [];
  let before = judged;
  return Array.from({ length: Math.max(0, Math.min(windowsMissed, BOARD_DAYS) - 1) }, () => {
    before = windowBefore(host, before);
    return before.date;
  });
}

function signOf(report: HostReport): Sign {
  if (report.verdict === 'paused') return 'paused';
  if (hasFailed(report)) return 'bad';
  if (isLate(report) || worstSeverity(report.findings) === 'warning') return 'odd';
  return report.answer === null ? 'none' : 'ok';
}

/** One of a date, the last of them; the oldest date first. */
export function sortNights(nights: readonly Night[]): Night[] {
  const byDate = new Map(nights.map((one) => [one[0], one]));
  return [...byDate.values()].sort(([one], [other]) => (one < other ? -1 : 1));
}

/**
 * What was judged is not taken back by what a bucket shows later: of a date the last judgement counts, but for one that
 * tells nothing of it.
 */
function addNights(
  known: readonly Night[],
  more: readonly Night[],
  { verdict }: HostReport,
): Night[] {
  const judged = more.at(-1)?.[0];
  const isTold = verdict !== 'unreadable' && more.at(-1)?.[1] !== 'none';
  const kept = known.filter(([own]) => !isTold || own !== judged);
  return sortNights([...more, ...kept]).slice(-BOARD_DAYS);
}

/** How each of the days went, the oldest first, up to the newest of the board. */
export function signsUntil(nights: readonly Night[], last: string): Sign[] {
  const byDate = new Map(nights.map(([own, sign]) => [own, sign]));
  return Array.from(
    { length: BOARD_DAYS },
    (_, at) => byDate.get(addDays(last, at + 1 - BOARD_DAYS)) ?? 'none',
  );
}

/** The worst first, within one kind who has been without a good copy for longest. */
export function worstFirst(rows: readonly BoardRow[]): BoardRow[] {
  const rank = ({ tone, verdict }: BoardRow) =>
    TONES.indexOf(tone) + (tone === 'note' ? -1.5 : 0) + (verdict === 'unreadable' ? -0.1 : 0);
  return rows.toSorted(
    (a, b) => rank(a) - rank(b) || b.missed - a.missed || (a.lastGoodAt ?? 0) - (b.lastGoodAt ?? 0),
  );
}

/** The newest window of all rows; `undefined` without rows. */
export function newestDate(rows: readonly BoardRow[]): string | undefined {
  return rows
    .map((one) => one.date)
    .sort()
    .at(-1);
}

/** The grid of 30 days for a mail. */
export function composeGrid({ rows }: Board): Block | undefined {
  const last = newestDate(rows);
  if (last === undefined) return undefined;
  const at = Date.parse(last);
  return {
    kind: 'grid',
    title: `The last ${BOARD_DAYS} days, up to ${formatDate(at, 'UTC', at)}:`,
    rows: worstFirst(rows).map(({ host, tone, verdict, missed, nights }) => ({
      ...{ who: host, tone, signs: signsUntil(nights, last) },
      label: `${verdict}${missed > 1 ? ` (${missed} days)` : ''}`,
      counted: verdict.toUpperCase(),
    })),
  };
}
