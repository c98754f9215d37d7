// What runs remember of the whole fleet, and how it is used so that two runs at once lose nothing of one another's.
import * as v from 'valibot';
import { instant, maybe, readJson, type Schema, texts } from '../config/json.ts';
import type { ChannelState, ChannelStates, Refusals } from '../doctor/channels.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { SKEW } from '../rules/assessment.ts';
import { FINDING_KINDS, SEVERITIES } from '../rules/finding.ts';
import { OWN_KINDS, type Problem } from '../rules/problem.ts';
import type { CalendarDate } from '../rules/window.ts';
import { change } from './record-page.ts';

/** All daily reports begin so. */
export const REPORTS = 'reports/';
export const KEPT_REPORTS_DAYS = 400;

/** The newest report, as a page. */
export const STATUS_PAGE = 'status.html';

/** `reports/2026/11/23.json`. */
export function reportPage(date: CalendarDate): string {
  return `${REPORTS}${date.replaceAll('-', '/')}.json`;
}

/** The inverse; `undefined` for any other name. */
export function dateOfPage(page: string): CalendarDate | undefined {
  const match = /^reports\/(\d{4})\/(\d\d)\/(\d\d)\.json$/.exec(page);
  return match === null ? undefined : match.slice(1).join('-');
}

export type MonitorState = {
  /** The schedule has run until then; `undefined` before the first run. */
  readonly judgedUntil: Instant | undefined;
  /** By place, the date of the newest window that was judged for good. A host that is new in the config is not there. */
  readonly judged: ReadonlyMap<string, CalendarDate>;
  /** The date of the windows that the last digest reported; `undefined` before the first. */
  readonly digestOn: string | undefined;
  /** What is open, and what is over and perhaps not notified. */
  readonly problems: readonly Problem[];
  /** How the channels were when a run last looked; `undefined` before the first look. */
  readonly channels: ChannelStates | undefined;
  /** The channels that said why they took no message, and have taken none since. */
  readonly refusals: Refusals;
};

export const EMPTY_STATE: MonitorState = {
  ...{ judgedUntil: undefined, judged: new Map(), digestOn: undefined, problems: [] },
  ...{ channels: undefined, refusals: new Map() },
};

/** The state in the form in which it is stored, version 2; instants are milliseconds since 1970. */
export function formatState({ judged, problems, refusals, ...rest }: MonitorState): string {
  const byDate = Map.groupBy(judged, ([, date]) => date);
  const dates = [...byDate].map(([date, own]) => [date, own.map(([place]) => place)]);
  const stored = problems.map(({ notified, ...problem }) => ({
    ...problem,
    notified: [...notified],
  }));
  const lists = { judged: dates, problems: stored, refusals: [...refusals] };
  return `${JSON.stringify({ version: 2, ...rest, ...lists })}\n`;
}

const mapOf = <Value>(value: Schema<Value>) =>
  v.pipe(
    v.array(v.tuple([v.string(), value])),
    v.transform((entries): ReadonlyMap<string, Value> => new Map(entries)),
  );
const severity = v.picklist(SEVERITIES);

const channel = { check: v.string(), says: v.string(), since: instant };
const channelState: Schema<ChannelState> = v.variant('status', [
  v.object({ ...channel, status: v.literal('ok'), fix: v.exactOptional(v.never()) }),
  v.object({
    ...{ ...channel, status: v.picklist(['warn', 'fail', 'unknown']), fix: v.string() },
    silent: v.exactOptional(texts),
  }),
]);
export const channelStates: Schema<ChannelStates> = v.object({
  ...{ lookedAt: instant, states: v.array(channelState) },
});
export const refusalMap: Schema<Refusals> = mapOf(v.object({ since: instant, says: v.string() }));
/** Stored are the places of each date. */
export const dateByPlace = v.pipe(
  v.array(v.strictTuple([v.string(), texts])),
  v.transform(
    (days): ReadonlyMap<string, CalendarDate> =>
      new Map(days.flatMap(([date, places]) => places.map((place) => [place, date]))),
  ),
);

const notified = v.object({
  at: instant,
  before: v.exactOptional(v.array(instant)),
  severity,
  subjects: v.number(),
  over: v.exactOptional(v.boolean()),
  isEvent: v.exactOptional(v.literal(true)),
});
const problem: Schema<Problem> = v.object({
  ...{ host: v.string(), place: v.string(), kind: v.picklist([...FINDING_KINDS, ...OWN_KINDS]) },
  ...{ severity, since: instant, lastSeen: instant, subjects: texts, missed: v.number() },
  ...{ says: v.string(), details: texts, step: maybe(v.string()), lastGoodAt: maybe(instant) },
  ...{ files: texts, changes: v.array(change), changeCount: v.number(), notified: mapOf(notified) },
  over: maybe(v.object({ at: instant, says: v.string(), isWell: v.boolean() })),
  claim: maybe(v.object({ by: v.string(), at: instant })),
  group: v.exactOptional(v.string()),
});

const storedState: Schema<MonitorState> = v.pipe(
  v.object({
    ...{ version: v.literal(2), judgedUntil: maybe(instant), judged: dateByPlace },
    ...{ digestOn: maybe(v.string()), problems: v.array(problem) },
    ...{ channels: maybe(channelStates), refusals: refusalMap },
  }),
  v.transform(({ version: _, ...state }) => state),
);

/** The inverse; `undefined` for anything that `formatState` does not write. Never throws. */
export function parseState(text: string): MonitorState | undefined {
  return readJson(storedState, text);
}

