// What runs remember, and how it is used so that two runs at once lose nothing of one another's.

import type { ChannelState, ChannelStates, Refusals } from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Message } from '../messages/message.ts';
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
  /** The events that were told, by their ids, with when: S3 may send one twice. */
  readonly told: ReadonlyMap<string, Instant>;
  /** What messages of events were about, with until when they have used up their turn: a flood of events is no flood of mails. */
  readonly spoken: ReadonlyMap<string, Instant>;
  /** How the ways that alarms take were when a run last looked; absent before the first look. */
  readonly paths?: ChannelStates;
  /** The channels that said why they took no message, and have taken none since; absent in states of before. */
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
const TOLD_KEPT = 3 * DAY;
const PENDING_KEPT = DAY;
// Whoever floods the events must not make every run carry megabytes.
const MOST_TOLD = 5000;
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

/** The inverse; `undefined` for anything that `formatState` does not write. Never throws. */
export function parseState(text: string): MonitorState | undefined {
  const stored = parseRecord(text);
  if (stored?.version !== 1) return undefined;
  // States written before messages were kept apart have no `spoken`.
  const { judgedUntil, pending, told, spoken = [], paths, turns, refusals } = stored;
  if (judgedUntil !== null && !isInstant(judgedUntil)) return undefined;
  if (!Array.isArray(pending) || !pending.every(isPending)) return undefined;
  if (!Array.isArray(told) || !told.every(isTold)) return undefined;
  if (!Array.isArray(spoken) || !spoken.every(isTold)) return undefined;
  if (paths !== undefined && !areChannelStates(paths)) return undefined;
  if (turns !== undefined && !areWindowStates(turns)) return undefined;
  if (refusals !== undefined && !(Array.isArray(refusals) && refusals.every(isRefusal))) {
    return undefined;
  }
  return {
    judgedUntil: judgedUntil ?? undefined,
    pending,
    told: new Map(told),
    spoken: new Map(spoken),
    ...(paths === undefined ? {} : { paths }),
    ...(turns === undefined ? {} : { turns }),
    ...(refusals === undefined ? {} : { refusals: new Map(refusals) }),
  };
}

/**
 * Drops what nobody needs any more. A message that a channel refused for a day is given up: the failing
 * runs have rung the alarm all the while. Of more than 100 messages, or 5,000 told events, the newest stay.
 */
export function forgetOld(state: MonitorState, now: Instant): MonitorState {
  const recent = (map: ReadonlyMap<string, Instant>) =>
    new Map([...map].filter(([, at]) => now - at < TOLD_KEPT).slice(-MOST_TOLD));
  return {
    ...state,
    pending: state.pending.filter(({ since }) => now - since < PENDING_KEPT).slice(-MOST_PENDING),
    told: recent(state.told),
    spoken: recent(state.spoken),
  };
}

type Json = Record<string, unknown>;

function parseRecord(text: string): Json | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}

function isInstant(value: unknown): value is Instant {
  return Number.isSafeInteger(value);
}

function isTold(value: unknown): value is [string, Instant] {
  return Array.isArray(value) && typeof value[0] === 'string' && isInstant(value[1]);
}

function isRefusal(value: unknown): value is [string, { since: Instant; says: string }] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return false;
  const { since, says } = asRecord(value[1]) ?? {};
  return isInstant(since) && typeof says === 'string';
}

function isPending(value: unknown): value is Pending {
  const { id, message, left, since } = asRecord(value) ?? {};
  return typeof id === 'string' && isInstant(since) && isTexts(left) && isMessage(message);
}

function areChannelStates(value: unknown): value is ChannelStates {
  const { lookedAt, states } = asRecord(value) ?? {};
  return isInstant(lookedAt) && Array.isArray(states) && states.every(isChannelState);
}

