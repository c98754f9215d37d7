// One run for S3's events: each is told once, however often it is sent.
import type { Instant } from '../duplicity/time.ts';
import type { Roster } from '../roster/roster.ts';
import { deliverPending, pendingFor } from './deliver.ts';
import { judgeEvents } from './judge-events.ts';
import { changeLedger, openLedger } from './ledger.ts';
import type { ObjectEvent } from './object-event.ts';
import type { Ends } from './run-schedule.ts';
import { shortHash } from './short-hash.ts';

/**
 * Judges and tells the events that have not been told. An upload of which there is nothing to tell leaves nothing in the
 * ledger: most are such, and come for all hosts in the same hour. Throws like `runSchedule`.
 */
export async function runEvents(
  { store, ledger, channels }: Ends,
  roster: Roster,
  events: readonly ObjectEvent[],
  now: Instant,
): Promise<{ events: number; told: number }> {
  const opened = await openLedger(ledger, now);
  const known = await Promise.all(events.map(async (event) => ({ event, id: await idOf(event) })));
  const fresh = known.filter(({ id }) => !opened.state.told.has(id));
  const ids = fresh.map(({ id }) => id);
  const messages = await judgeEvents(
    store,
    roster,
    fresh.map(({ event }) => event),
    now,
  );
  if (messages.length === 0) {
    await deliverPending(ledger, opened, channels, [], now);
    return { events: events.length, told: 0 };
  }
  const pending = messages.map((message, index) =>
    pendingFor(`event ${ids[0]} ${index}`, message, channels, now),
  );
  const kept = await changeLedger(ledger, opened, now, (state) =>
    ids.every((id) => state.told.has(id))
      ? undefined
      : {
          ...state,
          told: new Map([...state.told, ...ids.map((id): [string, Instant] => [id, now])]),
          pending: [...state.pending, ...pending],
        },
  );
  const own = pending.map(({ id }) => id);
  if (kept !== undefined) await deliverPending(ledger, kept, channels, own, now);
  return { events: events.length, told: kept === undefined ? 0 : messages.length };
}

/** S3 may send one event twice; what, when and to which key is the same both times. Short, as a key may be 1 KB. */
function idOf({ what, bucket, key, at, left }: ObjectEvent): Promise<string> {
  return shortHash(JSON.stringify([what, left, bucket, key, at]));
}
