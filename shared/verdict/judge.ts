// The verdict on one host: did a complete full answer for its window, and what else was found?
import { type BackupSet, type Collection, completedAt } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { doesAnswer, newestFull, type Progress, progressOf } from './answer.ts';
import {
  judgeAnswer,
  judgeClocks,
  judgeCount,
  judgeEncryption,
  judgeForeign,
  judgeIncrementals,
  judgePoison,
} from './contents.ts';
import {
  type BrokenSeal,
  type Finding,
  type FindingKind,
  isUntold,
  type OpenedBy,
  sortFindings,
} from './finding.ts';
import { judgeFraming } from './framing.ts';
import { keepOf, type Lifecycle } from './lifecycle.ts';
import { judgeRecipients } from './recipients.ts';
import { type Countdown, countDown, goodFulls, judgeRetention } from './retention.ts';
import { type Seal, soundOf } from './seal.ts';
import { judgeTampering } from './tamper.ts';
import { judgeTurn } from './turn.ts';
import { closedWindow, type Window } from './window.ts';

/** Why a target could not be read; `hint` says what to do next. */
export type Unreadable = { readonly unreadable: string; readonly hint: string };

/** What was read beside the listing; each has its answer for when it was not. */
export type Beside = {
  /** Who can open the newest full, and whether it is all there. */
  readonly opened?: readonly OpenedBy[];
  readonly lifecycle?: Lifecycle;
  /** When S3 itself says that the first volume of the last good copy is hidden. */
  readonly stampedAt?: Instant | undefined;
  /** What is remembered of the host's fulls, newest first. */
  readonly seals?: readonly Seal[];
  /** Those that are not what they were. */
  readonly broken?: readonly BrokenSeal[];
};

/** The judgement on one host at one instant. */
export type Verdict = {
  readonly host: Host;
  readonly at: Instant;
  readonly window: Window;
  /** `ok` = a complete full in the window and nothing but information found; else the worst finding. */
  readonly headline: 'ok' | FindingKind;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** The newest complete full that both clocks place in the window's day. */
  readonly answer: BackupSet | undefined;
  /** When the first full that answers was done; after `dueAt` = a recovery. */
  readonly answeredAt: Instant | undefined;
  /** The newest complete full at all, whatever its day; never one from the future, overwritten, cut, or of a wrong recipient. */
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
  { opened = [], lifecycle = NOT_ASKED, stampedAt, seals = [], broken = [] }: Beside = {},
): Verdict {
  const window = closedWindow(host, now);
  if ('unreadable' in read) return unreadable(host, window, now, read);

  const fulls = read.sets.filter((set) => set.type === 'full');
  const answers = fulls.filter((set) => doesAnswer(set, window, now));
  const answer = answers.at(-1);
  const answeredAt =
    answers.length === 0
      ? undefined
      : Math.min(...answers.flatMap((set) => completedAt(set) ?? []));
  const sound = soundOf(read, broken);
  const newest = newestFull(read.sets, now);
  const told =
    newest === undefined
      ? []
      : [...judgeRecipients(opened, host.recipients), ...judgeFraming(newest, opened)];
  const refused = told.some(({ severity }) => severity !== 'info') ? newest : undefined;
  const lastGood = goodFulls(sound, now).findLast((set) => set !== refused);
  const keep = keepOf(host, lifecycle);
  const countdown = hasToCount(sound, window, now) ? countDown(sound, keep, now) : undefined;

  const findings = sortFindings([
    ...judgeTampering(read, host, keep, window, broken),
    ...judgeRetention(countdown, window.opensAt, now, stampedAt),
    ...judgeTurn(host, window, read, lastGood, answer, now),
    ...judgePoison(read),
    ...judgeIncrementals(host, read.sets, window),
    ...judgeEncryption(read),
    ...told,
    ...(answer === undefined ? [] : judgeAnswer(answer, read.sets, host, seals)),
    ...judgeClocks(fulls, window, now),
    ...judgeCount(fulls, window),
    ...judgeForeign(read),
  ]);
  return {
    host,
    at: now,
    window,
    headline: headlineOf(findings, answer),
    findings,
    answer,
    answeredAt,
    lastGood,
    countdown,
    sets: read.sets,
    next: progressOf(host, window, fulls, now),
  };
}

/** The rules of a bucket that nobody had a reason to read. */
export const NOT_ASKED: Lifecycle = { unread: 'not asked' };

/** No good full has been begun since the window opened: the last one's days are numbered. */
export function hasToCount(read: Collection, { opensAt }: Window, now: Instant): boolean {
  const newest = goodFulls(read, now).at(-1);
  return newest === undefined || newest.startedAt < opensAt;
}

function headlineOf(
  findings: readonly Finding[],
  answer: BackupSet | undefined,
): 'ok' | FindingKind {
  const [worst] = findings.filter((finding) => !isUntold(finding));
  if (worst !== undefined && worst.severity !== 'info') return worst.kind;
  const excuse = findings.find(({ kind }) => kind === 'paused' || kind === 'never');
  return excuse === undefined || answer !== undefined ? 'ok' : excuse.kind;
}

function unreadable(host: Host, window: Window, now: Instant, why: Unreadable): Verdict {
  return {
    host,
    at: now,
    window,
    headline: 'unreadable',
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
