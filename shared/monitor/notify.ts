// What is new to each channel, sent to it: claimed first, so that no other run sends it too, and noted once it is taken.
import { adminsOf, type Config, type Host } from '../config/config.ts';
import type { Check } from '../doctor/audit.ts';
import {
  type ChannelStates,
  compareChannels,
  isLookDue,
  type Refusals,
  silentAddresses,
} from '../doctor/channels.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import type { Message } from '../messages/message-tree.ts';
import { formatDuration } from '../messages/plain-text.ts';
import type { Notice } from '../messages/problem-text.ts';
import { placeOf } from '../rules/fingerprints.ts';
import {
  isClaimed,
  isOwn,
  type Listener,
  type News,
  newsOf,
  noteNotified,
  type Problem,
  problemId,
} from '../rules/problem.ts';
import type { OwnNews } from './problems.ts';
import { changeState, type Kept, type MonitorState, type RecordStore } from './state.ts';

/** One channel; `send` throws when it did not take the message. */
export type Channel = Listener & {
  /** The one mailbox at its end; a topic has many. */
  readonly address?: string;
  /** The other channels report it when it refuses, so that the run need not fail for it. */
  readonly isReported?: boolean;
  /** The hosts that it is for, by their places; without it all, and the monitor. */
  readonly places?: ReadonlySet<string>;
  /** It gets an event for each problem. */
  readonly isPager?: boolean;
  readonly send: (message: Message) => Promise<void>;
};

/**
 * Why a channel takes no message, in words that hold no secret: they are remembered, and sent by the other channels.
 */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
}

/** One channel for each mailbox of the config: those that are for all hosts, and those of admins, for theirs. */
export function mailboxChannels(
  config: Config,
  open: (to: readonly string[]) => readonly Channel[],
): Channel[] {
  return [
    ...open(config.alerts.mail),
    ...[...adminsOf(config)].flatMap(([admin, hosts]) =>
      open([admin]).map((one) => forHosts(one, hosts)),
    ),
  ];
}

/** For the admins of some hosts: it hears of these alone, of who mutes them, and of its part of the digest. */
export function forHosts(channel: Channel, hosts: readonly Host[]): Channel {
  const places = new Set(hosts.map(placeOf));
  return {
    ...channel,
    places,
    isNotified: (problem) => {
      const { kind, place, over, notified } = problem;
      const isTheirs = (!isOwn(kind) || kind === 'muted') && places.has(place);
      const isEnd = over !== undefined && notified.has(channel.name);
      const isFor = channel.isNotified?.(problem) !== false;
      return isFor && (kind === 'digest' || isTheirs || isEnd);
    },
  };
}

/** In place of channels where the config names nobody: what there was to tell is known all the same. */
export const NOBODY: Channel = { name: 'nobody', send: async () => undefined };

/** One channel did not take a message. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly channel: string;

  constructor(channel: string, options: ErrorOptions) {
    super(`${channel} did not take the message; look at it: rollcall check`, options);
    this.channel = channel;
  }
}

/** What a run does with the state, and how it puts what was not sent yet into words. */
export type Notifying = {
  readonly channels: readonly Channel[];
  /** What no other run is called: it claims what it sends. */
  readonly run: string;
  readonly now: Instant;
  /** Puts what the run found into the state; `undefined` = another run was first, and there is nothing to send. */
  readonly change: (state: MonitorState) => MonitorState | undefined;
  /** Left for a later run. */
  readonly isHeld?: (problem: Problem, news: News, channel: Channel) => boolean;
  readonly compose: (
    notices: readonly Notice[],
    state: MonitorState,
    channel: Channel,
  ) => Message | undefined;
  readonly reopen: () => Promise<Kept>;
};

/** What a run without a memory finds anew each time. */
const STANDING: readonly Problem['kind'][] = ['memory', 'no-run', 'muted'];

export type Notified = { readonly kept: Kept; readonly message: Message | undefined } | undefined;

