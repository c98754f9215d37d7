// A run in one line: the subject of a mail, and an SMS.
import { type FindingKind, windowsMissedBy, worstSeverity } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { SMS_BOUND } from './message.ts';
import { count, ordinal, sayDate, sayInstant } from './plain-text.ts';
import { failedIn, type Run, serialOf } from './run.ts';

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
    : composeFailedSubject(failed, run.hostsOnRoll);
}

/** `2 of 41 hosts FAILED: web MISSING (2nd day), db INCOMPLETE`. */
function composeFailedSubject(failed: readonly Verdict[], hostsOnRoll: number): string {
  const head = `${failed.length} of ${count(hostsOnRoll, 'host')} FAILED: `;
  if (failed.length >= MANY) return head + countByKind(failed);
  const shown: string[] = [];
  for (const verdict of failed) {
    const next = `${verdict.host.name} ${sayKind(verdict)}`;
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

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countByKind(failed: readonly Verdict[]): string {
  const counts = new Map<FindingKind | 'ok', number>();
  for (const { headline } of failed) counts.set(headline, (counts.get(headline) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${number} ${kind.toUpperCase()}`)
    .join(', ');
}

/** `MISSING (2nd day)`. */
export function sayKind({ headline, findings }: Verdict): string {
  const days = windowsMissedBy(findings.filter(({ kind }) => kind === headline));
  return `${headline.toUpperCase()}${days > 1 ? ` (${ordinal(days)} day)` : ''}`;
}

/** Enough to act on in one segment: how many, who, what; the mail has the rest. */
export function composeSms(failed: readonly Verdict[], hostsOnRoll: number, zone: string): string {
  const head = `BACKUP ${failed.length}/${hostsOnRoll} FAILED: `;
  const tail = ' Mail has the fix.';
  if (failed.length >= MANY) return `${head}${countByKind(failed)}.${tail}`;
  const words = failed.map((verdict) => {
    const { lastGood, host } = verdict;
    const good = lastGood === undefined ? '' : ` last good ${sayInstant(lastGood.startedAt, zone)}`;
    return `${host.name} ${sayKind(verdict)}${good}`;
  });
  const times = failed.some(({ lastGood }) => lastGood !== undefined) ? ` Times: ${zone}.` : '';
  const text = `${head}${words.join(', ')}.${times}${tail}`;
  if (text.length <= SMS_BOUND) return text;
  const names = `${head}${failed.map((one) => `${one.host.name} ${one.headline.toUpperCase()}`).join(', ')}.${tail}`;
  return names.length <= SMS_BOUND ? names : `${head}${countByKind(failed)}.${tail}`;
}
