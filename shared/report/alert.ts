// Verdicts -> the one message of a run: who failed, why, and what to do now.
import {
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  worstSeverity,
} from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { dateIn } from '../verdict/zone.ts';
import { describeFinding, nextStep, runbookOf } from './finding-words.ts';
import { composeMessage, type Message } from './message.ts';
import {
  count,
  ordinal,
  quoteName,
  sayBytes,
  sayDate,
  sayInstant,
  sayTime,
  toAscii,
  wrapText,
} from './plain-text.ts';
import type { Report } from './report.ts';

/** What a run has to say; `due` names the hosts whose window closed since the last run. */
export type Run = {
  readonly report: Report;
  readonly due: ReadonlySet<string>;
  /** True once a day: then everybody is told of, also when all is well. */
  readonly digest: boolean;
  readonly hostsOnRoll: number;
  readonly timezone: string;
};

const MANY = 10;
const WORST = 5;
const LISTED = 200;
const WIDTH = 72;
const COLUMN = 12;

/** The message of a run; `undefined` when there is nothing to tell. A `warning` is about the run itself. */
export function composeRun(run: Run, warning?: string): Message | undefined {
  const failed = run.report.verdicts.filter(hasFailed).sort(worstFirst);
  const alerting = failed.filter(({ host }) => run.due.has(host.name));
  if (alerting.length === 0 && !run.digest) return undefined;
  const subject =
    failed.length === 0 ? composeGoodSubject(run) : composeFailedSubject(failed, run.hostsOnRoll);
  const lines = [
    composeHeader(run),
    ...(warning === undefined ? [] : wrapText(`WARNING: ${toAscii(warning)}.`, WIDTH)),
    '',
    ...composeFailed(failed),
    ...(run.digest ? composeDigest(run) : []),
  ];
  const urgency = alerting.length === 0 ? 'digest' : 'alert';
  const sms = urgency === 'alert' ? { sms: composeSms(alerting, run.hostsOnRoll) } : {};
  return composeMessage({ subject, text: `${lines.join('\n')}\n`, ...sms, urgency });
}

/** A host that was told of has missed its second window or more: whoever watches the monitor hears of it too. */
export function isEscalated({ report, due }: Run): boolean {
  return report.verdicts.some(
    ({ host, findings: [worst] }) =>
      due.has(host.name) && worst?.kind === 'missing' && worst.windowsMissed > 1,
  );
}

function hasFailed({ findings }: Verdict): boolean {
  return worstSeverity(findings) === 'critical';
}

/** A number that goes up by one a day without being stored: a digest that is lost leaves a gap. */
function serialOf({ report, timezone }: Run): string {
  const today = dateIn(timezone, report.checkedAt);
  const year = today.slice(0, 4);
  const day = (Date.parse(`${today}T00:00Z`) - Date.parse(`${year}-01-01T00:00Z`)) / 86_400_000;
  return `#${year}-${String(day + 1).padStart(3, '0')}`;
}

function composeHeader(run: Run): string {
  const { checkedAt, bucket } = run.report;
  const when = `${sayDate(checkedAt, run.timezone)} ${dateIn(run.timezone, checkedAt).slice(0, 4)} ${sayTime(checkedAt, run.timezone)} ${run.timezone}`;
  return `${when} - bucket ${bucket}`;
}

function composeFailedSubject(failed: readonly Verdict[], hostsOnRoll: number): string {
  const head = `${failed.length} of ${count(hostsOnRoll, 'host')} FAILED: `;
  if (failed.length >= MANY) return head + countByKind(failed);
  const shown: string[] = [];
  for (const verdict of failed) {
    const next = `${verdict.host.name} ${sayKind(verdict)}`;
    const rest = failed.length - shown.length - 1;
    const room = 88 - head.length - (rest > 0 ? 9 : 0);
    if (shown.length > 0 && [...shown, next].join(', ').length > room) break;
    shown.push(next);
  }
  const more = failed.length - shown.length;
  return `${head}${shown.join(', ')}${more > 0 ? `, +${more} more` : ''}`;
}

