// The verdict on one host: did a complete full answer for its window, and what else was found?

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import { type Instant, spanOf } from '../duplicity/time.ts';
import {
  countMissed,
  doesAnswer,
  graceEndsAt,
  isArriving,
  isBegunIn,
  isHome,
  isIn,
  judgeUnseen,
  type Progress,
  progressOf,
  type Unseen,
} from './answer.ts';
import {
  type Assessed,
  type Assessment,
  assessSets,
  mayAnswer,
  type SetsEvidence,
  SKEW,
} from './assessment.ts';
import { judgeTampered } from './changes.ts';
import {
  judgeClocks,
  judgeCold,
  judgeCopies,
  judgeCount,
  judgeFiles,
  judgeIncrementals,
  judgeOverlap,
} from './contents.ts';
import { judgeForeign } from './elsewhere.ts';
import {
  type Change,
  type Finding,
  type FindingKind,
  isInconclusive,
  sortFindings,
  timesOf,
} from './finding.ts';
import { explainLate, explainMiss, judgeMismatch, judgeOverdue } from './habit.ts';
import { heldAlways, type KeepRules, keepOf, type Lifecycle } from './lifecycle.ts';
import { type Countdown, countDown, judgeRetention } from './retention.ts';
import { type CalendarDate, closedWindow, type Window, windowBefore } from './window.ts';

/** Why a target could not be read; `hint` is what to do next. */
export type Unreadable = { readonly unreadable: string; readonly hint: string };

/** What was read in addition to the listing; each has its answer for when it was not. */
export type HostEvidence = SetsEvidence & {
  readonly lifecycle?: Lifecycle;
  /** When S3 itself says that the first volume of the last good copy is hidden. */
  readonly stampedAt?: Instant | undefined;
  /** Which rules held from when on, oldest first; without them those of now have always held. */
  readonly keeps?: readonly KeepRules[];
  /** Who changed what, as events showed it, of sets that were read. */
  readonly changes?: readonly Change[];
  /** The date of the newest window that an earlier run judged for good; without it nobody knows. */
  readonly judgedOn?: CalendarDate | undefined;
  /** The date of the newest window that owed nothing by the config of its day. */
  readonly excusedUntil?: CalendarDate | undefined;
  /** When the host was first seen in the config; without it nobody knows. */
  readonly knownSince?: Instant | undefined;
};

/** The judgement on one host at one instant. */
export type Judgement = {
  readonly host: Host;
  readonly at: Instant;
  readonly window: Window;
  /** `ok` = a complete full in the window and nothing but information found; else the worst finding. */
  readonly verdict: 'ok' | FindingKind;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** The newest good full that both clocks place in the window's day. */
  readonly answer: BackupSet | undefined;
  /** When the first full that answers was done; after `dueAt` = a recovery. */
  readonly answeredAt: Instant | undefined;
  /** The newest good full at all, whatever its day. */
  readonly lastGood: BackupSet | undefined;
  /** How long a last good copy that is not of this window lasts; `undefined` where nothing is to be counted. */
  readonly countdown: Countdown | undefined;
  /** When lifecycle hides the last good copy, by the config's days where the bucket's own rules were not read. */
  readonly expiresAt: Instant | undefined;
  readonly sets: readonly BackupSet[];
  /** Of each of the sets, in their order. */
  readonly assessments: readonly Assessment[];
  /** Windows in a row without an answer, this one included; 0 where it has one, or owes none. */
  readonly windowsMissed: number;
  /** What became of the windows that closed while no run looked. */
  readonly unseen: Unseen | undefined;
  readonly next: Progress | undefined;
};

/**
 * Judges a host at `now` by the newest window that has closed. `read` is what its target holds at `now`,
 * or why that is not known. Pure: the same listing and instant give the same verdict.
 */
