// A problem: a finding as people are notified of it, from when it is first seen until everyone knows that it is over.

import { DAY, HOUR, type Instant } from '../duplicity/time.ts';
import { CAUSE_OF, type Change, type FindingKind, SEVERITIES, type Severity } from './finding.ts';

/**
 * What is not a finding of a host: the monitor's own trouble, the bucket outside of every target, and the day's digest,
 * which each channel has to hear once, too.
 */
export const OWN_KINDS = [
  'channel',
  'memory',
  'no-run',
  'unknown-prefix',
  'unowned',
  'earlier',
  'digest',
  'muted',
] as const;
export type OwnKind = (typeof OWN_KINDS)[number];
export type ProblemKind = FindingKind | OwnKind;

/** What a channel was notified of: at which severity, how many of its subjects, and whether it is over. */
type Notified = {
  readonly at: Instant;
  /** When it was notified before that, within the hour: what comes too often is held back. */
  readonly before?: readonly Instant[];
  readonly severity: Severity;
  readonly subjects: number;
  readonly over?: boolean | undefined;
  /** As an event of its own: then its end is an event, too, also of a warning. */
  readonly isEvent?: true | undefined;
};

export type Problem = {
  /** The host's name in the config; empty for the monitor's own. */
  readonly host: string;
  /**
   * Its target and file prefix: a host that is only renamed keeps its problems. Of no host: the folder in the bucket, or
   * whom it mutes.
   */
  readonly place: string;
  readonly kind: ProblemKind;
  /** The worst that it has been. */
  readonly severity: Severity;
  readonly since: Instant;
  readonly lastSeen: Instant;
  /** Windows, sets or names, in the order in which they were seen: one more is news. At most `MOST_SUBJECTS`. */
  readonly subjects: readonly string[];
  /** Windows in a row without a backup, this one included. */
  readonly missed: number;
  /** In words, as judged last: the finding, what stands below it, and the next step. */
  readonly says: string;
  readonly details: readonly string[];
  readonly step?: string | undefined;
  readonly lastGoodAt?: Instant | undefined;
  /** Files whose sets are looked at while it is open, at most `MOST_SETS_WATCHED`; of the digest its channels. */
  readonly files: readonly string[];
  /** Who changed what: the first that were seen, at most `MOST_CHANGES` of `changeCount`. */
  readonly changes: readonly Change[];
  readonly changeCount: number;
  /** The same for ten or more hosts that failed in the same way in one run. */
  readonly group?: string | undefined;
  /** By the name of a channel. */
  readonly notified: ReadonlyMap<string, Notified>;
  /** Since when it is over, and how in words; `isWell`: nothing else is wrong with the host. */
  readonly over?:
    | { readonly at: Instant; readonly says: string; readonly isWell: boolean }
    | undefined;
  /** By the run that is sending it. */
  readonly claim?: { readonly by: string; readonly at: Instant } | undefined;
};

/** Who else changed it, and what else it is about, is counted. */
export const MOST_CHANGES = 20;
/** Of those before the newest it is known how many there are. */
export const MOST_SUBJECTS = 100;
export const MOST_SETS_WATCHED = 100;
// A run lasts a quarter of an hour at most: one that holds a claim for longer is dead.
const CLAIM_MS = 20 * 60_000;
// S3 retries an event for a day, Lambda for six hours more; a window is looked at until the next one closes.
const KEPT_MS = 3 * DAY;

/** The same for what is one problem: what a window lacks is one, whatever it is called from day to day. */
export function problemId({ place, kind, subjects: [first] }: Problem): string {
  if (kind === 'digest') return kind;
  // Of one host more than one thing may have been said.
  if (kind === 'muted') return `${kind} ${first}`;
  if (isOwn(kind)) return `${kind} ${place || first}`;
  return `${isOfWindow(kind) ? 'window' : kind} ${place}`;
}

/** It is no finding of a host. */
export function isOwn(kind: ProblemKind): kind is OwnKind {
  return (OWN_KINDS as readonly string[]).includes(kind);
}

/** It is what a window lacks: a full of the window makes it good. */
export function isOfWindow(kind: ProblemKind): boolean {
  return !isOwn(kind) && CAUSE_OF[kind] === 'window';
}