function composeGoodSubject(run: Run): string {
  const { verdicts, checkedAt, unknownHosts } = run.report;
  const ok = verdicts.filter(({ headline }) => headline === 'ok').length;
  const paused = verdicts.filter(({ headline }) => headline === 'paused').length;
  const warned = verdicts.filter(({ findings }) => worstSeverity(findings) === 'warning').length;
  const parts = [`OK ${ok} of ${run.hostsOnRoll}`];
  if (warned > 0) parts.push(count(warned, 'warning'));
  if (paused > 0) parts.push(`${paused} paused`);
  if (unknownHosts.length > 0) parts.push(`${unknownHosts.length} not on the roll`);
  return `${parts.join(', ')} - ${sayDate(checkedAt, run.timezone)} (${serialOf(run)})`;
}

function countByKind(failed: readonly Verdict[]): string {
  const counts = new Map<FindingKind | 'ok', number>();
  for (const { headline } of failed) counts.set(headline, (counts.get(headline) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${number} ${kind.toUpperCase()}`)
    .join(', ');
}

/** `MISSING (2nd day)`. */
function sayKind({ headline, findings }: Verdict): string {
  const [worst] = findings;
  const days = worst?.kind === 'missing' ? worst.windowsMissed : 1;
  return `${headline.toUpperCase()}${days > 1 ? ` (${ordinal(days)} day)` : ''}`;
}

function composeFailed(sorted: readonly Verdict[]): string[] {
  if (sorted.length < MANY) return sorted.flatMap(composeHost);
  const shared = sharedCause(sorted);
  const rest = sorted.slice(WORST, WORST + LISTED);
  const more = sorted.length - WORST - rest.length;
  return [
    `${sorted.length} hosts failed: ${countByKind(sorted)}.`,
    ...(shared === undefined ? [] : wrapText(`The same for all: ${shared}.`, WIDTH)),
    `The worst ${WORST}:`,
    '',
    ...sorted.slice(0, WORST).flatMap(composeHost),
    'And:',
    ...rest.map((verdict) => `  ${verdict.host.name} ${sayKind(verdict)}`),
    ...(more > 0 ? [`  and ${more} more: rollcall check`] : []),
    '',
  ];
}

/** By headline, and within one by how long there has been no good copy. */
function worstFirst(a: Verdict, b: Verdict): number {
  const rank = ({ findings }: Verdict) => FINDING_KINDS.indexOf(findings[0]?.kind ?? 'paused');
  return rank(a) - rank(b) || (a.lastGood?.startedAt ?? 0) - (b.lastGood?.startedAt ?? 0);
}

/** One refusal for all, or the same last day for all: then the trouble is not the hosts' own. */
function sharedCause(failed: readonly Verdict[]): string | undefined {
  const causes = failed.map(({ findings: [worst], lastGood, host }) => {
    if (worst?.kind === 'unreadable') return worst.hint;
    if (worst?.kind !== 'missing' || lastGood === undefined) return undefined;
    return `none has a full since ${sayDate(lastGood.startedAt, host.timezone)}`;
  });
  const [first] = causes;
  return causes.every((cause) => cause === first) ? first : undefined;
}

/** The headline in a column of its own, then what was found, the last good copy and the next step. */
function composeHost(verdict: Verdict): string[] {
  const { host, findings, lastGood } = verdict;
  const [worst] = findings;
  if (worst === undefined) return [];
  const told = findings.filter(({ severity }) => severity !== 'info');
  const lines = told.flatMap((finding, index) => {
    const text = describeFinding(finding, verdict);
    return index === 0
      ? paragraph(finding.kind.toUpperCase(), `${host.name}: ${text}`)
      : paragraph('', `${finding.kind}: ${text}`);
  });
  if (lastGood !== undefined && worst.kind !== 'unreadable') {
    const size = `${count(lastGood.volumes?.count ?? 0, 'volume')}, ${sayBytes(lastGood.bytes)}`;
    lines.push(
      ...paragraph(
        '',
        `Last good copy: ${sayInstant(lastGood.startedAt, host.timezone)}, ${size}.`,
      ),
    );
  }
  return [...lines, ...composeSteps(worst, verdict), ''];
}

function composeSteps(finding: Finding, verdict: Verdict): string[] {
  const step = nextStep(finding, verdict);
  const indent = ' '.repeat(COLUMN);
  // A command must be copied as it is: it is never wrapped.
  return [
    ...(step === undefined ? [] : [`${indent}Do now:  ${step}`]),
    `${indent}Runbook: ${runbookOf(finding.kind)}`,
  ];
}

function composeDigest(run: Run): string[] {
  const { verdicts, unknownHosts, unsearched } = run.report;
  const lines: string[] = [];
  for (const verdict of verdicts.filter((one) => !hasFailed(one))) {
    for (const finding of verdict.findings.slice(0, 5)) {
      const text = describeFinding(finding, verdict);
      lines.push(...paragraph(finding.kind.toUpperCase(), `${verdict.host.name}: ${text}`));
    }
  }
  if (unknownHosts.length > 0) {
    const names = unknownHosts.slice(0, 5).map(quoteName).join(', ');
    const more = unknownHosts.length > 5 ? `, and ${unknownHosts.length - 5} more` : '';
    const text = `${names}${more}: in the bucket, but on nobody's roll. Add it to hosts.yml, or find out who writes there.`;
    lines.push(...paragraph('UNKNOWN', text));
  }
  if (unsearched !== undefined) {
    lines.push(...paragraph('UNSEARCHED', `could not look for unknown hosts: ${unsearched}`));
  }
  const noted = lines.slice(0, LISTED * 2);
  const good = verdicts.filter(({ headline }) => headline === 'ok');
  return [...noted, ...(noted.length > 0 ? [''] : []), ...composeGood(good), ...composeEnd(run)];
}

function composeGood(good: readonly Verdict[]): string[] {
  if (good.length === 0) return [];
  const lines = good.slice(0, LISTED).map(({ host, answer, answeredAt, window }) => {
    const done = answeredAt === undefined ? '' : ` done ${sayInstant(answeredAt, host.timezone)}`;
    const late = answeredAt !== undefined && answeredAt > window.dueAt ? ', late' : '';
    const size = answer === undefined ? '' : `, ${sayBytes(answer.bytes)}`;
    return `${'OK'.padEnd(COLUMN)}${host.name}: full${done}${size}${late}`;
  });
  const more = good.length - lines.length;
  return [...lines, ...(more > 0 ? [`${'OK'.padEnd(COLUMN)}and ${more} more`] : []), ''];
}

function composeEnd(run: Run): string[] {
  return wrapText(
    `Digest ${serialOf(run)}. One comes every day, also when all is well: if the next one does not come, the monitor itself is in trouble; see docs/runbook.md#monitor-silent.`,
    WIDTH,
  );
}

/** Enough to act on in one segment: how many, who, what; the mail has the rest. */
function composeSms(failed: readonly Verdict[], hostsOnRoll: number): string {
  const head = `BACKUP ${failed.length}/${hostsOnRoll} FAILED: `;
  const tail = ' Mail has the fix.';
  if (failed.length >= MANY) return `${head}${countByKind(failed)}.${tail}`;
  const words = failed.map((verdict) => {
    const { lastGood, host } = verdict;
    const good =
      lastGood === undefined ? '' : ` last good ${sayInstant(lastGood.startedAt, host.timezone)}`;
    return `${host.name} ${sayKind(verdict)}${good}`;
  });
  const text = `${head}${words.join(', ')}.${tail}`;
  if (text.length <= 160) return text;
  const names = `${head}${failed.map((one) => `${one.host.name} ${one.headline.toUpperCase()}`).join(', ')}.${tail}`;
  return names.length <= 160 ? names : `${head}${countByKind(failed)}.${tail}`;
}

function paragraph(label: string, text: string): string[] {
  const width = Math.max(COLUMN, label.length + 1);
  return wrapText(text, WIDTH - COLUMN).map((line, index) =>
    index === 0 ? `${label.padEnd(width)}${line}` : `${' '.repeat(COLUMN)}${line}`,
  );
}
