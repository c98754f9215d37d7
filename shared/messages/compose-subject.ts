// The first line that people see: who failed, or that the day is good.
import { worstSeverity } from '../rules/finding.ts';
import { isOfWindow, type Problem } from '../rules/problem.ts';
import type { HostReport } from './host-report.ts';
import { count, formatDate, ordinal } from './plain-text.ts';
import { type Digest, serialOf, summarize } from './report.ts';

/** What is worst of one host. */
type Worst = Pick<Problem, 'kind' | 'missed'>;
/** A host and what is wrong with it, worst first. */
type Bad = { readonly host: string; readonly problems: readonly Worst[] };

/** From this many bad hosts on they are counted by kind, not named. */
export const MANY = 10;
// Room for the names within the bound of a subject, behind "[backup] "; and for ", +12 more".
const NAMES_ROOM = 88;
const MORE_ROOM = 9;

/** `2 of 41 hosts FAILED: web MISSING (2nd day), db INCOMPLETE`. */
export function composeFailedSubject(failed: readonly Bad[], hostsInConfig: number): string {
  const head = `${failed.length} of ${count(hostsInConfig, 'host')} FAILED: `;
  if (failed.length >= MANY) return head + countByKind(failed);
  const shown: string[] = [];
  for (const bad of failed) {
    const next = formatBad(bad);
    const rest = failed.length - shown.length - 1;
    const room = NAMES_ROOM - head.length - (rest > 0 ? MORE_ROOM : 0);
    if (shown.length > 0 && [...shown, next].join(', ').length > room) break;
    shown.push(next);
  }
  const more = failed.length - shown.length;
  return `${head}${shown.join(', ')}${more > 0 ? `, +${more} more` : ''}`;
}

/** `MISSING (2nd day)`. */
export function formatKind({ kind, missed }: Worst): string {
  return `${kind.toUpperCase()}${isOfWindow(kind) && missed > 1 ? ` (${ordinal(missed)} day)` : ''}`;
}

/** `web MISSING (2nd day)`. */
export function formatBad({ host, problems: [worst] }: Bad): string {
  return `${host} ${worst === undefined ? '' : formatKind(worst)}`;
}

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countByKind(failed: readonly Bad[]): string {
  const counts = new Map<string, number>();
  for (const { problems } of failed) {
    const kind = problems[0]?.kind ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${number} ${kind.toUpperCase()}`)
    .join(', ');
}

/** The subject of a day as its report has it; `failing` in the order in which they are shown. */
export function composeDaySubject(digest: Digest, failing: readonly HostReport[]): string {
  if (failing.length === 0) return composeGoodSubject(digest);
  const bad = failing.map(({ host, findings }) => ({
    host,
    problems: findings.map(({ kind, windowsMissed = 0 }) => ({ kind, missed: windowsMissed })),
  }));
  return composeFailedSubject(bad, digest.hostsInConfig);
}

/** `OK 40 of 41, 1 paused - Mon 23 Nov (#2026-327)`; never OK while nothing at all is. */
export function composeGoodSubject(digest: Digest): string {
  const { hosts, checkedAt, unknownHosts } = digest.report;
  const { ok } = summarize(hosts);
  const paused = hosts.filter(({ verdict }) => verdict === 'paused').length;
  const warned = hosts.filter(({ findings }) => worstSeverity(findings) === 'warning').length;
  const fresh = hosts.filter(({ verdict }) => verdict === 'never').length;
  const isNothing = ok === 0 && fresh > 0;
  const parts = [`${isNothing ? 'NO BACKUP YET' : 'OK'} ${ok} of ${digest.hostsInConfig}`];
  if (fresh > 0 && !isNothing) parts.push(`${fresh} without a backup yet`);
  if (warned > 0) parts.push(count(warned, 'warning'));
  if (paused > 0) parts.push(`${paused} paused`);
  if (unknownHosts.length > 0) parts.push(`${unknownHosts.length} not in the config`);
  return `${parts.join(', ')} - ${formatDate(checkedAt, digest.timezone)} (${serialOf(digest)})`;
}
