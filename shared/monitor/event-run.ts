// One run for S3's events: each is notified once, however often it is sent, and a flood of them in few messages.
import type { Config } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Known } from '../messages/author-text.ts';
import { joinMessages } from '../messages/compose-message.ts';
import { judgeEvents, type Notice } from './judge-events.ts';
import type { Budget } from './judge-hosts.ts';
import { type Channel, deliverPending, pendingFor } from './notify.ts';
import type { ObjectEvent } from './object-event.ts';
import { type Dependencies, NO_RECIPIENTS } from './scheduled-run.ts';
import { changeRecords, type MonitorState, openRecords, shortHash } from './state.ts';

// About one thing five messages at once, and from then on one each quarter of an hour.
const APART_MS = 15 * 60_000;
const AT_FIRST = 4;
const CLOCKS_APART_MS = 60_000;

/**
 * Judges events and notifies of those that are new. An upload that is no news reads nothing from the state bucket: most
 * are such, and come for all hosts in the same hour. `putOff` are those for which `budget` did not suffice. Throws like
 * `runSchedule`.
 */
export async function runEvents(
  { store, records, channels }: Dependencies,
  config: Config,
  events: readonly ObjectEvent[],
  now: Instant,
  ours: Omit<Known, 'hosts'> = {},
  budget?: Budget,
): Promise<{ events: number; told: number; putOff: ObjectEvent[]; unheard?: string }> {
  const late = new Set<ObjectEvent>();
  const putOff = (some: readonly ObjectEvent[]) => {
    for (const one of some) late.add(one);
  };
  const time = budget === undefined ? undefined : { budget, putOff };
  const outcome = (told: number) => ({ events: events.length, told, putOff: [...late] });
  const first = await judgeEvents(store, config, events, now, ours, time);
  if (first.length === 0) return outcome(0);
  const opened = await openRecords(records, now);
  const ids = new Map(
    await Promise.all(
      events.map(async (event): Promise<[ObjectEvent, string]> => [event, await idOf(event)]),
    ),
  );
  const fresh = events.filter((event) => !opened.state.told.has(ids.get(event) ?? ''));
  const known = fresh.length < events.length;
  const notices = known ? await judgeEvents(store, config, fresh, now, ours, time) : first;
  if (notices.length === 0) {
    // All of it was notified; perhaps not by every channel.
    await deliverPending(records, opened, channels, [], now);
    return outcome(0);
  }
  const own = notices.map(
    ({ about, events: [event] }) => `event ${about} ${event && ids.get(event)}`,
  );
  const eventIds = notices.flatMap((notice) => notice.events.flatMap((one) => ids.get(one) ?? []));
  let told = 0;
  const kept = await changeRecords(records, opened, now, (state) => {
    if (eventIds.every((id) => state.told.has(id))) return undefined;
    const news = notices.filter((notice) => !wasNotified(state, notice));
    told = news.length;
    const once = news.flatMap((notice) => notice.once ?? []);
    return news.reduce<MonitorState>(
      (after, notice) => remember(after, notice, own[notices.indexOf(notice)] ?? '', channels, now),
      { ...state, told: add(state.told, [...eventIds, ...once], now) },
    );
  });
  if (kept !== undefined) await deliverPending(records, kept, channels, own, now);
  if (channels.length === 0) return { ...outcome(0), unheard: NO_RECIPIENTS };
  return outcome(kept === undefined ? 0 : told);
}

/**
 * A message went out after these events, by a run that saw what they did. Between S3's clock and ours may be a minute.
 */
function wasNotified({ told }: MonitorState, { once, events }: Notice): boolean {
  const notifiedAt = once === undefined ? undefined : told.get(once);
  return notifiedAt !== undefined && events.every(({ at }) => at <= notifiedAt + CLOCKS_APART_MS);
}

/** To be sent now; or, after several messages about the same, in one that gathers what comes until it may go out. */
function remember(
  state: MonitorState,
  { about, message }: Notice,
  id: string,
  channels: readonly Channel[],
  now: Instant,
): MonitorState {
  const gathered = `more ${about}: `;
  const waiting = state.pending.find((pending) => pending.id.startsWith(gathered));
  if (waiting !== undefined) {
    // Under a new id: a run that delivers what was gathered before must not cross this out with it.
    const joined = joinMessages(waiting.message, message);
    const more = pendingFor(`${gathered}${id}`, joined, channels, waiting.since);
    const others = state.pending.filter((pending) => pending !== waiting);
    return { ...state, pending: [...others, more] };
  }
  const busyUntil = Math.max(now, state.spoken.get(about) ?? now);
  const at = Math.max(now, busyUntil - AT_FIRST * APART_MS);
  const pending = pendingFor(at > now ? `${gathered}${id}` : id, message, channels, at);
  return {
    ...state,
    pending: [...state.pending, pending],
    spoken: add(state.spoken, [about], busyUntil + APART_MS),
  };
}

/** Put last, so that what is oldest is forgotten first. */
function add(
  map: ReadonlyMap<string, Instant>,
  ids: readonly string[],
  at: Instant,
): Map<string, Instant> {
  const next = new Map(map);
  for (const id of ids) {
    next.delete(id);
    next.set(id, at);
  }
  return next;
}

/** S3 may send one event twice; what, when and to which key is the same both times. Short, as a key may be 1 KB. */
function idOf({ what, bucket, key, at, left }: ObjectEvent): Promise<string> {
  return shortHash(JSON.stringify([what, left, bucket, key, at]));
}
