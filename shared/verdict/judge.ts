// The verdict on one host: did a complete full answer for its window, and what else was found?
import {
  type BackupSet,
  type Collection,
  completedAt,
  isComplete,
  isOnlyDoubled,
} from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import {
  type Finding,
  type FindingKind,
  type OpenedBy,
  type SetTimes,
  showNames,
  sortFindings,
  worstSeverity,
} from './finding.ts';
import { judgeRecipients } from './recipients.ts';
import { judgeSize, judgeTail } from './size.ts';
import { closedWindow, type Window, windowAfter, windowBefore } from './window.ts';

/** Why a target could not be read; `hint` says what to do next. */
export type Unreadable = { readonly unreadable: string; readonly hint: string };

/** How far the window that is open now has come. */
export type Progress = {
  readonly window: Window;
  readonly state: 'done' | 'uploading' | 'not yet';
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
  /** The newest complete full at all, whatever its day; never one from the future. */
  readonly lastGood: BackupSet | undefined;
  readonly sets: readonly BackupSet[];
  readonly next: Progress | undefined;
};

const MINUTE = 60_000;
const SKEW = 5 * MINUTE;
const DAY = 24 * 60 * MINUTE;
const ARRIVING = 60 * MINUTE;
const WINDOWS_COUNTED = 400;

/**
 * Judges a host at `now` by the newest window that has closed. `read` is what its target holds at `now`,
 * or why that is not known; `opened` says who can open the newest full. Pure: the same listing and instant give the same verdict.
 */
