// The state for one run. One that starts again is written at once, with the problem that it was lost.
import type { Config } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { formatDuration, formatInstant } from '../messages/plain-text.ts';
import type { Listener } from '../rules/problem.ts';
import { readEarlierState } from './earlier-version.ts';
import { type OwnNews, updateProblems } from './problems.ts';
import { changeState, EMPTY_STATE, type Kept, openState, type RecordStore } from './state.ts';

/** `reopen` reads it again, as another run left it. */
export type OpenedRun = { readonly opened: Kept; readonly reopen: () => Promise<Kept> };

/**
 * Never throws for a state that is lost, damaged or out of reach. Where one that starts again cannot be written, the run
 * goes on as without a memory: else each run would judge the last day once more.
 */
export async function openRun(
  records: RecordStore,
  { hosts, timezone }: Config,
  channels: readonly Listener[],
  now: Instant,
): Promise<OpenedRun> {
  const names = channels.map(({ name }) => name);
  const reopen = () => openState(records, now, (text) => readEarlierState(text, hosts, names, now));
  const first = await reopen();
  if (first.damage === undefined) return { opened: first, reopen };
  const news = [memoryNews(first.damage, now)];
  const again = await changeState(
    records,
    first,
    (state) => ({
      ...state,
      problems: updateProblems(state.problems, { news, hosts, channels, timezone }, now),
    }),
    reopen,
  );
  const isKept = again !== undefined && again.warning === undefined;
  return {
    opened: isKept ? again : { ...first, ...again, state: EMPTY_STATE, damage: undefined },
    reopen,
  };
}

/** A problem of the monitor: open until it was notified, whatever else a run has to report. */
export function memoryNews(says: string, now: Instant): OwnNews {
  return { kind: 'memory', severity: 'warning', subjects: [says], since: now, says };
}

// Some ticks may fail, and are made up for by the next one without a word.
const LONG_MS = 2 * 3_600_000;

/** The state itself knows when no run came. */
export function missedRuns(
  judgedUntil: Instant | undefined,
  until: Instant,
  zone: string,
): OwnNews[] {
  if (judgedUntil === undefined || until - judgedUntil < LONG_MS) return [];
  const [from, to] = [formatInstant(judgedUntil, zone, until), formatInstant(until, zone, until)];
  const says = `no run between ${from} and ${to} (${formatDuration(until - judgedUntil)}): what was due meanwhile is judged now`;
  return [{ kind: 'no-run', severity: 'warning', subjects: [String(judgedUntil)], says }];
}
