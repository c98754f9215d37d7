// One tick of the schedule: whose window has closed, what is to be told, and to whom.
import type { Instant } from '../duplicity/time.ts';
import type { Run } from '../report/run.ts';
import type { Host, Roster } from '../roster/roster.ts';
import { judge, type Verdict } from '../verdict/judge.ts';
import { closedWindow, windowBefore, windowOn, windowsClosedIn } from '../verdict/window.ts';
import { addDays, dateIn } from '../verdict/zone.ts';
import { checkHosts, readTarget } from './check-hosts.ts';
import { findStrangers } from './find-strangers.ts';
import type { ObjectStore } from './object-store.ts';
import { reportOf } from './report-of.ts';
import type { SetMemory } from './set-memory.ts';

/** From after the last tick until this one, in milliseconds since 1970. */
export type Tick = { readonly from: Instant; readonly until: Instant };

/**
 * Judges the hosts whose window closed in the tick, and those whose grace for a late upload ran out in it.
 * Once a day, at the first due time of the roll, every host is judged, for the digest.
 */
export async function callRoll(
  store: ObjectStore,
  roster: Roster,
  tick: Tick,
  now: Instant,
  memory?: SetMemory,
): Promise<Run> {
  const digest = isDigestDue(roster, tick);
  const due = roster.hosts.filter(
    (host) => windowsClosedIn(host, tick.from, tick.until).length > 0,
  );
  const outOfGrace = roster.hosts.filter((host) => graceEndedIn(host, tick));
  const hosts = digest ? roster.hosts : [...new Set([...due, ...outOfGrace])];
  const verdicts = await checkHosts(store, hosts, { now, depth: 'recent', memory });

  const told = new Set(due.map(({ name }) => name));
  for (const verdict of verdicts) {
    const { host } = verdict;
    if (outOfGrace.includes(host) && !told.has(host.name) && (await wasLate(store, verdict))) {
      told.add(host.name);
    }
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

/** At its due time this host was still uploading, so nothing was said then. */
async function wasLate(store: ObjectStore, verdict: Verdict): Promise<boolean> {
  const { host, window, answer } = verdict;
  if (answer !== undefined) return false;
  const then = await readTarget(store, host, { now: window.dueAt, depth: 'recent' });
  return judge(host, then.collection, window.dueAt).headline === 'late';
}
