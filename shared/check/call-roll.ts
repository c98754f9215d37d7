// One tick of the schedule: whose window has closed, what is to be told, and to whom.
import type { Instant } from '../duplicity/time.ts';
import { NO_TURNS, type Turns } from '../ledger/turns.ts';
import type { Run } from '../report/run.ts';
import type { Host, Roster } from '../roster/roster.ts';
import type { FindingKind } from '../verdict/finding.ts';
import { judge, type Verdict } from '../verdict/judge.ts';
import { closedWindow, windowBefore, windowOn, windowsClosedIn } from '../verdict/window.ts';
import { addDays, dateIn } from '../verdict/zone.ts';
import { checkHosts, readTarget } from './check-hosts.ts';
import { findStrangers } from './find-strangers.ts';
import type { ObjectStore } from './object-store.ts';
import { reportOf } from './report-of.ts';
import type { SetMemory } from './set-memory.ts';

/** From after the last tick until this one, in milliseconds since 1970; `turns` = what that one left behind. */
export type Tick = { readonly from: Instant; readonly until: Instant; readonly turns?: Turns };

// Nothing is known of a host that was not on the roll, or of any without a memory.
const LAST_DATE = '9999-12-31';

/**
 * Judges the hosts whose window closed in the tick, those whose grace for a late upload ran out in it, and those that
 * could not be read when they were due. Once a day, at the first due time of the roll, every host is judged, for the digest.
 */
export async function callRoll(
  store: ObjectStore,
  roster: Roster,
  tick: Tick,
  now: Instant,
  memory?: SetMemory,
): Promise<Run> {
  const { unread, judged } = tick.turns ?? NO_TURNS;
  const judgedOn = new Map(judged.flatMap(([date, names]) => names.map((name) => [name, date])));
  const digest = isDigestDue(roster, tick);
  const due = roster.hosts.filter(
    (host) =>
      windowsClosedIn(host, tick.from, tick.until).length > 0 ||
      closedWindow(host, tick.from).date > (judgedOn.get(host.name) ?? LAST_DATE),
  );
  const outOfGrace = roster.hosts.filter((host) => graceEndedIn(host, tick));
  const unreadNames = new Set(unread);
  const left = roster.hosts.filter(({ name }) => unreadNames.has(name));
  const hosts = digest ? roster.hosts : [...new Set([...due, ...outOfGrace, ...left])];
  const verdicts = await checkHosts(store, hosts, { now, depth: 'recent', memory });

  const told = new Set(due.map(({ name }) => name));
  const mayBeLate = new Set(outOfGrace);
  for (const verdict of verdicts) {
    const { host } = verdict;
    if (told.has(host.name)) continue;
    const isNews = unreadNames.has(host.name)
      ? !has(verdict, 'unreadable')
      : mayBeLate.has(host) && (await wasLate(store, verdict));
    if (isNews) told.add(host.name);
  }
  const strangers = digest
    ? await findStrangers(store.list, roster)
    : { prefixes: [], foreignObjects: 0 };
  return {
    report: reportOf(roster.bucket, verdicts, strangers, now),
    due: told,
    digest,
    hostsOnRoll: roster.hosts.length,
    timezone: roster.timezone,
  };
}

/** The digest goes out when the first window of the day closes, by the roll's own calendar. */
function isDigestDue({ hosts, timezone }: Roster, { from, until }: Tick): boolean {
  const today = dateIn(timezone, until);
  return [addDays(today, -1), today, addDays(today, 1)].some((date) => {
    const dues = hosts.flatMap((host) => windowOn(host, date)?.dueAt ?? []);
    const first = dues.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return first > from && first <= until;
  });
}

function graceEndedIn(host: Host, { from, until }: Tick): boolean {
  const closed = closedWindow(host, until);
  return [closed, windowBefore(host, closed)].some(
    ({ hardDueAt }) => hardDueAt > from && hardDueAt <= until,
  );
}

/** At its due time this host was still uploading, so nothing was said then; or that cannot be known. */
async function wasLate(store: ObjectStore, verdict: Verdict): Promise<boolean> {
  const { host, window, answer } = verdict;
  if (answer !== undefined) return false;
  if (has(verdict, 'unreadable')) return true;
  const { collection } = await readTarget(store, host, { now: window.dueAt, depth: 'recent' });
  const then = judge(host, collection, window.dueAt);
  return has(then, 'late') || has(then, 'unreadable');
}

function has({ findings }: Verdict, kind: FindingKind): boolean {
  return findings.some((finding) => finding.kind === kind);
}

/** What this tick leaves behind for the next one. */
export function turnsAfter(roster: Roster, { until, turns = NO_TURNS }: Tick, run: Run): Turns {
  const told = new Set([...run.due, ...turns.unread]);
  const open = run.report.verdicts.filter(
    (verdict) => told.has(verdict.host.name) && has(verdict, 'unreadable'),
  );
  const byDate = Map.groupBy(roster.hosts, (host) => closedWindow(host, until).date);
  return {
    unread: open.map(({ host }) => host.name),
    judged: [...byDate].map(([date, hosts]) => [date, hosts.map(({ name }) => name)]),
  };
}
