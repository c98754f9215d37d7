// What runs remember: until when windows were judged, what has been told, and what is still to be told.
import type { Refusals } from '../doctor/hooks.ts';
import type { PathState, Paths } from '../doctor/paths.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Message } from '../report/message.ts';
import { isTurns, type Turns } from './turns.ts';

/** A message on its way: `left` names the channels that have not taken it yet. */
export type Pending = {
  readonly id: string;
  readonly message: Message;
  readonly left: readonly string[];
  readonly since: Instant;
};

export type LedgerState = {
  /** Every window that closed until then was judged; `undefined` before the first run. */
  readonly judgedUntil: Instant | undefined;
  readonly pending: readonly Pending[];
  /** The events that were told, by their ids, with when: S3 may send one twice. */
  readonly told: ReadonlyMap<string, Instant>;
  /** What messages of events were about, with until when they have used up their turn: a flood of events is no flood of mails. */
  readonly spoken: ReadonlyMap<string, Instant>;
  /** How the ways that alarms take were when a run last looked; absent before the first look. */
  readonly paths?: Paths;
  /** The channels that said why they took no message, and have taken none since; absent in states of before. */
  readonly refusals?: Refusals;
  /** How the hosts stood at `judgedUntil`; absent before the first run. */
  readonly turns?: Turns;
};

export const EMPTY_STATE: LedgerState = {
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
export function formatState({ judgedUntil, told, spoken, refusals, ...rest }: LedgerState): string {
  const events = {
    ...{ told: [...told], spoken: [...spoken] },
    ...(refusals === undefined ? {} : { refusals: [...refusals] }),
  };
  const stored = { version: 1, judgedUntil: judgedUntil ?? null, ...events, ...rest };
  return `${JSON.stringify(stored)}\n`;
}

/** The inverse; `undefined` for anything that `formatState` does not write. Never throws. */
export function parseState(text: string): LedgerState | undefined {
  const stored = parseRecord(text);
  if (stored?.version !== 1) return undefined;
  // States written before messages were kept apart have no `spoken`.
  const { judgedUntil, pending, told, spoken = [], paths, turns, refusals } = stored;
  if (judgedUntil !== null && !isInstant(judgedUntil)) return undefined;
  if (!Array.isArray(pending) || !pending.every(isPending)) return undefined;
  if (!Array.isArray(told) || !told.every(isTold)) return undefined;
  if (!Array.isArray(spoken) || !spoken.every(isTold)) return undefined;
  if (paths !== undefined && !isPaths(paths)) return undefined;
  if (turns !== undefined && !isTurns(turns)) return undefined;
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
export function forgetOld(state: LedgerState, now: Instant): LedgerState {
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

function isPaths(value: unknown): value is Paths {
  const { lookedAt, states } = asRecord(value) ?? {};
  return isInstant(lookedAt) && Array.isArray(states) && states.every(isPathState);
}

function isPathState(value: unknown): value is PathState {
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