const MADE_UP_FOR = new Set<ProblemKind>([
  'incomplete',
  'damaged',
  'maybe-truncated',
  'chain-broken',
]);

/** What one backup lacks, and another of its window makes up for: then it is a warning. */
export function isMadeUpFor(kind: ProblemKind): boolean {
  return MADE_UP_FOR.has(kind);
}

/** Who is notified: of all problems, or of those that a channel is for. */
export type Listener = {
  readonly name: string;
  readonly isNotified?: (problem: Problem) => boolean;
};

/** What there is to tell a channel of a problem. */
export type News = 'new' | 'reminder' | 'over';

/**
 * What is news to a channel: a problem that is new to it, has become graver, or is about something more. What is only
 * a warning is sent once. What is over is sent to those who were notified of it, and to those who should have been.
 */
export function newsOf(problem: Problem, { name, isNotified }: Listener): News | undefined {
  const { severity, subjects, over, kind } = problem;
  const notified = problem.notified.get(name);
  if (isNotified?.(problem) === false) return undefined;
  // Of what it became it may not have heard yet.
  const isUnheard = notified === undefined || isGraver(severity, notified.severity);
  if (over !== undefined) {
    if (notified?.over === true || (isOwn(kind) && kind !== 'channel')) return undefined;
    const mustHear = isUnheard ? severity === 'critical' : isLoud(notified, kind);
    return mustHear ? 'over' : undefined;
  }
  if (kind === 'digest') {
    const isOwed = problem.files.includes(name) && subjects.length > (notified?.subjects ?? 0);
    return isOwed ? 'new' : undefined;
  }
  if (severity === 'info') return undefined;
  if (isUnheard) return 'new';
  if (severity !== 'critical' || subjects.length <= notified.subjects) return undefined;
  return kind === 'unreadable' || isOfWindow(kind) ? 'reminder' : 'new';
}

function isGraver(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) < SEVERITIES.indexOf(b);
}

/** The end of a warning is left to the digest, but for a channel that takes messages again, and for events. */
function isLoud({ severity, isEvent }: Notified, kind: ProblemKind): boolean {
  return severity === 'critical' || kind === 'channel' || isEvent === true;
}

/** True while another run may be sending it. */
export function isClaimed({ claim }: Problem, run: string, now: Instant): boolean {
  return claim !== undefined && claim.by !== run && Math.abs(now - claim.at) < CLAIM_MS;
}

/** The problem once channels have taken a message about it, as it was when it was `sent`. */
export function noteNotified(
  problem: Problem,
  sent: Problem,
  channels: readonly { readonly name: string; readonly isPager?: boolean }[],
  at: Instant,
): Problem {
  const { claim: _, ...rest } = problem;
  if (problem.since !== sent.since) return rest;
  const { severity, subjects, over } = sent;
  const takenBy = ({ name, isPager }: (typeof channels)[number]): Notified => {
    const before = notifiedWithinHour(problem, name, at);
    return {
      ...{ at, severity, subjects: subjects.length },
      ...(before.length > 0 && { before }),
      ...(over && { over: true }),
      ...(isPager && { isEvent: true }),
    };
  };
  return {
    ...rest,
    notified: new Map([
      ...problem.notified,
      ...channels.map((channel) => [channel.name, takenBy(channel)] as const),
    ]),
  };
}

/** When a channel was notified of a problem within the last hour. */
export function notifiedWithinHour(problem: Problem, channel: string, now: Instant): Instant[] {
  const notified = problem.notified.get(channel);
  const times = notified === undefined ? [] : [...(notified.before ?? []), notified.at];
  return times.filter((at) => now - at < HOUR);
}

/** It is over and there is nobody left to tell; kept for a while all the same, as what is older may still come. */
export function isDone(problem: Problem, channels: readonly Listener[], now: Instant): boolean {
  if (problem.over === undefined || now - problem.over.at < KEPT_MS) return false;
  return isNewsToNobody(problem, channels);
}

/** There is nothing to send to any channel about it. */
export function isNewsToNobody(problem: Problem, channels: readonly Listener[]): boolean {
  return channels.every((channel) => newsOf(problem, channel) === undefined);
}

/** Open until it was notified, as nobody judges it again. */
export function isNotifiedOnce({ kind }: Problem): boolean {
  return isOwn(kind) && kind !== 'channel' && kind !== 'digest';
}
