// A run as one page for a browser: no script, nothing from elsewhere, readable on a phone.
import { type Severity, worstSeverity } from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { dateIn } from '../rules/window.ts';
import { composeSubject } from './compose-alert.ts';
import { describeFinding, nextStep, runbookOf } from './finding-text.ts';
import { formatLastGood } from './loss-text.ts';
import { count, escapeHtml, formatBytes, formatInstant, quoteName, toAscii } from './plain-text.ts';
import { failedIn, hasFailed, type Run } from './report.ts';

const LISTED = 500;
const UNKNOWN_PREFIXES = 20;
const STEPS = 5;

/**
 * Escaped throughout. At most 500 hosts are named, the worst first; a page cannot know its age, so it names its day.
 */
export function composeStatusPage(run: Run): string {
  const { report, timezone } = run;
  const { judgements, checkedAt, bucket } = report;
  const rest = judgements.filter((judgement) => !hasFailed(judgement));
  const ordered = [
    ...failedIn(run),
    ...rest.filter(({ verdict }) => verdict !== 'ok'),
    ...rest.filter(({ verdict }) => verdict === 'ok'),
  ];
  const when = `${formatInstant(checkedAt, timezone)} ${dateIn(timezone, checkedAt).slice(0, 4)}`;
  const more = ordered.length - LISTED;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${safe(composeSubject(run))}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${safe(composeSubject(run))}</h1>
<p>Checked ${safe(when)} ${safe(timezone)}, bucket ${safe(bucket)}. This page is written once a day: if that is not today, <strong>nobody is watching</strong>; see docs/runbook.md#monitor-silent.</p>
${ordered
  .slice(0, LISTED)
  .map((judgement) => composeHost(judgement, timezone))
  .join('\n')}
${more > 0 ? `<p>And ${count(more, 'host')} more: rollcall status</p>\n` : ''}${composeUnknownPrefixes(run)}</body>
</html>
`;
}

function composeHost(judgement: Judgement, zone: string): string {
  const { host, verdict, findings } = judgement;
  const tone = verdict === 'ok' ? 'ok' : worstSeverity(findings);
  const items = findings.slice(0, STEPS).map((finding) => {
    const step = finding.severity === 'info' ? undefined : nextStep(finding, judgement);
    const todo =
      step === undefined
        ? ''
        : `<br>Do now: <code>${safe(step)}</code> (${safe(runbookOf(finding.kind))})`;
    return `<li>${safe(finding.kind)}: ${safe(describeFinding(finding, judgement, zone))}${todo}</li>`;
  });
  const list = items.length === 0 ? '' : `<ul>${items.join('')}</ul>`;
  return `<section class="${TONES[tone]}"><h2>${safe(host.name)} <b>${safe(verdict.toUpperCase())}</b></h2><p>${safe(formatCopy(judgement, zone))}</p>${list}</section>`;
}

const TONES: Readonly<Record<Severity | 'ok', string>> = {
  critical: 'bad',
  warning: 'odd',
  info: 'info',
  ok: 'ok',
};

function formatCopy(judgement: Judgement, zone: string): string {
  const { answer, answeredAt } = judgement;
  if (answer === undefined || answeredAt === undefined) {
    return formatLastGood(judgement, zone) ?? 'No complete full backup is known.';
  }
  return `Full done ${formatInstant(answeredAt, zone)}, ${count(answer.volumes?.count ?? 0, 'volume')}, ${formatBytes(answer.bytes)}.`;
}

function composeUnknownPrefixes({ report }: Run): string {
  const { unknownHosts, unsearched } = report;
  const names = unknownHosts.slice(0, UNKNOWN_PREFIXES).map(quoteName).join(', ');
  const more = unknownHosts.length - UNKNOWN_PREFIXES;
  return [
    ...(unknownHosts.length === 0
      ? []
      : [
          `In the bucket, but of no host in the config: ${names}${more > 0 ? ` and ${more} more` : ''}`,
        ]),
    ...(unsearched === undefined ? [] : [`Could not look for unknown hosts: ${unsearched}`]),
  ]
    .map((text) => `<p>${safe(text)}</p>\n`)
    .join('');
}

/** All text from a bucket, the config or S3 goes into the page through this. */
function safe(text: string): string {
  return escapeHtml(toAscii(text));
}

const STYLE = [
  'body{font:16px/1.4 system-ui,sans-serif;max-width:46em;margin:auto;padding:1em;overflow-wrap:anywhere}',
  'h1{font-size:1.3em}h2{font-size:1em;margin:0}h2 b{float:right}p,ul{margin:.3em 0}ul{padding-left:1.2em}',
  'section{border-left:.4em solid #999;padding:.3em .8em;margin:.6em 0}',
  '.bad{border-color:#b00}.bad b{color:#b00}.odd{border-color:#b70}.ok{border-color:#080}',
  '@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.bad b{color:#f77}}',
].join('');
