// The verdict on one host: did a complete full answer for its window, and what else was found?

import type { Host } from '../config/config.ts';
import {
  type BackupSet,
  type Collection,
  completedAt,
  isComplete,
  isOnlyDoubled,
} from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { doesAnswer, isArriving, isIn, newestFull, type Progress, progressOf } from './answer.ts';
import {
  judgeAnswer,
  judgeClocks,
  judgeCount,
  judgeEncryption,
  judgeForeign,
  judgeFraming,
  judgeIncrementals,
  judgePoison,
  judgeRecipients,
} from './contents.ts';
import {
  type ChangedFull,
  type Finding,
  type FindingKind,
  isInconclusive,
  type OpenedBy,
  sortFindings,
  timesOf,
} from './finding.ts';
import { type Fingerprint, unchangedOf } from './fingerprints.ts';
import { keepOf, type Lifecycle } from './lifecycle.ts';
import { type Countdown, countDown, goodFulls, judgeRetention } from './retention.ts';
import { judgeTampering } from './tampering.ts';
import { closedWindow, type Window, windowBefore } from './window.ts';

/** Why a target could not be read; `hint` is what to do next. */
export type Unreadable = { readonly unreadable: string; readonly hint: string };

/** What was read in addition to the listing; each has its answer for when it was not. */
export type HostEvidence = {
  /** Who can open the newest full, and whether it is all there. */
  readonly opened?: readonly OpenedBy[];
  readonly lifecycle?: Lifecycle;
  /** When S3 itself says that the first volume of the last good copy is hidden. */
  readonly stampedAt?: Instant | undefined;
  /** What is remembered of the host's fulls, newest first. */
  readonly fingerprints?: readonly Fingerprint[];
  /** Those that are not what they were. */
  readonly broken?: readonly ChangedFull[];
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
  /** The newest complete full that both clocks place in the window's day. */
  readonly answer: BackupSet | undefined;
  /** When the first full that answers was done; after `dueAt` = a recovery. */
  readonly answeredAt: Instant | undefined;
  /**
   * The newest complete full at all, whatever its day; never one from the future, overwritten, cut, or of a wrong
   * recipient.
   */
  readonly lastGood: BackupSet | undefined;
  /** How long a last good copy that is not of this window lasts; `undefined` where nothing is to be counted. */
  readonly countdown: Countdown | undefined;
  readonly sets: readonly BackupSet[];
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
  {
    opened = [],
    lifecycle = NOT_ASKED,
    stampedAt,
    fingerprints = [],
    broken = [],
  }: HostEvidence = {},
): Judgement {
  const window = closedWindow(host, now);
  if ('unreadable' in read) return unreadable(host, window, now, read);

  const fulls = read.sets.filter((set) => set.type === 'full');
  const answers = fulls.filter((set) => doesAnswer(set, window, now));
  const answer = answers.at(-1);
  const answeredAt =
    answers.length === 0
      ? undefined
      : Math.min(...answers.flatMap((set) => completedAt(set) ?? []));
  const unchanged = unchangedOf(read, broken);
  const newest = newestFull(read.sets, now);
  const ofRecipients =
    newest === undefined
      ? []
      : [...judgeRecipients(opened, host.recipients), ...judgeFraming(newest, opened)];
  const refused = ofRecipients.some(({ severity }) => severity !== 'info') ? newest : undefined;
  const lastGood = goodFulls(unchanged, now).findLast((set) => set !== refused);
  const keep = keepOf(host, lifecycle);
  const countdown = hasToCount(unchanged, window, now)
    ? countDown(unchanged, keep, now)
    : undefined;

  const findings = sortFindings([
    ...judgeTampering(read, host, keep, window, broken),
    ...judgeRetention(countdown, window.opensAt, now, stampedAt),
    ...judgeWindow(host, window, read, lastGood, answer, now),
    ...judgePoison(read),
    ...judgeIncrementals(host, read.sets, window),
    ...judgeEncryption(read),
    ...ofRecipients,
    ...(answer === undefined ? [] : judgeAnswer(answer, read.sets, host, fingerprints)),
    ...judgeClocks(fulls, window, now),
    ...judgeCount(fulls, window),
    ...judgeForeign(read),
  ]);
  return {
    host,
    at: now,
    window,
    verdict: verdictOf(findings, answer),
    findings,
    answer,
    answeredAt,
    lastGood,
    countdown,
    sets: read.sets,
    next: progressOf(host, window, fulls, now),
  };
}

