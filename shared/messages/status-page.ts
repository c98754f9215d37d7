// A run as one page for a browser: no script, nothing from elsewhere, readable on a phone.
import { FINDING_KINDS, type Severity, worstSeverity } from '../rules/finding.ts';
import { dateIn } from '../rules/window.ts';
import { composeDaySubject } from './compose-message.ts';
import { type HostReport, hasFailed } from './host-report.ts';
import { count, escapeHtml, formatBytes, formatInstant, quoteName, toAscii } from './plain-text.ts';
import { runbookOf } from './problem-text.ts';
import type { Digest } from './report.ts';

const LISTED = 500;
const UNKNOWN_PREFIXES = 20;
const STEPS = 5;

/** Escaped throughout. At most 500 hosts are named, the worst first; a page cannot know its age, so it says its day. */
export function composeStatusPage(digest: Digest): string {
  const { report, timezone } = digest;
  const { hosts, checkedAt, bucket } = report;
  const rest = hosts.filter((host) => !hasFailed(host));
  const failing = hosts.filter(hasFailed).sort(worstFirst);
  const title = composeDaySubject(digest, failing);
  const ordered = [
    ...failing,
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
<title>${safe(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${safe(title)}</h1>
<p>Checked ${safe(when)} ${safe(timezone)}, bucket ${safe(bucket)}. This page is written once a day: if that is not today, <strong>nobody is watching</strong>; see docs/runbook.md#monitor-silent.</p>
${ordered
  .slice(0, LISTED)
  .map((host) => composeHost(host, timezone))
  .join('\n')}
${more > 0 ? `<p>And ${count(more, 'host')} more: rollcall status</p>\n` : ''}${composeUnknownPrefixes(digest)}</body>
</html>
`;
}

function worstFirst(a: HostReport, b: HostReport): number {
  const rank = ({ findings }: HostReport) => FINDING_KINDS.indexOf(findings[0]?.kind ?? 'paused');
  const goodAt = ({ lastGood }: HostReport) => lastGood?.startedAt ?? '';
  return rank(a) - rank(b) || (goodAt(a) < goodAt(b) ? -1 : 1);
}

function composeHost(report: HostReport, zone: string): string {
  const { host, verdict, findings } = report;
  const tone = verdict === 'ok' ? 'ok' : worstSeverity(findings);
  const shown = findings.slice(0, STEPS).map(({ kind, message, step }) => {
    const todo =
      step === undefined ? '' : `<br>Do now: <code>${safe(step)}</code> (${safe(runbookOf(kind))})`;
    return `<li>${safe(kind)}: ${safe(message)}${todo}</li>`;
  });
  const list = shown.length === 0 ? '' : `<ul>${shown.join('')}</ul>`;
  return `<section class="${TONES[tone]}"><h2>${safe(host)} <b>${safe(verdict.toUpperCase())}</b></h2><p>${safe(formatCopy(report, zone))}</p>${list}</section>`;
}

const TONES: Readonly<Record<Severity | 'ok', string>> = {
  critical: 'bad',
  warning: 'odd',
  info: 'info',
  ok: 'ok',
};

function formatCopy({ answer, answeredAt, lastGoodText }: HostReport, zone: string): string {
  if (answer === null || answeredAt === undefined) {
    return lastGoodText ?? 'No complete full backup is known.';
  }
  return `Full done ${formatInstant(Date.parse(answeredAt), zone)}, ${count(answer.volumes ?? 0, 'volume')}, ${formatBytes(answer.bytes)}.`;
}

function composeUnknownPrefixes({ report }: Digest): string {
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
