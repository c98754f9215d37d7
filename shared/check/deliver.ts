// Messages to their channels: each channel is tried, and what one refuses waits for the next run.
import type { Instant } from '../duplicity/time.ts';
import type { Pending } from '../ledger/ledger-state.ts';
import type { Message } from '../report/message.ts';
import { changeLedger, type Kept, type Ledger } from './ledger.ts';

/** One way to somebody; `send` throws when it did not take the message. */
export type Channel = {
  readonly name: string;
  /** The one mailbox at its end; a topic has many. */
  readonly address?: string;
  readonly send: (message: Message) => Promise<void>;
};

/** One channel did not take a message. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly channel: string;

  constructor(channel: string, options: ErrorOptions) {
    super(`${channel} did not take the message; look at it: rollcall check`, options);
    this.channel = channel;
  }
}

// Another run may be about to deliver what is younger; Lambda's first retry comes after a minute.
const STALE_MS = 45_000;

/** A message for all channels, as it is remembered until each has taken it. */
export function pendingFor(
  id: string,
  message: Message,
  channels: readonly Channel[],
  now: Instant,
): Pending {
  return { id, message, left: channels.map(({ name }) => name), since: now };
}

/**
 * Delivers the messages of this run (`own`), and those that a run before it left behind, each to the
 * channels that have not taken it. Throws one `AggregateError` of `DeliveryError`s after the last, so that
 * the run fails: twice told beats never told.
 */
export async function deliverPending(
  ledger: Ledger,
  kept: Kept,
  channels: readonly Channel[],
  own: readonly string[],
  now: Instant,
): Promise<Kept> {
  const due = kept.state.pending.filter(
    ({ id, since }) => own.includes(id) || now - since >= STALE_MS,
  );
  if (due.length === 0) return kept;
  const results = await Promise.all(due.map((pending) => deliver(pending, channels)));
  const left = new Map(results.map(({ id, errors }) => [id, errors.map(({ channel }) => channel)]));
  const after = await changeLedger(ledger, kept, now, (state) => ({
    ...state,
    pending: state.pending.flatMap((pending) => {
      const refused = left.get(pending.id) ?? pending.left;
      return refused.length === 0 ? [] : [{ ...pending, left: refused }];
    }),
  }));
  const errors = results.flatMap((result) => result.errors);
  if (errors.length > 0) {
    throw new AggregateError(errors, errors.map(({ message }) => message).join('; '));
  }
  return after ?? kept;
}

/** A channel that the roll no longer has takes nothing any more, and refuses nothing. */
async function deliver(
  { id, message, left }: Pending,
  channels: readonly Channel[],
): Promise<{ id: string; errors: DeliveryError[] }> {
  const errors = await Promise.all(
    channels.filter(({ name }) => left.includes(name)).map((channel) => sendTo(channel, message)),
  );
  return { id, errors: errors.flatMap((error) => error ?? []) };
}

/** Tries one channel; answers why it did not take the message, or nothing. Never throws. */
export async function sendTo(
  { name, send }: Channel,
  message: Message,
): Promise<DeliveryError | undefined> {
  try {
    await send(message);
    return undefined;
  } catch (cause) {
    return new DeliveryError(name, { cause });
  }
}
