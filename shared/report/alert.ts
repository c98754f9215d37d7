// Verdicts -> the one message of a run: who failed, why, and what to do now.
import { type Severity, worstSeverity } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { composeDigest } from './digest.ts';
import { describeFinding } from './finding-words.ts';
import { composeHeader } from './header.ts';
import { composeSms, composeSubject, countByKind, MANY, sayKind } from './headlines.ts';
import { composeMessage, type Message } from './message.ts';
import { paragraph, WIDTH } from './paragraph.ts';
import { composeNews, composePathSms, hasPathNews } from './path-words.ts';
import { sayDate, toAscii, wrapText } from './plain-text.ts';
import { sayLastGood } from './retention-words.ts';
import { sayRhythm } from './rhythm-words.ts';
import { failedIn, type Run } from './run.ts';
import { composeSteps } from './steps.ts';
import { composeTestSms } from './weekly-test.ts';

const WORST = 5;
const LISTED = 200;

/** The message of a run; `undefined` when there is nothing to tell. A `warning` is about the run itself. */
export function composeRun(run: Run, warning?: string): Message | undefined {
  const failed = failedIn(run);
  const alerting = failed.filter(({ host }) => run.due.has(host.name));
  if (alerting.length === 0 && !run.digest) return undefined;
  const { paths } = run;
  const subject = composeSubject(run);
  const lines = [
    composeHeader(run.report, run.timezone),
    ...(warning === undefined ? [] : wrapText(`WARNING: ${toAscii(warning)}.`, WIDTH)),
    '',
    ...composeFailed(failed, run.timezone),
    ...(run.digest ? composeDigest(run, alerting.length > 0) : []),
    ...(!run.digest && hasPathNews(paths) ? composeNews(paths, run.timezone) : []),
  ];
  const text = `${lines.join('\n')}\n`;
  const severity = severityOf(run);
  if (alerting.length > 0) {
    return composeMessage({
      ...{ subject, text, severity },
      sms: composeSms(alerting, run.hostsOnRoll, run.timezone),
      urgency: 'alert',
    });
  }
  if (paths?.urgent === true) {
    return composeMessage({
      ...{ subject, text, severity },
      sms: composePathSms(paths),
      urgency: 'alert',
    });
  }
  return run.test === true
    ? composeMessage({ ...{ subject, text, severity }, sms: composeTestSms(run), urgency: 'test' })
    : composeMessage({ subject, text, severity, urgency: 'digest' });
}

/** Of the worst that the run found: of a host, of the bucket, or of a way that an alarm takes. */
function severityOf({ report, paths }: Run): Severity {
  const isDead = paths?.states.some(({ status }) => status === 'fail') === true;
  const others = report.unknownHosts.length > 0 || report.unsearched !== undefined || isDead;
  return worstSeverity([
    ...report.verdicts.flatMap(({ findings }) => findings),
    ...(others ? [{ severity: paths?.urgent === true ? 'critical' : 'warning' } as const] : []),
  ]);
}

function composeFailed(sorted: readonly Verdict[], zone: string): string[] {
  const describe = (verdict: Verdict) => composeHost(verdict, zone);
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
    ...rest.map((verdict) => `  ${verdict.host.name} ${sayKind(verdict)}`),
    ...(more > 0 ? [`  and ${more} more: rollcall check`] : []),
    '',
  ];
}

/** One refusal for all, or the same last day for all: then the trouble is not the hosts' own. */
function sharedCause(failed: readonly Verdict[], zone: string): string | undefined {
  const causes = failed.map(({ findings: [worst], lastGood }) => {
    if (worst?.kind === 'unreadable') return worst.hint;
    if (worst?.kind !== 'missing' || lastGood === undefined) return undefined;
    return `none has a full since ${sayDate(lastGood.startedAt, zone)}`;
  });
  const [first] = causes;
  return causes.every((cause) => cause === first) ? first : undefined;
}

/** The headline in a column of its own, then what was found, the last good copy and the next step. */
function composeHost(verdict: Verdict, zone: string): string[] {
  const { host, findings } = verdict;
  const [worst] = findings;
  if (worst === undefined) return [];
  const told = findings.filter(({ severity }) => severity !== 'info');
  const lines = told.flatMap((finding, index) => {
    const text = describeFinding(finding, verdict, zone);
    return index === 0
      ? paragraph(finding.kind.toUpperCase(), `${host.name}: ${text}`)
      : paragraph('', `${finding.kind}: ${text}`);
  });
  const details = [
    worst.kind === 'missing' ? sayRhythm(verdict, zone) : undefined,
    worst.kind === 'unreadable' ? undefined : sayLastGood(verdict, zone),
  ].filter((detail) => detail !== undefined);
  lines.push(...details.flatMap((detail) => paragraph('', detail)));
  return [...lines, ...composeSteps(worst, verdict), ''];
}
