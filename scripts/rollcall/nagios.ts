// The report for a monitoring plug-in: one line, performance data, then a line a finding.
import { describeFinding } from '../../shared/report/finding-words.ts';
import { exitStatus, type Report, summarize } from '../../shared/report/report.ts';

const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** Source: https://www.monitoring-plugins.org/doc/guidelines.html, "plugin output". */
export function composeNagios(report: Report, timezone: string): string {
  const { hosts, ok, critical, warning } = summarize(report.verdicts);
  const bad = report.verdicts
    .filter(({ headline }) => headline !== 'ok' && headline !== 'paused')
    .map(({ host, headline }) => `${host.name} ${headline.toUpperCase()}`);
  const names = bad.length === 0 ? '' : `: ${bad.slice(0, 10).join(', ')}`;
  const more = bad.length > 10 ? ` and ${bad.length - 10} more` : '';
  const data = `hosts=${hosts} ok=${ok} critical=${critical} warning=${warning} unknown_hosts=${report.unknownHosts.length}`;
  const lines = report.verdicts.flatMap((verdict) =>
    verdict.findings.map(
      (finding) =>
        `${finding.severity}: ${verdict.host.name} ${finding.kind}: ${describeFinding(finding, verdict, timezone)}`,
    ),
  );
  const first = `ROLLCALL ${WORDS[exitStatus(report)]} - ${ok} of ${hosts} hosts ok${names}${more}`;
  const zone = lines.length === 0 ? [] : [`times: ${timezone}`];
  // A pipe would start performance data.
  return `${[`${first} | ${data}`, ...lines.map((line) => line.replaceAll('|', '/')), ...zone].join('\n')}\n`;
}