/**
 * Remembers what a run found, claims what is new to a channel, and sends each channel one message of it. Throws one
 * `AggregateError` of `DeliveryError`s after the last, so that the run fails: a duplicate message is better than a lost
 * one. A channel that the others tell of fails no run that remembers it. Answers the message of the first channel.
 */
export async function notify(
  records: RecordStore,
  opened: Kept,
  { channels, run, now, change, compose, reopen, isHeld = () => false }: Notifying,
): Promise<Notified> {
  const newsFor = (problem: Problem, channel: Channel) => {
    const news = newsOf(problem, channel);
    return news === undefined || isHeld(problem, news, channel) ? undefined : news;
  };
  const claim = (state: MonitorState): MonitorState => ({
    ...state,
    problems: state.problems.map((problem) =>
      !isClaimed(problem, run, now) && channels.some((channel) => newsFor(problem, channel))
        ? { ...problem, claim: { by: run, at: now } }
        : problem,
    ),
  });
  const kept = await changeState(
    records,
    opened,
    (state) => {
      const changed = change(state);
      return changed && claim(changed);
    },
    reopen,
  );
  if (kept === undefined) return undefined;
  const claimed = kept.state.problems.filter((problem) => problem.claim?.by === run);
  // It goes with something else, the day's digest at the latest.
  const isAnew = kept.warning !== undefined && claimed.every(({ kind }) => STANDING.includes(kind));
  const sent = isAnew ? [] : claimed;
  const results = await Promise.all(
    channels.map(async (channel) => {
      const notices = sent.flatMap((problem): Notice[] => {
        const news = newsFor(problem, channel);
        return news === undefined ? [] : [{ problem, news }];
      });
      const message = notices.length === 0 ? undefined : compose(notices, kept.state, channel);
      const error = message && (await sendTo(channel, message));
      const ids = new Set(notices.map(({ problem }) => problemId(problem)));
      return { channel, message, error, ids };
    }),
  );
  const message = results.find((result) => result.message !== undefined)?.message;
  if (sent.length === 0) return { kept, message };
  const errors = results.flatMap(({ error }) => error ?? []);
  const taken = results.filter((one) => one.message !== undefined && one.error === undefined);
  const takers = new Set(taken.map(({ channel }) => channel.name));
  const settled = await changeState(
    records,
    kept,
    (state) => ({
      ...state,
      refusals: noteRefusals(state, channels, errors, takers, now),
      problems: state.problems.map((problem) => {
        const id = problemId(problem);
        const own = sent.find((one) => problemId(one) === id);
        if (own === undefined || problem.claim?.by !== run) return problem;
        const takenBy = taken.flatMap(({ ids, channel }) => (ids.has(id) ? channel : []));
        return noteNotified(problem, own, takenBy, now);
      }),
    }),
    reopen,
  );
  const isReported = (name: string) =>
    settled?.warning === undefined && channels.some((one) => one.name === name && one.isReported);
  const grave = errors.filter(({ channel }) => !isReported(channel));
  if (grave.length > 0) {
    throw new AggregateError(grave, grave.map((error) => error.message).join('; '));
  }
  return { kept: settled ?? kept, message };
}

