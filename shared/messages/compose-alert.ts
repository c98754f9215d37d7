// Verdicts -> the one message of a run: who failed, why, and what to do now.
import {
  type FindingKind,
  type Severity,
  windowsMissedBy,
  worstSeverity,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { composeChannelSms, composeNews, hasChannelNews } from './channel-text.ts';
import { composeDigest, composeTestSms } from './compose-digest.ts';
import { composeMessage, type Message, SMS_BOUND } from './compose-message.ts';
import { composeSteps, describeFinding, formatRhythm } from './finding-text.ts';
import { formatLastGood } from './loss-text.ts';
import {
  count,
  formatDate,
  formatInstant,
  ordinal,
  paragraph,
  toAscii,
  WIDTH,
  wrapText,
} from './plain-text.ts';
import { composeHeader, failedIn, type Run, serialOf } from './report.ts';

const WORST = 5;
const LISTED = 200;

/** The message of a run; `undefined` when there is nothing to report. A `warning` is about the run itself. */
export function composeRun(run: Run, warning?: string): Message | undefined {
  const failed = failedIn(run);
  const alerting = failed.filter(({ host }) => run.due.has(host.name));
  if (alerting.length === 0 && !run.digest) return undefined;
  const { channels } = run;
  const subject = composeSubject(run);
  const lines = [
    composeHeader(run.report, run.timezone),
    ...(warning === undefined ? [] : wrapText(`WARNING: ${toAscii(warning)}.`, WIDTH)),
    '',
    ...composeFailed(failed, run.timezone),
    ...(run.digest ? composeDigest(run, alerting.length > 0) : []),
    ...(!run.digest && hasChannelNews(channels) ? composeNews(channels, run.timezone) : []),
  ];
  const text = `${lines.join('\n')}\n`;
  const severity = severityOf(run);
  if (alerting.length > 0) {
    return composeMessage({
      ...{ subject, text, severity },
      sms: composeSms(alerting, run.hostsInConfig, run.timezone),
      urgency: 'alert',
    });
  }
  if (channels?.urgent === true) {
    return composeMessage({
      ...{ subject, text, severity },
      sms: composeChannelSms(channels),
      urgency: 'alert',
    });
  }
  return run.test === true
    ? composeMessage({ ...{ subject, text, severity }, sms: composeTestSms(run), urgency: 'test' })
    : composeMessage({ subject, text, severity, urgency: 'digest' });
}

/** Of the worst that the run found: of a host, of the bucket, or of a channel. */
function severityOf({ report, channels }: Run): Severity {
  const isDead = channels?.states.some(({ status }) => status === 'fail') === true;
  const others = report.unknownHosts.length > 0 || report.unsearched !== undefined || isDead;
  return worstSeverity([
    ...report.judgements.flatMap(({ findings }) => findings),
    ...(others ? [{ severity: channels?.urgent === true ? 'critical' : 'warning' } as const] : []),
  ]);
}

function composeFailed(sorted: readonly Judgement[], zone: string): string[] {
  const describe = (judgement: Judgement) => composeHost(judgement, zone);
  if (sorted.length < MANY) return sorted.flatMap(describe);
  const shared = sharedCause(sorted, zone);
  const rest = sorted.slice(WORST, WORST + LISTED);
  const more = sorted.length - WORST - rest.length;
  return [
    `${sorted.length} hosts failed: ${countByKind(sorted)}.`,
    ...(shared === undefined ? [] : wrapText(`The same for all: ${shared}.`, WIDTH)),
    `The worst ${WORST}:`,
    '',
    ...sorted.slice(0, WORST).flatMap(describe),
    'And:',
    ...rest.map((judgement) => `  ${judgement.host.name} ${formatKind(judgement)}`),
    ...(more > 0 ? [`  and ${more} more: rollcall check`] : []),
    '',
  ];
}

/** One refusal for all, or the same last day for all: then the trouble is not the hosts' own. */
function sharedCause(failed: readonly Judgement[], zone: string): string | undefined {
  const causes = failed.map(({ findings: [worst], lastGood }) => {
    if (worst?.kind === 'unreadable') return worst.hint;
    if (worst?.kind !== 'missing' || lastGood === undefined) return undefined;
    return `none has a full since ${formatDate(lastGood.startedAt, zone)}`;
  });
  const [first] = causes;
  return causes.every((cause) => cause === first) ? first : undefined;
}

/** The verdict in a column of its own, then what was found, the last good copy and the next step. */
function composeHost(judgement: Judgement, zone: string): string[] {
  const { host, findings } = judgement;
  const [worst] = findings;
  if (worst === undefined) return [];
  const shown = findings.filter(({ severity }) => severity !== 'info');
  const lines = shown.flatMap((finding, index) => {
    const text = describeFinding(finding, judgement, zone);
    return index === 0
      ? paragraph(finding.kind.toUpperCase(), `${host.name}: ${text}`)
      : paragraph('', `${finding.kind}: ${text}`);
  });
  const details = [
    worst.kind === 'missing' ? formatRhythm(judgement, zone) : undefined,
    worst.kind === 'unreadable' ? undefined : formatLastGood(judgement, zone),
  ].filter((detail) => detail !== undefined);
  lines.push(...details.flatMap((detail) => paragraph('', detail)));
  return [...lines, ...composeSteps(worst, judgement), ''];
}

/** From this many bad hosts on they are counted by kind, not named. */
export const MANY = 10;

// Room for the names within the bound of a subject, behind "[backup] "; and for ", +12 more".
const NAMES_ROOM = 88;
const MORE_ROOM = 9;

/** The subject of a run. */
export function composeSubject(run: Run): string {
  const failed = failedIn(run);
  return failed.length === 0
    ? composeGoodSubject(run)
    : composeFailedSubject(failed, run.hostsInConfig);
}

/** `2 of 41 hosts FAILED: web MISSING (2nd day), db INCOMPLETE`. */
function composeFailedSubject(failed: readonly Judgement[], hostsInConfig: number): string {
  const head = `${failed.length} of ${count(hostsInConfig, 'host')} FAILED: `;
  if (failed.length >= MANY) return head + countByKind(failed);
  const shown: string[] = [];
  for (const judgement of failed) {
    const next = `${judgement.host.name} ${formatKind(judgement)}`;
    const rest = failed.length - shown.length - 1;
    const room = NAMES_ROOM - head.length - (rest > 0 ? MORE_ROOM : 0);
    if (shown.length > 0 && [...shown, next].join(', ').length > room) break;
    shown.push(next);
  }
  const more = failed.length - shown.length;
  return `${head}${shown.join(', ')}${more > 0 ? `, +${more} more` : ''}`;
}

/** `OK 40 of 41, 1 paused - Mon 23 Nov (#2026-327)`. */
function composeGoodSubject(run: Run): string {
  const { judgements, checkedAt, unknownHosts } = run.report;
  const ok = judgements.filter(({ verdict }) => verdict === 'ok').length;
  const paused = judgements.filter(({ verdict }) => verdict === 'paused').length;
  const warned = judgements.filter(({ findings }) => worstSeverity(findings) === 'warning').length;
  const parts = [`OK ${ok} of ${run.hostsInConfig}`];
  if (warned > 0) parts.push(count(warned, 'warning'));
  if (paused > 0) parts.push(`${paused} paused`);
  if (unknownHosts.length > 0) parts.push(`${unknownHosts.length} not in the config`);
  return `${parts.join(', ')} - ${formatDate(checkedAt, run.timezone)} (${serialOf(run)})`;
}

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countByKind(failed: readonly Judgement[]): string {
  const counts = new Map<FindingKind | 'ok', number>();
  for (const { verdict } of failed) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${number} ${kind.toUpperCase()}`)
    .join(', ');
}

/** `MISSING (2nd day)`. */
export function formatKind({ verdict, findings }: Judgement): string {
  const days = windowsMissedBy(findings.filter(({ kind }) => kind === verdict));
  return `${verdict.toUpperCase()}${days > 1 ? ` (${ordinal(days)} day)` : ''}`;
}

/** Enough to act on in one segment: how many, who, what; the mail has the rest. */
export function composeSms(
  failed: readonly Judgement[],
  hostsInConfig: number,
  zone: string,
): string {
  const head = `BACKUP ${failed.length}/${hostsInConfig} FAILED: `;
  const tail = ' Mail has the fix.';
  if (failed.length >= MANY) return `${head}${countByKind(failed)}.${tail}`;
  const words = failed.map((judgement) => {
    const { lastGood, host } = judgement;
    const good =
      lastGood === undefined ? '' : ` last good ${formatInstant(lastGood.startedAt, zone)}`;
    return `${host.name} ${formatKind(judgement)}${good}`;
  });
  const times = failed.some(({ lastGood }) => lastGood !== undefined) ? ` Times: ${zone}.` : '';
  const text = `${head}${words.join(', ')}.${times}${tail}`;
  if (text.length <= SMS_BOUND) return text;
  const names = `${head}${failed.map((one) => `${one.host.name} ${one.verdict.toUpperCase()}`).join(', ')}.${tail}`;
  return names.length <= SMS_BOUND ? names : `${head}${countByKind(failed)}.${tail}`;
}
