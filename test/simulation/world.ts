// What lives in the simulation: hosts, their sets and what became of them, channels, and what is wrong with the world.

import type { Bucket } from './bucket.ts';
import type { Times } from './calendar.ts';

/** How a host backs up that does not write a full each day. */
export type Rhythm =
  /** It rests at weekends. */
  | { readonly kind: 'weekdays' }
  /** A full once it is so many days old, and increments between. */
  | { readonly kind: 'chain'; readonly fullEvery: number }
  /** One upload in three days, which takes so many hours. */
  | { readonly kind: 'long'; readonly hours: number }
  /** It removes all but its newest fulls itself, in a bucket of its own. */
  | { readonly kind: 'prunes'; readonly keep: number };

/** A host's way of life, drawn once. */
export type Habit = {
  readonly name: string;
  readonly times: Times;
  /** Minutes from the opening of the window until it begins, and from there until it is done. */
  readonly beginsAfter: number;
  readonly lasts: number;
  readonly volumes: number;
  readonly volumeBytes: number;
  readonly rhythm?: Rhythm;
};

/** Something that happens: what, on which day, to whom; `dice` draws the rest. */
export type Incident = {
  readonly kind: string;
  readonly day: number;
  readonly host: string;
  readonly dice: number;
};

/** All that a seed means. */
export type Plan = {
  readonly seed: number;
  /** The kinds of incidents that it was made of, where they were asked for. */
  readonly asked?: readonly string[];
  readonly startsAt: number;
  readonly days: number;
  readonly keepDays: number;
  readonly keepLastGood: boolean;
  /** Which hosts have admins of their own: a mailbox, and a webhook. */
  readonly admins?: Readonly<Record<'admin' | 'hook', readonly string[]>>;
  /** The monitor is `rollcall run`: it remembers in a folder, and hears of no events. */
  readonly folder?: true;
  readonly hosts: readonly Habit[];
  readonly incidents: readonly Incident[];
};

/** A host as it is now. */
export type Member = {
  /** Never changes, whatever the config calls it. */
  readonly id: string;
  readonly habit: Habit;
  readonly prefix: string;
  readonly names: string[];
  times: Times;
  inConfig: boolean;
  /** Its first date on which it owes a backup, if the config says so. */
  since: string | undefined;
  /** When its line in the config changed last, so that windows of before and after are no plain case. */
  changedAt: number;
  /** When something happened to it that may rightly raise an alarm. */
  readonly harms: number[];
  silentUntil: number;
  /** What its own duplicity takes for done, oldest first; the next increment builds on the last of them. */
  readonly sessions: KnownSet[];
};

/** `doubtful`: it restores perhaps, or less than it should; never to be called OK, and no alarm is owed. */
export type Quality = 'good' | 'doubtful' | 'bad';

/** A set as the world knows it, which is more than names tell. */
export type KnownSet = {
  readonly member: Member;
  /** The time in its name. */
  readonly namedAt: number;
  readonly quality: Quality;
  readonly why: string;
  readonly isFull: boolean;
  /** Of an increment: what it builds on; `undefined` where that is nowhere. */
  readonly base: KnownSet | undefined;
  /** What builds on it restores, if nothing else is wrong. */
  readonly bears: boolean;
  /** Its host removed it, as it always does. */
  isPruned: boolean;
  /** What its host wrote last, key by key. */
  readonly etags: Map<string, string>;
  finishedAt: number | undefined;
  /** When its manifest will be there, if it is to come. */
  readonly plannedAt: number;
  lastAt: number;
};

/** A place where somebody listens: its address may be exchanged. Admins, by mail or by a webhook, listen for some hosts. */
export type Seat = {
  readonly id: 'mail' | 'phone' | 'admin' | 'hook';
  address: string;
  readonly isOf: (member: Member) => boolean;
};

/** What may be wrong for a while. */
export type Trouble =
  | 'schedule down'
  | 'ticks doubled'
  | 'ticks overlapping'
  | 'runs killed'
  | 'events lost'
  | 'events late'
  | 'events doubled'
  | 'mail refuses'
  | 'phone refuses'
  | 'admin refuses'
  | 'hook refuses'
  | 'memory locked'
  | 'bucket locked'
  | 'lifecycle late';

/** How the memory of the monitor is spoiled. */
export type Spoiling = 'lost' | 'garbled' | 'rolled back' | 'ahead';

export type World = {
  readonly plan: Plan;
  readonly bucket: Bucket;
  readonly members: Member[];
  readonly sets: KnownSet[];
  readonly seats: readonly Seat[];
  readonly story: { at: number; says: string }[];
  now: number;
  keepDays: number;
  /** Does something later. */
  readonly at: (when: number, act: () => void | Promise<void>) => void;
  readonly tell: (says: string) => void;
  readonly begin: (trouble: Trouble, until: number) => void;
  readonly has: (trouble: Trouble) => boolean;
  readonly spoil: (how: Spoiling) => void;
  /** From now on until then a message may come twice: a run was killed, or forgot. */
  readonly excuse: (until: number) => void;
  /** An attacker or an operator spoiled a set that was finished: somebody has to hear of it. */
  readonly oweTamper: (set: KnownSet) => void;
  /** The promised full does not come: the mailbox has to hear of it. */
  readonly oweFull: (member: Member) => void;
};

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The host restores from it now: all that its host wrote, of it and of what it builds on, is still what a GET answers. */
export function isWhole({ bucket }: Pick<World, 'bucket'>, set: KnownSet): boolean {
  return chainOf(set).every(
    ({ finishedAt, etags }) =>
      finishedAt !== undefined &&
      [...etags].every(([key, etag]) => bucket.current(key)?.body?.etag === etag),
  );
}

/** Nothing is better than what it builds on. */
export function qualityOf(set: KnownSet): Quality {
  const [, ...below] = chainOf(set);
  return below.every(({ bears }) => bears) ? set.quality : 'bad';
}

/** A set and what it builds on. */
export function chainOf(set: KnownSet): KnownSet[] {
  return set.base === undefined ? [set] : [set, ...chainOf(set.base)];
}

/** With fewer days the bucket would forget a backup before the next one is owed, and hosts.yml would be refused. */
export function leastKeepDays({ rhythm }: Habit): number {
  if (rhythm === undefined) return 1;
  switch (rhythm.kind) {
    case 'chain':
      return rhythm.fullEvery + 5;
    // The last one is begun six days before the next is done, and is looked after for its last two days.
    case 'long':
      return 9;
    default:
      return 4;
  }
}

export function nameOf(member: Member): string {
  return member.names.at(-1) ?? member.id;
}

/** Only the functions of the stack do. */
export function hearsEvents({ plan, has }: World): boolean {
  return plan.folder !== true && !has('events lost');
}
