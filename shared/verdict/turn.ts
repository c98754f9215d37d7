// What a window is called that no full has answered for: missing, incomplete, late, never, or excused.
import {
  type BackupSet,
  type Collection,
  completedAt,
  isComplete,
  isOnlyDoubled,
} from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { isArriving, isIn } from './answer.ts';
import { type Finding, timesOf } from './finding.ts';
import { type Window, windowBefore } from './window.ts';

const WINDOWS_COUNTED = 400;

/** Nothing for a window that was answered; `lastGood` tells how many were not. */
export function judgeTurn(
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
  const unread = begun.find((set) => isComplete(set) === undefined);
  if (unread !== undefined) return [notRead(unread)];
  const arriving = begun.findLast((set) => isArriving(set, now));
  if (arriving !== undefined && now < window.hardDueAt) return [late(arriving, window)];
  const broken = begun.findLast((set) => isComplete(set) === false);
  // A set that is there twice over lacks nothing: `poisoned` says what is wrong with it.
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
  // Touching the window with one clock only: the message must say why that is not an answer.
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