export function judge(
  host: Host,
  read: Collection | Unreadable,
  now: Instant,
  evidence: HostEvidence = {},
): Judgement {
  const window = closedWindow(host, now);
  if ('unreadable' in read) return unreadable(host, window, now, read);

  const assessed = assessSets(host, read, evidence);
  const backups = assessed.sets.filter(({ set }) => mayAnswer(host, set));
  const answers = assessed.good.filter((one) => doesAnswer(host, one, window, now));
  const answer = answers.at(-1);
  const lastGood = assessed.good.at(-1);
  const keep = keepOf(host, evidence.lifecycle ?? NOT_ASKED);
  const { keeps = heldAlways(keep, host.keepDays), stampedAt, changes = [] } = evidence;
  const expiry = countDown(assessed, read.inconclusive, keep, now);
  const countdown = hasToCount(host, assessed, window, now) ? expiry : undefined;
  const mismatch = judgeMismatch(host, window, assessed.good, now);
  const isOwed = isOwedBy(host, window, assessed, evidence);
  // Of some sets nothing but a delete marker or a fingerprint may be left.
  const traces = [...read.histories, ...(evidence.fingerprints ?? [])];
  const seenAt =
    traces.length === 0 ? undefined : spanOf(traces.map(({ startedAt }) => startedAt)).lastAt;
  const windowsMissed =
    isOwed && mismatch.length === 0
      ? countMissed(host, window, assessed, answer, { ...evidence, seenAt }, now)
      : 0;
  const isNew = assessed.sets.length === 0 && seenAt === undefined;
  const asked = { host, window, good: assessed.good, backups, answer, windowsMissed, now };
  const ofWindow = judgeWindow({ ...asked, isOwed, isNew })
    // It comes each day, and not when the config says: that is reported in its place.
    .filter(({ kind }) => kind !== 'missing' || mismatch.length === 0);

  // While the next full still arrives within its grace, the last one is watched for its last two days only.
  const isLate = ofWindow.some(({ kind }) => kind === 'late');
  const isNotJustLate = (one: Finding) => !isLate || (one.kind === 'expiring' && one.urgent);
  const findings = sortFindings([
    ...judgeTampered(host, read, assessed, { ...evidence, changes, keeps }, window, now),
    ...judgeRetention(countdown, window.opensAt, now, stampedAt).filter(isNotJustLate),
    ...ofWindow,
    ...mismatch,
    ...judgeOverdue(host, assessed.sets),
    ...judgeFiles(read),
    ...judgeIncrementals(host, read.sets, window),
    ...judgeSets(host, backups, window, answer, now),
    ...judgeClocks(host, backups, window, now),
    ...judgeCopies(assessed.sets),
    ...judgeOverlap(assessed.sets, window),
    ...judgeCount(host, backups, window),
    ...judgeCold(assessed.sets, lastGood),
    ...judgeForeign(host, read),
  ]);
  return {
    host,
    at: now,
    window,
    verdict: verdictOf(findings, answer?.set),
    findings,
    answer: answer?.set,
    answeredAt: answer && Math.min(...answers.flatMap(({ completedAt }) => completedAt ?? [])),
    lastGood: lastGood?.set,
    countdown,
    expiresAt: lastGood && expiry?.hiddenAt,
    sets: read.sets,
    assessments: assessed.sets,
    windowsMissed,
    unseen: judgeUnseen(host, evidence, backups, keeps, now),
    next: progressOf(host, window, backups, lastGood, now),
  };
}

/** The rules of a bucket that there was no reason to read. */
export const NOT_ASKED: Lifecycle = { unknown: 'not asked' };

/** No good full has been begun since the window opened, and the last one does not answer it: it will expire. */
export function hasToCount(host: Host, { good }: Assessed, window: Window, now: Instant): boolean {
  const newest = good.at(-1);
  if (newest === undefined) return true;
  return newest.startedAt < window.opensAt && !doesAnswer(host, newest, window, now);
}

