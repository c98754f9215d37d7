// The report as a table for people: one line a host, then what was found and what to do.
import { styleText } from 'node:util';
import { describeFinding, nextStep } from '../../shared/report/finding-words.ts';
import {
  count,
  quoteName,
  sayBytes,
  sayInstant,
  sayLength,
  wrapText,
} from '../../shared/report/plain-text.ts';
import { type Report, summarize } from '../../shared/report/report.ts';
import { type Severity, worstSeverity } from '../../shared/verdict/finding.ts';
import type { Verdict } from '../../shared/verdict/judge.ts';

const COLOURS = { critical: 'red', warning: 'yellow', info: 'dim', ok: 'green' } as const;
const WIDTH = 100;

/** Worst hosts first; colour only on a terminal, and never with NO_COLOR. */
export function composeTable(report: Report): string {
  const verdicts = [...report.verdicts].sort((a, b) => rank(a) - rank(b));
  const names = Math.max(4, ...verdicts.map(({ host }) => host.name.length));
  const kinds = Math.max(7, ...verdicts.map(({ headline }) => headline.length));
  const indent = ' '.repeat(names + kinds + 4);
  const lines = [`${'HOST'.padEnd(names)}  ${'VERDICT'.padEnd(kinds)}  LAST GOOD FULL`];
  for (const verdict of verdicts) {
    const { host, headline, findings } = verdict;
    const colour = COLOURS[headline === 'ok' ? 'ok' : worstSeverity(findings)];
    const word = paint(headline.padEnd(kinds), colour);
    lines.push(`${host.name.padEnd(names)}  ${word}  ${sayLastGood(verdict)}`);
    for (const finding of findings) {
      const step = nextStep(finding, verdict);
      const text = `${finding.kind}: ${describeFinding(finding, verdict)}`;
      for (const line of wrapText(text, Math.max(40, WIDTH - indent.length))) {
        lines.push(`${indent}${paint(line, COLOURS[finding.severity])}`);
      }
      if (step !== undefined && finding.severity !== 'info') lines.push(`${indent}do now: ${step}`);
    }
  }
  const { hosts, ok, critical, warning } = summarize(report.verdicts);
  lines.push(
    '',
    `${ok} of ${count(hosts, 'host')} ok, ${critical} critical, ${warning} with warnings`,
  );
  if (report.unknownHosts.length > 0) {
    const shown = report.unknownHosts.slice(0, 5).map(quoteName).join(', ');
    const more =
      report.unknownHosts.length > 5 ? `, and ${report.unknownHosts.length - 5} more` : '';
    lines.push(`in the bucket, but on nobody's roll: ${shown}${more}`);
  }
  if (report.unsearched !== undefined)
    lines.push(`could not look for unknown hosts: ${report.unsearched}`);
  return `${lines.join('\n')}\n`;
}

function rank({ headline, findings }: Verdict): number {
  const order: (Severity | 'ok')[] = ['critical', 'warning', 'info', 'ok'];
  return order.indexOf(headline === 'ok' ? 'ok' : worstSeverity(findings));
}

function sayLastGood({ lastGood, answer, answeredAt, window, host, next }: Verdict): string {
  if (lastGood === undefined) return '-';
  const begun = sayInstant(lastGood.startedAt, host.timezone);
  const size = `${count(lastGood.volumes?.count ?? 0, 'volume')}, ${sayBytes(lastGood.bytes)}`;
  const late =
    answer !== undefined && answeredAt !== undefined && answeredAt > window.dueAt
      ? `, ${sayLength(answeredAt - window.dueAt)} late`
      : '';
  const open = next === undefined ? '' : `; the next window is open: ${next.state}`;
  return `${begun} (${size}${late})${open}`;
}

function paint(text: string, colour: (typeof COLOURS)[keyof typeof COLOURS]): string {
  return styleText(colour, text, { stream: process.stdout });
}
