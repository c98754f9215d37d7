// What runs remember, and how it is used so that two runs at once lose nothing of one another's.
import * as v from 'valibot';
import { maybe, readJson, type Schema } from '../config/json.ts';
import type { ChannelState, ChannelStates, Refusals } from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Message } from '../messages/compose-message.ts';
import type { CalendarDate } from '../rules/window.ts';

/** All daily reports begin so. */
export const REPORTS = 'reports/';

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

/** A message on its way: `left` names the channels that have not taken it yet. */
export type Pending = {
  readonly id: string;
  readonly message: Message;
  readonly left: readonly string[];
  readonly since: Instant;
};

export type MonitorState = {
  /** Every window that closed until then was judged; `undefined` before the first run. */
  readonly judgedUntil: Instant | undefined;
  readonly pending: readonly Pending[];
  /** The events that were notified, by their ids, with when: S3 may send one twice. */
  readonly told: ReadonlyMap<string, Instant>;
  /**
   * What messages of events were about, with until when no more may be sent: a flood of events is no flood of mails.
   */
  readonly spoken: ReadonlyMap<string, Instant>;
  /** How the channels were at the last check; absent before the first. */
  readonly paths?: ChannelStates;
  /** The channels that gave a reason for taking no message, and have taken none since; absent in states of before. */
  readonly refusals?: Refusals;
  /** How the hosts stood at `judgedUntil`; absent before the first run. */
  readonly turns?: WindowStates;
};

export const EMPTY_STATE: MonitorState = {
  judgedUntil: undefined,
  pending: [],
  told: new Map(),
  spoken: new Map(),
};

const DAY = 86_400_000;
// S3 retries an event for a day; Lambda for six hours more.
const EVENTS_KEPT = 3 * DAY;
const PENDING_KEPT = DAY;
// Anyone who floods the events must not make every run carry megabytes.
const MOST_EVENTS = 5000;
const MOST_PENDING = 100;

/** The state in the form in which it is stored, version 1; instants are milliseconds since 1970. */
export function formatState({
  judgedUntil,
  told,
  spoken,
  refusals,
  ...rest
}: MonitorState): string {
  const events = {
    ...{ told: [...told], spoken: [...spoken] },
    ...(refusals === undefined ? {} : { refusals: [...refusals] }),
  };
  const stored = { version: 1, judgedUntil: judgedUntil ?? null, ...events, ...rest };
  return `${JSON.stringify(stored)}\n`;
}

const instant = v.pipe(v.number(), v.safeInteger());
const texts = v.array(v.string());
const mapOf = <Value>(value: Schema<Value>) =>
  v.pipe(
    v.array(v.tuple([v.string(), value])),
    v.transform((entries): ReadonlyMap<string, Value> => new Map(entries)),
  );

const message: Schema<Message> = v.object({
  ...{ subject: v.string(), text: v.string(), sms: maybe(v.string()) },
  urgency: v.picklist(['alert', 'digest', 'test']),
  severity: v.exactOptional(v.picklist(['critical', 'warning', 'info'])),
});
const channel = { check: v.string(), says: v.string(), since: instant };
const channelState: Schema<ChannelState> = v.variant('status', [
  v.object({ ...channel, status: v.literal('ok'), fix: v.exactOptional(v.never()) }),
  v.object({
    ...{ ...channel, status: v.picklist(['warn', 'fail', 'unknown']), fix: v.string() },
    silent: v.exactOptional(texts),
  }),
]);
const byDate = v.array(v.strictTuple([v.string(), texts]));
/** States written before grace and digests were remembered have no `late` and no `digest`. */
const windowStates: Schema<WindowStates> = v.object({
  ...{ unread: texts, judged: byDate },
  ...{ late: v.exactOptional(byDate), digest: v.exactOptional(v.string()) },
});

const storedState: Schema<MonitorState> = v.pipe(
  v.object({
    version: v.literal(1),
    judgedUntil: v.pipe(
      v.nullable(instant),
      v.transform((at) => at ?? undefined),
    ),
    pending: v.array(v.object({ id: v.string(), message, left: texts, since: instant })),
    told: mapOf(instant),
    // States written before messages were kept apart have no `spoken`.
    spoken: v.optional(mapOf(instant), []),
    paths: v.exactOptional(v.object({ lookedAt: instant, states: v.array(channelState) })),
    turns: v.exactOptional(windowStates),
    refusals: v.exactOptional(mapOf(v.object({ since: instant, says: v.string() }))),
  }),
  v.transform(({ version: _, ...state }) => state),
);

/** The inverse; `undefined` for anything that `formatState` does not write. Never throws. */
export function parseState(text: string): MonitorState | undefined {
  return readJson(storedState, text);
}