/**
 * What is wrong with the fulls that were begun since the window opened, or with the newest one where none was. What spoils
 * one is critical, unless another full answers the window; a foreign key always is. What a full lacks is left to the window.
 */
function judgeSets(
  host: Host,
  backups: readonly Assessment[],
  window: Window,
  answer: Assessment | undefined,
  now: Instant,
): Finding[] {
  const isOfNow = (one: Assessment) =>
    isHome(host, window, one) ||
    isIn(window, one.startedAt) ||
    (one.startedAt >= window.endsAt && one.startedAt <= now + SKEW);
  const ofNow = backups.filter(isOfNow);
  const hasManifest = ({ set }: Assessment) => set.manifest !== undefined;
  const newest = backups.findLast((one) => hasManifest(one) && one.startedAt <= now + SKEW);
  const shown = ofNow.some(hasManifest) || newest === undefined ? ofNow : [newest];
  // One that was long on its way was begun before.
  const all = answer === undefined || shown.includes(answer) ? shown : [answer, ...shown];
  return all.flatMap((one) =>
    one.faults.flatMap(({ spoils, finding }): Finding[] => {
      if (finding === undefined || SAID_APART.has(finding.kind)) return [];
      if (one === answer) return [finding];
      const isOfSize = 'by' in finding && finding.by === 'size';
      if (finding.severity === 'info' && !isOfSize) return [finding];
      if (spoils !== 'restoring') return [];
      const isNext = one.startedAt >= window.opensAt && !isHome(host, window, one);
      const isCured = answer !== undefined && !isNext;
      return isCured && finding.kind !== 'wrong-recipient'
        ? [{ ...finding, severity: 'warning' }]
        : [finding];
    }),
  );
}

// Of the window, and of all sets.
const SAID_APART: ReadonlySet<FindingKind> = new Set(['incomplete', 'copied']);

/** The verdict of a host: the worst finding on its backups. */
function verdictOf(
  findings: readonly Finding[],
  answer: BackupSet | undefined,
): 'ok' | FindingKind {
  const [worst] = findings.filter((finding) => !isInconclusive(finding));
  if (worst !== undefined && worst.severity !== 'info') return worst.kind;
  const excuse = findings.find(({ kind }) => kind === 'paused' || kind === 'never');
  return excuse === undefined || answer !== undefined ? 'ok' : excuse.kind;
}

function unreadable(host: Host, window: Window, now: Instant, why: Unreadable): Judgement {
  return {
    host,
    at: now,
    window,
    verdict: 'unreadable',
    findings: [
      { kind: 'unreadable', severity: 'critical', reason: why.unreadable, hint: why.hint },
    ],
    answer: undefined,
    answeredAt: undefined,
    lastGood: undefined,
    countdown: undefined,
    expiresAt: undefined,
    sets: [],
    assessments: [],
    unseen: undefined,
    windowsMissed: 0,
    next: undefined,
  };
}