export function judge(
  host: Host,
  read: Collection | Unreadable,
  now: Instant,
  opened: readonly OpenedBy[] = [],
): Verdict {
  const window = closedWindow(host, now);
  if ('unreadable' in read) return unreadable(host, window, now, read);

  const fulls = read.sets.filter((set) => set.type === 'full');
  const answers = fulls.filter((set) => doesAnswer(set, window, now));
  const answer = answers.at(-1);
  const answeredAt = answers.length === 0 ? undefined : Math.min(...answers.flatMap(doneAt));
  const present = fulls.filter((set) => set.startedAt <= now + SKEW);
  const lastGood = present.findLast((set) => isComplete(set) === true);

  const findings = sortFindings([
    ...judgeTurn(host, window, fulls, read.sets, lastGood, answer, now),
    ...judgePoison(read),
    ...judgeIncrementals(read.sets, window),
    ...judgeEncryption(read),
    ...(newestFull(read.sets, now) === undefined ? [] : judgeRecipients(opened, host.recipients)),
    ...(answer === undefined ? [] : judgeAnswer(answer, read.sets, host)),
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
    sets: read.sets,
    next: progressOf(host, window, fulls, now),
  };
}

/** The full that says today who can open the backups: the newest with a manifest, and not from the future. */
export function newestFull(sets: readonly BackupSet[], now: Instant): BackupSet | undefined {
  return sets.findLast(
    (set) => set.type === 'full' && set.manifest !== undefined && set.startedAt <= now + SKEW,
  );
}

/** Both clocks agree: the set began in the window's day, and its manifest was written in it, by now. */
function doesAnswer(set: BackupSet, window: Window, now: Instant): boolean {
  const doneAt = completedAt(set);
  return (
    doneAt !== undefined && doneAt <= now && isIn(window, set.startedAt) && isIn(window, doneAt)
  );
}

function isIn(window: Window, at: Instant): boolean {
  return at >= window.opensAt && at < window.endsAt;
}

function doneAt(set: BackupSet): Instant[] {
  const at = completedAt(set);
  return at === undefined ? [] : [at];
}

/** What a window that nobody answered is called; nothing for one that was answered. */
function judgeTurn(
  host: Host,
  window: Window,
  fulls: readonly BackupSet[],
  sets: readonly BackupSet[],
  lastGood: BackupSet | undefined,
  answer: BackupSet | undefined,
  now: Instant,
): Finding[] {
  const pause = pauseOf(host, window);
  if (pause !== undefined) return [pause];
  if (answer !== undefined) return [];
  const owed = host.since === undefined || window.date >= host.since;
  if (!owed) return [{ kind: 'never', severity: 'info' }];
  if (sets.length === 0) return [{ kind: 'never', severity: 'critical' }];

  const begun = fulls.filter((set) => isIn(window, set.startedAt));
  const unread = begun.find((set) => isComplete(set) === undefined);
  if (unread !== undefined) return [notRead(unread)];
  const arriving = begun.findLast((set) => isArriving(set, now));
  if (arriving !== undefined && now < window.hardDueAt) return [late(arriving, window)];
  const broken = begun.findLast((set) => isComplete(set) === false);
  // A set that is there twice over lacks nothing: `poisoned` says what is wrong with it.
  if (broken !== undefined) return isOnlyDoubled(broken) ? [] : [incomplete(broken)];
  return [missing(host, window, fulls, lastGood)];
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

function isArriving(set: BackupSet, now: Instant): boolean {
  const lastAt = set.volumes?.lastAt;
  return lastAt !== undefined && now - lastAt <= ARRIVING && isComplete(set) === false;
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

function incomplete(set: BackupSet): Finding {
  const { volumes, manifest } = set;
  return {
    kind: 'incomplete',
    severity: 'critical',
    startedAt: set.startedAt,
    volumes: volumes?.count ?? 0,
    missingVolumes: volumes?.missing ?? [],
    emptyVolumes: volumes?.empty ?? [],
    manifest: manifest === undefined ? 'absent' : manifest.bytes === 0 ? 'empty' : 'there',
  };
}

function missing(
  host: Host,
  window: Window,
  fulls: readonly BackupSet[],
  lastGood: BackupSet | undefined,
): Finding {
  // Touching the window with one clock only: the message must say why that is not an answer.
  const strayed = fulls.filter((set) => {
    const done = completedAt(set);
    return done !== undefined && isIn(window, set.startedAt) !== isIn(window, done);
  });
  return {
    kind: 'missing',
    severity: 'critical',
    windowsMissed: windowsSince(host, window, lastGood?.startedAt),
    strayed: strayed.map(timesOf),
  };
}

function timesOf(set: BackupSet): SetTimes {
  return { startedAt: set.startedAt, completedAt: completedAt(set) };
}

/** How many windows have closed unanswered, this one included, since the last good full began. */
function windowsSince(host: Host, window: Window, lastGoodAt: Instant | undefined): number {
  if (lastGoodAt === undefined) return 1;
  let count = 1;
  for (let w = windowBefore(host, window); w.opensAt > lastGoodAt; w = windowBefore(host, w)) {
    count += 1;
    if (count >= WINDOWS_COUNTED) break;
  }
  return count;
}

function judgePoison({ poison }: Collection): Finding[] {
  const names = poison.flatMap((one) => one.names);
  return names.length === 0
    ? []
    : [{ kind: 'poisoned', severity: 'critical', ...showNames(names) }];
}

/** Critical when one was written since the window opened; an older one is told for as long as it lasts. */
function judgeIncrementals(sets: readonly BackupSet[], window: Window): Finding[] {
  const incrementals = sets.filter((set) => set.type === 'inc');
  const [first] = incrementals;
  if (first === undefined) return [];
  // The volumes of one that was killed are left unread, and may have come until now.
  const lastSignOf = (set: BackupSet) =>
    set.volumes === undefined && set.manifest === undefined
      ? set.startedAt + DAY
      : Math.max(set.startedAt, set.lastWriteAt);
  const isNew = incrementals.some((set) => lastSignOf(set) >= window.opensAt);
  return [
    {
      kind: 'incremental',
      severity: isNew ? 'critical' : 'info',
      name: first.sample,
      startedAt: first.startedAt,
      count: incrementals.length,
    },
  ];
}

function judgeEncryption({ unencrypted }: Collection): Finding[] {
  return unencrypted.length === 0
    ? []
    : [{ kind: 'unencrypted', severity: 'critical', ...showNames(unencrypted) }];
}

function judgeAnswer(answer: BackupSet, sets: readonly BackupSet[], host: Host): Finding[] {
  const unsigned: Finding[] = answer.hasSignatures
    ? []
    : [{ kind: 'no-signatures', severity: 'warning', startedAt: answer.startedAt }];
  return [...unsigned, ...judgeTail(answer), ...judgeSize(answer, sets, host.size)];
}

/** The host's clock is ahead when a set begins after its own manifest was written, or after now. */
function judgeClocks(fulls: readonly BackupSet[], window: Window, now: Instant): Finding[] {
  return fulls.flatMap((set): Finding[] => {
    const aheadMs = set.startedAt - Math.min(set.manifest?.writtenAt ?? now, now);
    const recent = set.startedAt >= window.opensAt;
    return aheadMs > SKEW && recent
      ? [{ kind: 'clock-skew', severity: 'info', startedAt: set.startedAt, aheadMs }]
      : [];
  });
}

function judgeCount(fulls: readonly BackupSet[], window: Window): Finding[] {
  const begun = fulls.filter((set) => isIn(window, set.startedAt));
  return begun.length < 2
    ? []
    : [{ kind: 'duplicate-full', severity: 'info', fulls: begun.map(timesOf) }];
}

function judgeForeign({ foreign }: Collection): Finding[] {
  return foreign.length === 0 ? [] : [{ kind: 'foreign', severity: 'info', ...showNames(foreign) }];
}

function headlineOf(
  findings: readonly Finding[],
  answer: BackupSet | undefined,
): 'ok' | FindingKind {
  const [worst] = findings;
  if (worst === undefined) return 'ok';
  if (worstSeverity(findings) !== 'info') {
    return findings.find((finding) => finding.severity === worstSeverity(findings))?.kind ?? 'ok';
  }
  const excuse = findings.find(({ kind }) => kind === 'paused' || kind === 'never');
  return excuse === undefined || answer !== undefined ? 'ok' : excuse.kind;
}

function progressOf(
  host: Host,
  window: Window,
  fulls: readonly BackupSet[],
  now: Instant,
): Progress | undefined {
  const next = windowAfter(host, window);
  if (now < next.opensAt) return undefined;
  const begun = fulls.filter((set) => isIn(next, set.startedAt));
  if (begun.some((set) => doesAnswer(set, next, now))) return { window: next, state: 'done' };
  const uploading = begun.some((set) => isArriving(set, now));
  return { window: next, state: uploading ? 'uploading' : 'not yet' };
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
    sets: [],
    next: undefined,
  };
}