/** A channel refuses from its first `RefusalError` on until it takes a message; its first reason is kept. */
function noteRefusals(
  { refusals }: MonitorState,
  channels: readonly Channel[],
  errors: readonly DeliveryError[],
  takers: ReadonlySet<string>,
  now: Instant,
): Refusals {
  const isOpen = (channel: string) =>
    takers.has(channel) || !channels.some(({ name }) => name === channel);
  const said = errors.flatMap(({ channel, cause }) =>
    cause instanceof RefusalError ? [[channel, { since: now, says: cause.message }] as const] : [],
  );
  return new Map([...said, ...refusals].filter(([channel]) => !isOpen(channel)));
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

/** The look that is due, or the last one; `undefined` where nobody has looked. */
export async function checkChannels(
  judgeChannels: (refusals: Refusals) => Promise<readonly Check[]>,
  { state, warning }: Kept,
  { until, digest }: { readonly until: Instant; readonly digest: boolean },
): Promise<ChannelStates | undefined> {
  const { channels } = state;
  // Without a memory only the digest looks, as a dead channel would be reported again by every run.
  if (!isLookDue(channels, until) || (warning !== undefined && !digest)) return channels;
  return compareChannels(channels, await judgeChannels(state.refusals), until);
}

/** Each channel that is dead is a problem; one that is no more is over, and well where the config has it still. */
export function channelNews(
  { problems, channels }: MonitorState,
  look: ChannelStates | undefined,
  { alerts, hosts }: Pick<Config, 'alerts' | 'hosts'>,
): OwnNews[] {
  if (look === undefined) return [];
  const dead = look.states.flatMap((state) => (state.status === 'fail' ? [state] : []));
  const silent = silentAddresses(dead);
  const severity = alerts.mail.some((address) => silent.has(address)) ? 'critical' : 'warning';
  const subjectOf = ({ check, says }: Pick<Check, 'check' | 'says'>) => `${check}: ${says}`;
  const gone = problems.filter(
    ({ kind, over, subjects: [subject] }) =>
      kind === 'channel' && over === undefined && !dead.some((one) => subjectOf(one) === subject),
  );
  const recipients = JSON.stringify([alerts, hosts.map(({ admins }) => admins)]);
  const hasLeft = (subject: string) => {
    const was = channels?.states.find((one) => subjectOf(one) === subject);
    const addresses = was !== undefined && 'silent' in was ? (was.silent ?? []) : [];
    const isHook = was?.check.startsWith('hook ') === true;
    const isThere = look.states.some(({ check }) => check === was?.check);
    return isHook
      ? !isThere
      : addresses.length > 0 && addresses.every((one) => !recipients.includes(`"${one}"`));
  };
  return [
    ...dead.map((one): OwnNews => {
      const says = subjectOf(one);
      return { kind: 'channel', severity, subjects: [says], since: one.since, step: one.fix, says };
    }),
    ...gone.map((problem): OwnNews => {
      const lasted = formatDuration(look.lookedAt - problem.since);
      const isWell = !hasLeft(problem.says);
      const how = isWell ? 'works again' : 'no longer in the config,';
      const says = problem.says.replace(': ', `: ${how} after ${lasted}. It was: `);
      return { ...problem, over: { at: look.lookedAt, says, isWell } };
    }),
  ];
}

/** Reaches those who watch the monitor: of what stays, of dead channels, and by the weekly test. */
export function opsChannels(
  { ops, escalates }: { readonly ops: readonly Channel[]; readonly escalates: boolean },
  isTest: boolean,
): Channel[] {
  return ops.map((one) => ({
    ...one,
    isNotified: (problem) => {
      const { kind, over, notified } = problem;
      if (over !== undefined) return notified.has(one.name);
      return (
        kind === 'channel' || (kind === 'digest' && isTest) || (escalates && doesStay(problem))
      );
    },
  }));
}

/** A second window is missed; or for a day nobody knows whether one was. */
function doesStay({ kind, missed, since, lastSeen }: Problem): boolean {
  return missed > 1 || (kind === 'unreadable' && lastSeen - since >= DAY);
}

/** A mailbox that is known to be dead would only refuse to hear so. */
export function withoutDeadMailboxes(
  channels: readonly Channel[],
  look: ChannelStates | undefined,
): readonly Channel[] {
  const silent = silentAddresses(look?.states ?? []);
  return channels.map((channel) =>
    channel.address !== undefined && silent.has(channel.address)
      ? {
          ...channel,
          isNotified: (one: Problem) =>
            one.kind !== 'channel' && channel.isNotified?.(one) !== false,
        }
      : channel,
  );
}
