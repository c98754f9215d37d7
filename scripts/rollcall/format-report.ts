// The report as a table for people: one line a host, then what was found and what to do.
import { styleText } from 'node:util';
import type { HostReport } from '../../shared/messages/host-report.ts';
import {
  count,
  formatBytes,
  formatDuration,
  formatInstant,
  toAscii,
  wrapText,
} from '../../shared/messages/plain-text.ts';
import {
  describeUnknown,
  exitStatus,
  type Report,
  summarize,
} from '../../shared/messages/report.ts';
import { SEVERITIES, type Severity, worstSeverity } from '../../shared/rules/finding.ts';

const COLOURS = { critical: 'red', warning: 'yellow', info: 'dim', ok: 'green' } as const;
const WIDTH = 100;
/** Of those in the bucket that are of no host. */
export const PREFIXES_SHOWN = 5;

/** One host of a table, in texts that are safe to print. */
export type Row = {
  readonly name: string;
  readonly verdict: string;
  readonly severity: Severity | 'ok';
  readonly lastGood: string;
  readonly findings: readonly {
    readonly severity: Severity;
    readonly text: string;
    readonly step?: string | undefined;
  }[];
};

/** Worst hosts first; colour only on a terminal, and never with NO_COLOR. */
export function composeTable(report: Report, timezone: string): string {
  const { hosts, ok, critical, warning } = summarize(report.hosts);
  const rows = report.hosts.map((host) => rowOf(host, timezone));
  return composeRows(rows, timezone, [
    `${ok} of ${count(hosts, 'host')} ok, ${critical} critical, ${warning} with warnings`,
    ...describeUnknown(report, PREFIXES_SHOWN),
  ]);
}

/** The same from rows, with the zone of all times in them, and the lines that stand below them. */
export function composeRows(
  unsorted: readonly Row[],
  timezone: string,
  below: readonly string[],
): string {
  const rows = [...unsorted].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const names = rows.reduce((width, { name }) => Math.max(width, name.length), 4);
  const kinds = rows.reduce((width, { verdict }) => Math.max(width, verdict.length), 7);
  const indent = ' '.repeat(names + kinds + 4);
  const lines = [
    `${'HOST'.padEnd(names)}  ${'VERDICT'.padEnd(kinds)}  LAST GOOD FULL (times: ${timezone})`,
  ];
  for (const { name, verdict, severity, lastGood, findings } of rows) {
    const word = paint(verdict.padEnd(kinds), COLOURS[severity]);
    lines.push(`${name.padEnd(names)}  ${word}  ${lastGood}`);
    for (const finding of findings) {
      for (const line of wrapText(finding.text, Math.max(40, WIDTH - indent.length))) {
        lines.push(`${indent}${paint(line, COLOURS[finding.severity])}`);
      }
      if (finding.step !== undefined) lines.push(`${indent}do now: ${finding.step}`);
    }
  }
  return `${[...lines, '', ...below].join('\n')}\n`;
}

const ORDER: readonly Row['severity'][] = [...SEVERITIES, 'ok'];

/** Texts of a report that was kept may be anybody's. */
export function rowOf(report: HostReport, timezone: string): Row {
  const { host, verdict, findings } = report;
  return {
    name: toAscii(host).slice(0, 64),
    verdict,
    severity: verdict === 'ok' ? 'ok' : worstSeverity(findings),
    lastGood: formatLastGood(report, timezone),
    findings: findings.map(({ kind, severity, message, step }) => ({
      severity,
      text: `${kind}: ${toAscii(message)}`,
      step: step === undefined ? undefined : toAscii(step),
    })),
  };
}

function formatLastGood(
  { lastGood, answeredAt, window, next, judgedAt = '' }: HostReport,
  timezone: string,
): string {
  if (lastGood === null) return '-';
  const begun = formatInstant(Date.parse(lastGood.startedAt), timezone, Date.parse(judgedAt));
  const size = `${count(lastGood.volumes ?? 0, 'volume')}, ${formatBytes(lastGood.bytes)}`;
  const lateMs = Date.parse(answeredAt ?? '') - Date.parse(window?.dueAt ?? '');
  const late = lateMs > 0 ? `, ${formatDuration(lateMs)} late` : '';
  const open = next === undefined ? '' : `; the next window is open: ${next.state}`;
  return `${begun} (${size}${late})${open}`;
}

function paint(text: string, colour: (typeof COLOURS)[keyof typeof COLOURS]): string {
  return styleText(colour, text, { stream: process.stdout });
}

const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** Source: https://www.monitoring-plugins.org/doc/guidelines.html, "plugin output". */
export function composeNagios(report: Report, timezone: string): string {
  const { hosts, ok, critical, warning } = summarize(report.hosts);
  const bad = report.hosts
    .filter(({ verdict }) => verdict !== 'ok' && verdict !== 'paused')
    .map(({ host, verdict }) => `${host} ${verdict.toUpperCase()}`);
  const names = bad.length === 0 ? '' : `: ${bad.slice(0, 10).join(', ')}`;
  const more = bad.length > 10 ? ` and ${bad.length - 10} more` : '';
  const data = `hosts=${hosts} ok=${ok} critical=${critical} warning=${warning} unknown_hosts=${report.unknownHosts.length}`;
  const lines = report.hosts.flatMap(({ host, findings }) =>
    findings.map(({ severity, kind, message }) => `${severity}: ${host} ${kind}: ${message}`),
  );
  const first = `ROLLCALL ${WORDS[exitStatus(report)]} - ${ok} of ${hosts} hosts ok${names}${more}`;
  const zone = lines.length === 0 ? [] : [`times: ${timezone}`];
  // A pipe would start performance data.
  return `${[`${first} | ${data}`, ...lines.map((line) => line.replaceAll('|', '/')), ...zone].join('\n')}\n`;
}

/** `JSON.stringify` with one entry a line for indent 2, escaped to ASCII. */
export function toAsciiJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