/**
 * Drops what nobody needs any more. A message that a channel refused for a day is given up: the failing runs have
 * raised the alarm all the while. Of more than 100 messages, or 5,000 notified events, the newest stay.
 */
export function forgetOld(state: MonitorState, now: Instant): MonitorState {
  const recent = (map: ReadonlyMap<string, Instant>) =>
    new Map([...map].filter(([, at]) => now - at < EVENTS_KEPT).slice(-MOST_EVENTS));
  return {
    ...state,
    pending: state.pending.filter(({ since }) => now - since < PENDING_KEPT).slice(-MOST_PENDING),
    told: recent(state.told),
    spoken: recent(state.spoken),
  };
}

/** Hosts by the date of a window of theirs. */
type ByDate = readonly (readonly [date: string, hosts: readonly string[]])[];

/** What `judgedUntil` alone does not hold. */
export type WindowStates = {
  /** Hosts that could not be read when they were due, and have not been since: that window is still to be judged. */
  readonly unread: readonly string[];
  /** Hosts by the date of their newest closed window: one that is moved back would close behind `judgedUntil`. */
  readonly judged: ByDate;
  /** Hosts that were only called late, by the date of that window: it is judged for good when its grace is over. */
  readonly late?: ByDate;
  /** The date of the windows that the last digest reported: another config may have another first due time. */
  readonly digest?: string;
};

export const NO_WINDOW_STATES: WindowStates = { unread: [], judged: [] };

/** The date of each host. */
export function dateByHost(days: ByDate): Map<string, string> {
  return new Map(days.flatMap(([date, names]) => names.map((name) => [name, date])));
}

/** The inverse of `dateByHost`. */
export function hostsByDate(dates: Iterable<readonly [host: string, date: string]>): ByDate {
  const days = Map.groupBy(dates, ([, date]) => date);
  return [...days].map(([date, hosts]) => [date, hosts.map(([name]) => name)]);
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

/** The state as this run knows it; with a `warning` nothing is remembered, and the messages say why. */
export type Kept = {
  readonly state: MonitorState;
  readonly tag: string | undefined;
  readonly warning: string | undefined;
};

/** The page that every run reads and writes. */
export const STATE_PAGE = 'state.json';

const TRIES = 8;
const AHEAD_MS = 86_400_000;
const LOOKED_BACK_MS = 86_400_000;

/**
 * Reads the state. One that is lost or corrupt starts again, a day back, so that what closed between the last run and
 * this one is judged; not where it cannot be written, as then every run would judge that day. So is a state that says
 * the windows of days to come were judged, as with it no run would judge anything until then. All that is a warning,
 * never a failed check.
 */
export async function openRecords(records: RecordStore, now: Instant): Promise<Kept> {
  try {
    const { text, tag } = await records.read(STATE_PAGE);
    if (text === undefined) {
      // A state bucket with a report in it has had a state; one without is at its first run.
      const isLost = (await records.list(REPORTS)).length > 0;
      return isLost ? await beginAnew(records, tag, 'lost', now) : { ...NOTHING, tag };
    }
    const state = parseState(text);
    const sound = state !== undefined && (state.judgedUntil ?? now) - now < AHEAD_MS;
    return sound
      ? { state, tag, warning: undefined }
      : await beginAnew(records, tag, 'corrupt', now);
  } catch (error) {
    return { ...NOTHING, warning: warn(error) };
  }
}

const NOTHING: Kept = { state: EMPTY_STATE, tag: undefined, warning: undefined };

async function beginAnew(
  records: RecordStore,
  found: string | undefined,
  was: 'lost' | 'corrupt',
  now: Instant,
): Promise<Kept> {
  const state = { ...EMPTY_STATE, judgedUntil: now - LOOKED_BACK_MS };
  const tag = await records.write(STATE_PAGE, formatState(state), found);
  const warning = `the saved state was ${was} and starts again: the last day is judged again, and some messages may come twice`;
  return { state, tag, warning };
}

/**
 * Writes a change. When another run has written in between, the change is made to what that run left;
 * `undefined` as the change = there is nothing left to do, and `undefined` is answered.
 */
export async function changeRecords(
  records: RecordStore,
  kept: Kept,
  now: Instant,
  change: (state: MonitorState) => MonitorState | undefined,
): Promise<Kept | undefined> {
  let known = kept;
  for (let tries = 1; ; tries += 1) {
    const changed = change(known.state);
    if (changed === undefined) return undefined;
    const state = forgetOld(changed, now);
    try {
      const tag = await records.write(STATE_PAGE, formatState(state), known.tag);
      return { state, tag, warning: known.warning };
    } catch (error) {
      if (!(error instanceof RecordConflictError) || tries >= TRIES) {
        return { state, tag: known.tag, warning: warn(error) };
      }
      known = await openRecords(records, now);
    }
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
