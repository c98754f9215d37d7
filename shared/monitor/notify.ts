// Messages to their channels: each channel is tried, and what one refuses waits for the next run.
import type { Config } from '../config/config.ts';
import type { Check } from '../doctor/audit.ts';
import {
  type ChannelCheck,
  compareChannels,
  isLookDue,
  type Refusals,
  silentAddresses,
} from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Message } from '../messages/compose-message.ts';
import {
  changeRecords,
  type Kept,
  type MonitorState,
  type Pending,
  type RecordStore,
} from './state.ts';

/** One channel; `send` throws when it did not take the message. */
export type Channel = {
  readonly name: string;
  /** The one mailbox at its end; a topic has many. */
  readonly address?: string;
  /** The other channels report it when it refuses, so that the run need not fail for it. */
  readonly isReported?: boolean;
  readonly send: (message: Message) => Promise<void>;
};

/**
 * Why a channel takes no message, in words that hold no secret: they are remembered, and sent by the other channels.
 */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
}

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
 * the run fails: a duplicate message is better than a lost one. A channel that the others report fails no run that
 * remembers it.
 */
export async function deliverPending(
  records: RecordStore,
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
  const errors = results.flatMap((result) => result.errors);
  const taken = new Set(results.flatMap((result) => result.taken));
  const left = new Map(results.map(({ id, errors }) => [id, errors.map(({ channel }) => channel)]));
  const after = await changeRecords(records, kept, now, (state) => ({
    ...state,
    ...noteRefusals(state, channels, { errors, taken, now }),
    pending: state.pending.flatMap((pending) => {
      const refused = left.get(pending.id) ?? pending.left;
      return refused.length === 0 ? [] : [{ ...pending, left: refused }];
    }),
  }));
  const reported = new Set(
    after?.warning === undefined
      ? channels.flatMap(({ name, isReported }) => (isReported === true ? name : []))
      : [],
  );
  const grave = errors.filter(({ channel }) => !reported.has(channel));
  if (grave.length > 0) {
    throw new AggregateError(grave, grave.map(({ message }) => message).join('; '));
  }
  return after ?? kept;
}

/** A channel refuses from its first `RefusalError` on until it takes a message; its first reason is kept. */
function noteRefusals(
  { refusals = new Map() }: MonitorState,
  channels: readonly Channel[],
  {
    errors,
    taken,
    now,
  }: {
    readonly errors: readonly DeliveryError[];
    readonly taken: ReadonlySet<string>;
    readonly now: Instant;
  },
): { refusals?: Refusals } {
  const isOpen = (channel: string) =>
    taken.has(channel) || !channels.some(({ name }) => name === channel);
  const said = errors.flatMap(({ channel, cause }): [string, { since: Instant; says: string }][] =>
    cause instanceof RefusalError ? [[channel, { since: now, says: cause.message }]] : [],
  );
  const next = new Map([...said, ...refusals].filter(([channel]) => !isOpen(channel)));
  return next.size === 0 && refusals.size === 0 ? {} : { refusals: next };
}

/** A channel that the config no longer has takes nothing any more, and refuses nothing. */
async function deliver(
  { id, message, left }: Pending,
  channels: readonly Channel[],
): Promise<{ id: string; errors: DeliveryError[]; taken: string[] }> {
  const asked = channels.filter(({ name }) => left.includes(name));
  const errors = await Promise.all(asked.map((channel) => sendTo(channel, message)));
  const taken = asked.flatMap(({ name }, index) => (errors[index] === undefined ? name : []));
  return { id, errors: errors.flatMap((error) => error ?? []), taken };
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

/**
 * The look that is due, or the last one without its news; `undefined` where there was none. Without a memory only
 * the digest looks, as every run would notify of a dead channel again.
 */
export async function checkChannels(
  judgeChannels: (refusals: Refusals) => Promise<readonly Check[]>,
  { state, warning }: Kept,
  { alerts }: Config,
  { until, digest }: { readonly until: Instant; readonly digest: boolean },
): Promise<ChannelCheck | undefined> {
  const { paths: lastCheck } = state;
  if (isLookDue(lastCheck, until) && (warning === undefined || digest)) {
    return compareChannels(
      lastCheck,
      await judgeChannels(state.refusals ?? new Map()),
      until,
      alerts,
    );
  }
  return lastCheck === undefined
    ? undefined
    : { ...lastCheck, died: [], repaired: [], urgent: false };
}

/** A mailbox that is known to be dead would only refuse the message that says so. */
export function workingChannels(
  channels: readonly Channel[],
  look: ChannelCheck | undefined,
): readonly Channel[] {
  const silent = silentAddresses(look?.states ?? []);
  return channels.filter(({ address }) => address === undefined || !silent.has(address));
}