/** The rules of a bucket that there was no reason to read. */
export const NOT_ASKED: Lifecycle = { unknown: 'not asked' };

/** No good full has been begun since the window opened: the last one will expire. */
export function hasToCount(read: Collection, { opensAt }: Window, now: Instant): boolean {
  const newest = goodFulls(read, now).at(-1);
  return newest === undefined || newest.startedAt < opensAt;
}

/** The verdict of a host: the worst finding on its backups. */
export function verdictOf(
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
    sets: [],
    next: undefined,
  };
}

const WINDOWS_COUNTED = 400;

/** Nothing for a window that was answered; `lastGood` shows how many were not. */
export function judgeWindow(
  host: Host,
  window: Window,
  { sets, hiddenFulls }: Collection,
  lastGood: BackupSet | undefined,
  answer: BackupSet | undefined,
  now: Instant,
): Finding[] {
  const pause = pauseOf(host, window);
  if (pause !== undefined) return [pause];
  if (answer !== undefined) return [];
  const owed = host.since === undefined || window.date >= host.since;
  if (!owed) return [{ kind: 'never', severity: 'info' }];
  if (sets.length + hiddenFulls.length === 0) return [{ kind: 'never', severity: 'critical' }];

  const fulls = sets.filter((set) => set.type === 'full');
  const begun = fulls.filter((set) => isIn(window, set.startedAt));
  const unlisted = begun.find((set) => isComplete(set) === undefined);
  if (unlisted !== undefined) return [notRead(unlisted)];
  const arriving = begun.findLast((set) => isArriving(set, now));
  if (arriving !== undefined && now < window.hardDueAt) return [late(arriving, window)];
  const broken = begun.findLast((set) => isComplete(set) === false);
  // A set that is there twice over lacks nothing: `poisoned` is what is wrong with it.
  if (broken !== undefined && isOnlyDoubled(broken)) return [];
  const since = (lastGood ?? hiddenFulls.at(-1)?.set)?.startedAt;
  const windowsMissed = windowsSince(host, window, since);
  return broken === undefined
    ? [missing(window, fulls, windowsMissed)]
    : [incomplete(broken, windowsMissed)];
}

/** A pause covers the windows due before its date; it always ends. */
function pauseOf(host: Host, window: Window): Finding | undefined {
  const { paused } = host;
  if (paused === undefined || window.date >= paused.until) return undefined;
  return { kind: 'paused', severity: 'info', ...paused };
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

function late(set: BackupSet, window: Window): Finding {
  return {
    kind: 'late',
    severity: 'warning',
    startedAt: set.startedAt,
    volumes: set.volumes?.count ?? 0,
    lastArrivalAt: set.volumes?.lastAt ?? set.startedAt,
    hardDueAt: window.hardDueAt,
  };
}

function incomplete(set: BackupSet, windowsMissed: number): Finding {
  const { volumes, manifest } = set;
  return {
    kind: 'incomplete',
    severity: 'critical',
    windowsMissed,
    startedAt: set.startedAt,
    volumes: volumes?.count ?? 0,
    missingVolumes: volumes?.missing ?? [],
    emptyVolumes: volumes?.empty ?? [],
    manifest: manifest === undefined ? 'absent' : manifest.bytes === 0 ? 'empty' : 'there',
  };
}

function missing(window: Window, fulls: readonly BackupSet[], windowsMissed: number): Finding {
  // Touching the window with one clock only: the message must explain why that is not an answer.
  const strayed = fulls.filter((set) => {
    const done = completedAt(set);
    return done !== undefined && isIn(window, set.startedAt) !== isIn(window, done);
  });
  return {
    kind: 'missing',
    severity: 'critical',
    windowsMissed,
    strayed: strayed.map(timesOf),
  };
}

/** How many windows have closed unanswered, this one included, since the last good full began; those that owed one. */
function windowsSince(host: Host, window: Window, lastGoodAt: Instant | undefined): number {
  if (lastGoodAt === undefined) return 1;
  const isOwed = ({ date }: Window) =>
    date >= (host.since ?? date) && date >= (host.paused?.until ?? date);
  let count = 1;
  let before = windowBefore(host, window);
  while (count < WINDOWS_COUNTED && before.opensAt > lastGoodAt && isOwed(before)) {
    count += 1;
    before = windowBefore(host, before);
  }
  return count;
}