function isChannelState(value: unknown): value is ChannelState {
  const { check, status, says, fix, since, silent } = asRecord(value) ?? {};
  const said = typeof check === 'string' && typeof says === 'string' && isInstant(since);
  if (!said || (silent !== undefined && !isTexts(silent))) return false;
  return status === 'ok'
    ? fix === undefined
    : ['warn', 'fail', 'unknown'].includes(`${status}`) && typeof fix === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isMessage(value: unknown): value is Message {
  const { subject, text, sms, urgency, severity = 'info' } = asRecord(value) ?? {};
  const texts = typeof subject === 'string' && typeof text === 'string';
  const optional = sms === undefined || typeof sms === 'string';
  const isGraded = ['critical', 'warning', 'info'].includes(`${severity}`);
  return texts && optional && isGraded && ['alert', 'digest', 'test'].includes(`${urgency}`);
}

/** Hosts by the date of a window of theirs. */
type ByDate = readonly (readonly [date: string, hosts: readonly string[]])[];

/** What `judgedUntil` alone does not tell. */
export type WindowStates = {
  /** Hosts that could not be read when they were due, and have not been since: that window is still to be judged. */
  readonly unread: readonly string[];
  /** Hosts by the date of their newest closed window: one that is moved back would close behind `judgedUntil`. */
  readonly judged: ByDate;
  /** Hosts that were only called late, by the date of that window: it is judged for good when its grace is over. */
  readonly late?: ByDate;
  /** The date of the windows of which the last digest told: another roll may have another first due time. */
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

/** States written before grace and digests were remembered have no `late` and no `digest`. */
export function areWindowStates(value: unknown): value is WindowStates {
  const { unread, judged, late = [], digest = '' } = (value ?? {}) as Record<string, unknown>;
  return areNames(unread) && areDays(judged) && areDays(late) && typeof digest === 'string';
}

function areDays(value: unknown): boolean {
  const isDay = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && areNames(one[1]);
  return Array.isArray(value) && value.every(isDay);
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** The pages that runs leave behind, by name. `tag` stands for what was read of one. */
export type RecordStore = {
  /** Text and tag are `undefined` where nothing was ever written. Throws `LedgerError`. */
  readonly read: (page: string) => Promise<{ text: string | undefined; tag: string | undefined }>;
  /**
   * Writes on top of what `tag` stands for, `undefined` = of nothing, and answers the new tag. Throws
   * `LedgerConflictError` when something else is there, or `LedgerError`.
   */
  readonly write: (page: string, text: string, tag: string | undefined) => Promise<string>;
  /** Writes whatever was there. Throws `LedgerError`. */
  readonly replace: (page: string, text: string) => Promise<void>;
  /** The names that begin with a prefix, in the order of their bytes. Throws `LedgerError`. */
  readonly list: (prefix: string) => Promise<string[]>;
};

/** Somebody else has written since it was read. */
export class RecordConflictError extends Error {
  override readonly name = 'LedgerConflictError';
}

/** The ledger could not be read or written; the run goes on without a memory. */
export class RecordError extends Error {
  override readonly name = 'LedgerError';
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
 * Reads the state. One that is lost or corrupt is begun anew, a day back, so that what closed between the last run and this
 * one is judged; not where it cannot be written, as then every run would judge that day. So is a state that says the
 * windows of days to come were judged, as with it no run would judge anything until then. All that is a warning, never
 * a failed check.
 */
export async function openRecords(records: RecordStore, now: Instant): Promise<Kept> {
  try {
    const { text, tag } = await records.read(STATE_PAGE);
    if (text === undefined) {
      // A ledger with a report in it has had a state; one without is at its first run.
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
  const warning = `the ledger was ${was} and is begun anew: the last day is judged again, and something may be told twice`;
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

/** Only what the ledger is known to throw is a warning; anything else is a bug. */
function warn(error: unknown): string {
  if (error instanceof RecordError || error instanceof RecordConflictError) {
    return `no memory: ${error.message}; something may be told twice`;
  }
  throw error;
}

/** The first half of a SHA-256, in base64url: nobody can make another text for it. */
export async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const half = new Uint8Array(digest).subarray(0, 16);
  const base64 = btoa(String.fromCharCode(...half));
  return base64.slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');
}
