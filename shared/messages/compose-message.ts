// What people see first of a message: its subject, its banner and its SMS, each within its bounds.
import { type Severity, worstSeverity } from '../rules/finding.ts';
import { isOfWindow, type Problem } from '../rules/problem.ts';
import type { Block, Message, ProblemEvent, Urgency } from './message-tree.ts';
import { clip, count, countEach, formatDate, ordinal, toAscii } from './plain-text.ts';
import { type Digest, serialOf, summarize } from './report.ts';

const SUBJECT_BOUND = 99;

/** One GSM-7 segment. */
export const SMS_BOUND = 160;

/** Puts a message together and holds its lines to their bounds, whatever it was given; blocks are held by renderers. */
export function composeMessage(parts: {
  readonly subject: string;
  readonly blocks: readonly Block[];
  readonly smsLine?: string | undefined;
  readonly urgency: Urgency;
  readonly severity: Severity;
  readonly events?: readonly ProblemEvent[];
}): Message {
  const { subject, smsLine, events = [] } = parts;
  return {
    ...{ severity: parts.severity, urgency: parts.urgency, blocks: parts.blocks, events },
    subject: clip(toAscii(`[backup] ${subject}`), SUBJECT_BOUND),
    smsLine: smsLine === undefined ? undefined : clip(toGsm(smsLine), SMS_BOUND),
  };
}

/** Printable ASCII without the characters that take two places in GSM-7, or none. */
function toGsm(text: string): string {
  return toAscii(text).replace(/[[\]{}\\^~|`]/g, '.');
}

/** What is worst of one host. */
type Worst = Pick<Problem, 'kind' | 'missed'>;
/** A host and what is wrong with it, worst first. */
type Bad = { readonly host: string; readonly problems: readonly [Worst, ...Worst[]] };

/** From this many bad hosts on they are counted by kind, not named. */
export const MANY = 10;
// Room for the names within the bound of a subject, behind "[backup] "; and for ", +12 more".
const NAMES_ROOM = 87;
const MORE_ROOM = 9;
const LEAD_ROOM = 40;
const BANNER_ROOM = 200;

/**
 * `2 of 41 hosts FAILED: web MISSING (2nd day), db INCOMPLETE`; what somebody did to backups comes first:
 * `TAMPERED: web. 2 of 41 hosts FAILED: db INCOMPLETE`.
 */
export function composeFailedSubject(failed: readonly Bad[], hostsInConfig: number): string {
  const { lead, others } = splitTampered(failed, LEAD_ROOM);
  const head = `${lead}${failed.length} of ${count(hostsInConfig, 'host')} FAILED`;
  if (others.length === 0) return head;
  if (failed.length >= MANY) return `${head}: ${countByKind(others)}`;
  return `${head}: ${nameWhileRoom(others.map(formatBad), NAMES_ROOM - head.length)}`;
}

/** As many as there is room for, the first always. */
function nameWhileRoom(names: readonly string[], room: number): string {
  const shown: string[] = [];
  for (const next of names) {
    const rest = names.length - shown.length - 1;
    const left = room - (rest > 0 ? MORE_ROOM : 0);
    if (shown.length > 0 && [...shown, next].join(', ').length > left) break;
    shown.push(next);
  }
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, +${more} more` : ''}`;
}

/** Who is named first, and the hosts that are not among those. */
export function splitTampered<One extends Bad>(failed: readonly One[], room?: number) {
  const isTampered = ({ problems }: Bad) => problems.some(({ kind }) => kind === 'tampered');
  const names = failed.filter(isTampered).map(({ host }) => host);
  return { lead: composeLead(names, room), others: failed.filter((one) => !isTampered(one)) };
}

/** `TAMPERED: web, db. ` before all else; nothing without names. */
export function composeLead(names: readonly string[], room = BANNER_ROOM): string {
  return names.length === 0 ? '' : `TAMPERED: ${nameWhileRoom(names, room)}. `;
}

/** `3 of 41 hosts FAILED`, with the kinds where they are many; what somebody did to backups comes first. */
export function composeFailedBanner(
  failed: readonly Bad[],
  hostsInConfig: number,
): { readonly banner: string; readonly tone: 'tampered' | 'bad' } {
  const text = `${failed.length} of ${count(hostsInConfig, 'host')} FAILED`;
  const counted = failed.length >= MANY ? `${text}: ${countByKind(failed)}` : text;
  const { lead } = splitTampered(failed);
  return { banner: `${lead}${counted}`, tone: lead === '' ? 'bad' : 'tampered' };
}

/** `MISSING (2nd day)`. */
export function formatKind({ kind, missed }: Worst): string {
  return `${kind.toUpperCase()}${isOfWindow(kind) && missed > 1 ? ` (${ordinal(missed)} day)` : ''}`;
}

/** `web MISSING (2nd day)`. */
export function formatBad({ host, problems: [worst] }: Bad): string {
  return `${host} ${formatKind(worst)}`;
}

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countByKind(failed: readonly Bad[]): string {
  return countEach(failed.map(({ problems: [worst] }) => worst.kind.toUpperCase()));
}

/** `40 of 41 hosts OK, 1 paused - Mon 23 Nov (#2026-327)`. */
export function composeGoodSubject(digest: Digest): string {
  const { checkedAt } = digest.report;
  const day = formatDate(checkedAt, digest.timezone, checkedAt);
  return `${composeGoodBanner(digest)} - ${day} (${serialOf(digest)})`;
}

/** `41 of 41 hosts OK`, `40 of 41 hosts OK, 1 paused`; never OK while nothing at all is. */
export function composeGoodBanner(digest: Digest): string {
  const { ok, isNothing, rest } = countGood(digest);
  const hosts = count(digest.hostsInConfig, 'host');
  return [isNothing ? `NO BACKUP YET of ${hosts}` : `${ok} of ${hosts} OK`, ...rest].join(', ');
}

function countGood({ report: { hosts, unknownHosts } }: Digest) {
  const { ok } = summarize(hosts);
  const paused = hosts.filter(({ verdict }) => verdict === 'paused').length;
  const warned = hosts.filter(({ findings }) => worstSeverity(findings) === 'warning').length;
  const fresh = hosts.filter(({ verdict }) => verdict === 'never').length;
  const isNothing = ok === 0 && fresh > 0;
  const rest = [
    ...(fresh > 0 && !isNothing ? [`${fresh} without a backup yet`] : []),
    ...(warned > 0 ? [count(warned, 'warning')] : []),
    ...(paused > 0 ? [`${paused} paused`] : []),
    ...(unknownHosts.length > 0 ? [`${unknownHosts.length} not in the config`] : []),
  ];
  return { ok, isNothing, rest };
}
