// What people see first of a message: its subject, its banner and its SMS, each within its bounds.
import { type Severity, worstSeverity } from '../rules/finding.ts';
import { isOfWindow, type Problem } from '../rules/problem.ts';
import type { Block, Message, ProblemEvent, Tone, Urgency } from './message-tree.ts';
import { clip, count, countEach, formatDate, ordinal, toAscii } from './plain-text.ts';
import type { BadHost } from './problem-text.ts';
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

/** From this many bad hosts on they are counted by kind, not named. */
export const MANY = 10;
// Room for the names within the bound of a subject, behind "[backup] "; and for ", +12 more".
const NAMES_ROOM = 87;
const MORE_ROOM = 9;
const LEAD_ROOM = 40;
const BANNER_ROOM = 200;

/** What people see first of a message. */
export type Head = { readonly banner: string; readonly subject: string; readonly tone: Tone };

/**
 * `2 of 41 hosts FAILED: web MISSING (2nd day), db INCOMPLETE`; what somebody did to backups comes first:
 * `TAMPERED: web. 2 of 41 hosts FAILED: db INCOMPLETE`. The banner has no names of the others.
 */
export function composeFailedHead(failed: readonly BadHost[], hostsInConfig: number): Head {
  const share = `${failed.length} of ${count(hostsInConfig, 'host')} FAILED`;
  const isMany = failed.length >= MANY;
  const counted = isMany ? `${share}: ${countByKind(failed)}` : share;
  const banner = `${splitTampered(failed).lead}${counted}`;
  const { lead, others } = splitTampered(failed, LEAD_ROOM);
  const tone = lead === '' ? 'bad' : 'tampered';
  const start = `${lead}${share}`;
  if (others.length === 0) return { banner, subject: start, tone };
  const words = isMany
    ? countByKind(others)
    : nameWhileRoom(others.map(formatBad), NAMES_ROOM - start.length);
  return { banner, subject: `${start}: ${words}`, tone };
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
export function splitTampered(failed: readonly BadHost[], room?: number) {
  const isTampered = ({ problems }: BadHost) => problems.some(({ kind }) => kind === 'tampered');
  const names = failed.filter(isTampered).map(({ host }) => host);
  return { lead: composeLead(names, room), others: failed.filter((one) => !isTampered(one)) };
}

/** `TAMPERED: web, db. ` before all else; nothing without names. */
export function composeLead(names: readonly string[], room = BANNER_ROOM): string {
  return names.length === 0 ? '' : `TAMPERED: ${nameWhileRoom(names, room)}. `;
}

/** `MISSING (2nd day)`. */
export function formatKind({ kind, missed }: Problem): string {
  return `${kind.toUpperCase()}${isOfWindow(kind) && missed > 1 ? ` (${ordinal(missed)} day)` : ''}`;
}

/** `web MISSING (2nd day)`. */
export function formatBad({ host, problems: [worst] }: BadHost): string {
  return `${host} ${formatKind(worst)}`;
}

/** `10 MISSING, 2 UNREADABLE`; most first. */
export function countByKind(failed: readonly BadHost[]): string {
  return countEach(failed.map(({ problems: [worst] }) => worst.kind.toUpperCase()));
}

/**
 * `40 of 41 hosts OK, 1 paused`, in the subject with `- Mon 23 Nov (#2026-327)`; never OK while nothing at all is.
 */
export function composeGoodHead(digest: Digest): Omit<Head, 'tone'> {
  const { hosts, unknownHosts, checkedAt } = digest.report;
  const { ok } = summarize(hosts);
  const paused = hosts.filter(({ verdict }) => verdict === 'paused').length;
  const warned = hosts.filter(({ findings }) => worstSeverity(findings) === 'warning').length;
  const unowed = hosts.filter(({ verdict }) => verdict === 'never');
  const fresh = unowed.filter(({ lastGood }) => lastGood === null).length;
  const resting = unowed.length - fresh;
  const all = count(digest.hostsInConfig, 'host');
  const isNothing = ok === 0 && fresh > 0;
  const banner = [
    isNothing ? `NO BACKUP YET of ${all}` : `${ok} of ${all} OK`,
    ...(fresh > 0 && !isNothing ? [`${fresh} without a backup yet`] : []),
    ...(resting > 0 ? [`${resting} owing none yet`] : []),
    ...(warned > 0 ? [count(warned, 'warning')] : []),
    ...(paused > 0 ? [`${paused} paused`] : []),
    ...(unknownHosts.length > 0 ? [`${unknownHosts.length} not in the config`] : []),
  ].join(', ');
  const day = formatDate(checkedAt, digest.timezone, checkedAt);
  return { banner, subject: `${banner} - ${day} (${serialOf(digest)})` };
}
