// One tick of the schedule: whose window has closed, and which day's digest is due.
import type { Config, Host } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import type { HostReport } from '../messages/host-report.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { addDays, closedWindow, dateIn, windowOn, windowsClosedIn } from '../rules/window.ts';
import { dateByPlace, type MonitorState, placesByDate } from './state.ts';

/** From after the last run until this one, in milliseconds since 1970. */
export type Tick = { readonly from: Instant; readonly until: Instant };

/**
 * The hosts with a window that closed and was not judged for good, however long ago, and those that could not be read.
 * Of a host that was not in the config yet only a window of this tick counts.
 */
export function dueHosts({ hosts }: Config, state: MonitorState, { from, until }: Tick): Host[] {
  const judged = dateByPlace(state);
  const unreadable = new Set(
    state.problems.flatMap(({ kind, place, over }) =>
      kind === 'unreadable' && over === undefined ? place : [],
    ),
  );
  return hosts.filter((host) => {
    const date = judged.get(placeOf(host));
    return (
      unreadable.has(placeOf(host)) ||
      (date === undefined
        ? windowsClosedIn(host, from, until).length > 0
        : closedWindow(host, until).date > date)
    );
  });
}

/** The hosts whose grace ended in this tick. */
export function hostsOutOfGrace({ hosts }: Config, { from, until }: Tick): Host[] {
  return hosts.filter((host) => {
    const graceMs = host.window.graceMinutes * 60_000;
    return windowsClosedIn(host, from - graceMs, until - graceMs).length > 0;
  });
}

/**
 * Until which window each host is judged after a run: one that could not be read, or is late, is asked about again by the
 * next run. `reports` are those of this run, by place.
 */
export function judgedAfter(
  { hosts }: Config,
  state: MonitorState,
  reports: ReadonlyMap<string, HostReport>,
  until: Instant,
): MonitorState['judged'] {
  const before = dateByPlace(state);
  return placesByDate(
    hosts.map((host): [string, string] => {
      const place = placeOf(host);
      const known = before.get(place);
      const report = reports.get(place);
      const { date } = closedWindow(host, until);
      const isOpen = report?.findings.some(({ kind }) => kind === 'unreadable' || kind === 'late');
      if (isOpen === true) return [place, known ?? addDays(date, -1)];
      const isJudged = report !== undefined || known === undefined;
      return [place, isJudged && date > (known ?? '') ? date : (known ?? date)];
    }),
  );
}

/** Once for each day, when its first window closes; one that another config moves back is made up for at once. */
export function isDigestDue(config: Config, state: MonitorState, { from, until }: Tick): boolean {
  return newestDay(config, until) > (state.digestOn ?? newestDay(config, from));
}

/** The newest date of which a window has closed, by the config's own calendar; `''` for a config of no hosts. */
export function newestDay({ hosts, timezone }: Config, at: Instant): string {
  const today = dateIn(timezone, at);
  const days = [addDays(today, -1), today, addDays(today, 1)];
  const hasClosed = (date: string) =>
    hosts.some((host) => (windowOn(host, date)?.dueAt ?? Number.POSITIVE_INFINITY) <= at);
  return days.findLast(hasClosed) ?? '';
}