/** The pages that runs leave behind, by name. `tag` stands for what was read of one. */
export type RecordStore = {
  /** Text and tag are `undefined` where nothing was ever written. Throws `RecordError`. */
  readonly read: (page: string) => Promise<{ text: string | undefined; tag: string | undefined }>;
  /**
   * Writes on top of what `tag` stands for, `undefined` = of nothing, and answers the new tag. Throws
   * `RecordConflictError` when something else is there, or `RecordError`.
   */
  readonly write: (page: string, text: string, tag: string | undefined) => Promise<string>;
  /** Writes whatever was there. Throws `RecordError`. */
  readonly replace: (page: string, text: string) => Promise<void>;
  /** The names that begin with a prefix, in the order of their bytes. Throws `RecordError`. */
  readonly list: (prefix: string) => Promise<string[]>;
};

/** Somebody else has written since it was read. */
export class RecordConflictError extends Error {
  override readonly name = 'RecordConflictError';
}

/** The state bucket could not be read or written; the run goes on without a memory. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** What was read; `undefined` where the state bucket is out of reach. */
export async function ifInReach<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return undefined;
  }
}

/** The state as this run knows it. */
export type Kept = {
  readonly state: MonitorState;
  readonly tag: string | undefined;
  /** Why nothing is remembered of this run: the messages say so. */
  readonly warning?: string | undefined;
  /** What was wrong with the state: a problem of the monitor, open until it was notified. */
  readonly damage?: string | undefined;
};

/** Until when the schedule has run; not known of a state that starts again: it has no hosts. */
export function ranUntil({ state }: Kept): Instant | undefined {
  return state.judged.size > 0 ? state.judgedUntil : undefined;
}

/** The page that every run reads and writes. */
export const STATE_PAGE = 'state.json';

const TRIES = 8;
const LOOKED_BACK_MS = DAY;

/**
 * Reads the state. One that is lost or damaged, or says that the windows of days to come were judged, starts again a day
 * back, so that what closed between the last run and this one is judged. All that is a warning, never a failed check.
 * A text that is no state of this version is given to `readEarlier`.
 */
export async function openState(
  records: RecordStore,
  now: Instant,
  readEarlier: (text: string) => MonitorState | undefined,
): Promise<Kept> {
  const again = { ...EMPTY_STATE, judgedUntil: now - LOOKED_BACK_MS };
  try {
    const { text, tag } = await records.read(STATE_PAGE);
    if (text === undefined) {
      // A state bucket with a report in it has had a state; one without is at its first run.
      const isLost = (await records.list(REPORTS)).length > 0;
      return isLost
        ? { state: again, tag, damage: damageOf('was lost') }
        : { state: EMPTY_STATE, tag };
    }
    const state = parseState(text) ?? readEarlier(text);
    if (state === undefined) return { state: again, tag, damage: damageOf('was damaged') };
    // In the east a date is half a day ahead.
    const dates = [state.digestOn ?? '', ...state.judged.values()];
    const isAhead = dates.some((date) => Date.parse(date) > now + DAY);
    if ((state.judgedUntil ?? now) <= now + SKEW && !isAhead) return { state, tag };
    const problems = state.problems.map(({ claim: _, over, ...one }) => ({
      ...{ ...one, since: Math.min(one.since, now), lastSeen: Math.min(one.lastSeen, now) },
      ...(over && { over: { ...over, at: Math.min(over.at, now) } }),
    }));
    return { state: { ...again, problems }, tag, damage: damageOf('was ahead of the clock') };
  } catch (error) {
    return { state: EMPTY_STATE, tag: undefined, warning: warn(error) };
  }
}

function damageOf(what: string): string {
  return `the saved state ${what} and starts again: the last day is judged again, and some messages may come twice`;
}

/**
 * Writes what `format` makes of a page, and answers its tag. When another run has written in between, it is made of what
 * that run left; `undefined` = nothing is to be written. `known`: as it was read before. Throws `RecordConflictError` where
 * eight others were faster, or `RecordError`.
 */
export async function rewritePage<Known extends { readonly tag: string | undefined }>(
  { write }: Pick<RecordStore, 'write'>,
  name: string,
  read: () => Promise<Known>,
  format: (page: Known) => string | undefined | Promise<string | undefined>,
  known?: Known,
): Promise<string | undefined> {
  let page = known ?? (await read());
  for (let tries = 1; ; tries += 1) {
    const text = await format(page);
    if (text === undefined) return undefined;
    try {
      return await write(name, text, page.tag);
    } catch (error) {
      if (!(error instanceof RecordConflictError) || tries === TRIES) throw error;
      page = await read();
    }
  }
}

/** Changes the state; `undefined` as the change = there is nothing left to do, and `undefined` is answered. */
export async function changeState(
  records: RecordStore,
  kept: Kept,
  change: (state: MonitorState) => MonitorState | undefined,
  reopen: () => Promise<Kept>,
): Promise<Kept | undefined> {
  let last = kept;
  const format = (known: Kept) => {
    const state = change(known.state);
    if (state !== undefined) last = { ...known, state };
    return state && formatState(state);
  };
  try {
    const tag = await rewritePage(records, STATE_PAGE, reopen, format, kept);
    return tag === undefined ? undefined : { ...last, tag };
  } catch (error) {
    return { ...last, warning: warn(error) };
  }
}

/** Only what the state bucket is known to throw is a warning; anything else is a bug. */
function warn(error: unknown): string {
  if (error instanceof RecordError || error instanceof RecordConflictError) {
    return `no memory: ${error.message}; some messages may come twice`;
  }
  throw error;
}

/** The first half of a SHA-256, in base64url: no other text can be made for it. */
export async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const half = new Uint8Array(digest).subarray(0, 16);
  const base64 = btoa(String.fromCharCode(...half));
  return base64.slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');
}
