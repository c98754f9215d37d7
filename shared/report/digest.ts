// The daily digest: what is to be known of every host, also when all is well.
import { isUntold } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { composeDrills } from './drill-words.ts';
import { describeFinding } from './finding-words.ts';
import { COLUMN, paragraph, WIDTH } from './paragraph.ts';
import { composeDelivery } from './path-words.ts';
import { count, quoteName, sayBytes, sayInstant, wrapText } from './plain-text.ts';
import { hasFailed, type Run, serialOf } from './run.ts';
import { UNTOLD } from './tamper-words.ts';
import { composeTest } from './weekly-test.ts';

const LISTED = 200;

/** What is noted of hosts that have not failed, who did it, and how to notice that no digest comes. */
export function composeDigest(run: Run, alarms: boolean): string[] {
  const { verdicts, unknownHosts, unsearched } = run.report;
  const lines: string[] = [];
  for (const verdict of verdicts.filter((one) => !hasFailed(one))) {
    for (const finding of verdict.findings.filter((one) => !isUntold(one)).slice(0, 5)) {
      const text = describeFinding(finding, verdict, run.timezone);
      lines.push(...paragraph(finding.kind.toUpperCase(), `${verdict.host.name}: ${text}`));
    }
  }
  lines.push(...composeBlind(verdicts));
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
  return [
    ...noted,
    ...(noted.length > 0 ? [''] : []),
    ...composeGood(good, run.timezone),
    ...composeDrills(run),
    ...composeDelivery(run.paths, run.timezone),
    ...(run.test === true ? [...composeTest(run, alarms), ''] : []),
    ...composeEnd(run),
  ];
}

/** A setting of the bucket's: one paragraph, and not a line for each of its hosts. */
function composeBlind(verdicts: readonly Verdict[]): string[] {
  return Object.entries(UNTOLD).flatMap(([untold, text]) => {
    const blind = verdicts.filter(({ findings }) =>
      findings.some((one) => one.kind === 'tampered' && one.untold === untold),
    );
    return blind.length === 0
      ? []
      : paragraph('BLIND', `tampering with ${count(blind.length, 'host')} ${text}.`);
  });
}

function composeGood(good: readonly Verdict[], zone: string): string[] {
  if (good.length === 0) return [];
  const lines = good.slice(0, LISTED).map(({ host, answer, answeredAt, window }) => {
    const done = answeredAt === undefined ? '' : ` done ${sayInstant(answeredAt, zone)}`;
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