/** What the window itself says: that nothing answers it, why, or that something of it lacks though another full does. */
function judgeWindow(asked: {
  readonly host: Host;
  readonly window: Window;
  readonly good: readonly Assessment[];
  readonly backups: readonly Assessment[];
  readonly answer: Assessment | undefined;
  readonly windowsMissed: number;
  readonly isOwed: boolean;
  /** Nothing was ever seen of it. */
  readonly isNew: boolean;
  readonly now: Instant;
}): Finding[] {
  const { host, window, good, backups, answer, windowsMissed, isOwed, isNew, now } = asked;
  const { paused } = host;
  // It covers the windows due before its date; it always ends.
  if (paused !== undefined && window.date < paused.until) {
    return [{ kind: 'paused', severity: 'info', ...paused }];
  }
  if (answer === undefined && !isOwed) return [{ kind: 'never', severity: 'info' }];
  if (isNew) return [{ kind: 'never', severity: 'critical' }];

  const begun = backups.filter((one) => isBegunIn(host, window, one));
  const unlisted = begun.find(({ complete }) => complete === undefined);
  if (answer === undefined && unlisted !== undefined) return [notRead(unlisted.set)];
  const endOf = (one: Assessment) => graceEndsAt(host, window, one);
  const arriving = begun.findLast((one) => isArriving(one, good.at(-1), now) && now < endOf(one));
  if (answer === undefined && arriving !== undefined) {
    const before = windowBefore(host, window);
    const isFirst = good.some((one) => doesAnswer(host, one, before, now));
    return [late(arriving.set, endOf(arriving), isFirst)];
  }
  const tooLate = begun.findLast(
    (one) => answer === undefined && isArriving(one, good.at(-1), now),
  );
  const setting = tooLate && explainLate(host, good, now);
  const slow = { arriving: true, ...(setting !== undefined && { setting }) } as const;
  const severity = answer === undefined ? 'critical' : 'warning';
  // A killed run that was made again is what `duplicate-full` shows; a newer one may still arrive.
  const isMadeUpFor = (one: Assessment) =>
    answer !== undefined &&
    one.set.manifest === undefined &&
    (one.startedAt < answer.startedAt || isArriving(one, good.at(-1), now));
  const lacking = begun
    .toReversed()
    .flatMap((one) =>
      one.faults.flatMap(({ finding }) =>
        finding?.kind !== 'incomplete' || isMadeUpFor(one)
          ? []
          : [{ ...finding, severity, windowsMissed, ...(one === tooLate && slow) } as const],
      ),
    );
  // What somebody changed before the window opened is no news of it: `tampered` was reported then.
  const isOfNow = ({ set, faults }: Assessment) =>
    set.lastWriteAt >= window.opensAt - SKEW || faults.some(({ finding }) => finding);
  const isShown = begun.some((one) => !one.good && isOfNow(one));
  if (answer !== undefined || isShown) return lacking.slice(0, 1);
  return [missing(window, backups, windowsMissed, explainMiss(host, window, backups, now))];
}

/**
 * A window from before `since` owes nothing, nor one that owed nothing in its day, nor does one that closed before the host
 * was known and gave a sign of life: so one that was written into the config is owed a backup by the second window that a
 * run sees close.
 */
function isOwedBy(
  host: Host,
  window: Window,
  { sets, hidden }: Assessed,
  { knownSince, excusedUntil = '' }: HostEvidence,
): boolean {
  if (window.date <= excusedUntil) return false;
  if (host.since !== undefined) return window.date >= host.since;
  if (knownSince === undefined) return true;
  const came = [...sets, ...hidden].some(({ set }) => set.arrivedAt <= window.dueAt);
  return window.dueAt > knownSince || came;
}

/** A set whose volumes the listing did not read can be neither good nor bad. */
function notRead(set: BackupSet): Finding {
  const name = new Date(set.startedAt).toISOString();
  return {
    kind: 'unreadable',
    severity: 'critical',
    reason: `the volumes of the full of ${name} were not listed`,
    hint: 'list the whole target, without a delimiter',
  };
}

function late(set: BackupSet, hardDueAt: Instant, isFirst: boolean): Finding {
  return {
    kind: 'late',
    severity: 'warning',
    startedAt: set.startedAt,
    volumes: set.volumes?.count ?? 0,
    lastArrivalAt: set.volumes?.lastAt ?? set.startedAt,
    hardDueAt,
    isFirst,
  };
}

function missing(
  window: Window,
  fulls: readonly Assessment[],
  windowsMissed: number,
  setting: string | undefined,
): Finding {
  // Touching the window with one clock only: the message must explain why that is not an answer.
  const strayed = fulls.filter(
    ({ startedAt, completedAt }) =>
      completedAt !== undefined && isIn(window, startedAt) !== isIn(window, completedAt),
  );
  const evidence = { strayed: strayed.map(timesOf), ...(setting !== undefined && { setting }) };
  return { kind: 'missing', severity: 'critical', windowsMissed, ...evidence };
}
