// What S3's events mean for a host: a recovery, a set that should not be, a backup that somebody changed.
import pMap from 'p-map';
import { type Config, type Host, hostOf } from '../config/config.ts';
import type { Collection } from '../duplicity/backup-set.ts';
import type { FileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Known } from '../messages/author-text.ts';
import {
  type About,
  composeRecovery,
  composeReturn,
  composeTampering,
  composeTrouble,
  composeUnknownPrefixes,
} from '../messages/compose-event-alert.ts';
import type { Message } from '../messages/compose-message.ts';
import type { FindingKind, KindBy, TamperedSet } from '../rules/finding.ts';
import { type Judgement, judge } from '../rules/judge.ts';
import { isOverwrite } from '../rules/tampering.ts';
import { type Budget, NOT_IN_TIME, readTarget, whileTimeLasts } from './judge-hosts.ts';
import type { ObjectEvent } from './object-event.ts';
import type { ObjectStore } from './object-store.ts';
import {
  eventsOf,
  type FileEvent,
  findRestored,
  setOf,
  setsBack,
  sortEvents,
} from './sort-events.ts';

/** One message; messages that are `about` the same may be joined, when there are many. */
export type Notice = {
  readonly about: string;
  readonly message: Message;
  /** The events that caused it. */
  readonly events: readonly ObjectEvent[];
  /** What it reports: sent once for all events from before it was sent. */
  readonly once?: string;
};

/** How long there is to look, and who takes the events for which it was too short. */
export type TimeToLook = {
  readonly budget: Budget;
  readonly putOff: (events: readonly ObjectEvent[]) => void;
};

const AT_ONCE = 32;
// What an intruder touches is a few sets; a flood of names must not become a flood of requests.
const SETS_LOOKED_AT = 20;

/**
 * For each host at most one notice of a kind, however many events; none for the ordinary course of a backup. Where the
 * time does not suffice to look at a host, its removals are reported all the same, and its uploads are put off. `ours`
 * is what events call the stack's own account and break-glass role.
 */
export async function judgeEvents(
  store: ObjectStore,
  config: Config,
  events: readonly ObjectEvent[],
  now: Instant,
  ours: Omit<Known, 'hosts'> = {},
  time?: TimeToLook,
): Promise<Notice[]> {
  const about = { timezone: config.timezone, known: { ...ours, hosts: config.hosts } };
  const byHost = Map.groupBy(events, ({ bucket, key }) => hostOf(config, bucket, key));
  const notices = await pMap(
    byHost,
    ([host, own]) =>
      host === undefined ? judgeUnowned(own, about) : judgeHost(store, host, own, now, about, time),
    { concurrency: AT_ONCE },
  );
  return notices.flat();
}

function judgeUnowned(events: readonly ObjectEvent[], about: About): Notice[] {
  const removed = events.filter(({ what }) => what === 'removed');
  const tampering = composeNotice('tampering with nobody', removed, (changes) =>
    composeTampering(changes, undefined, about),
  );
  const created = events.filter(({ what }) => what === 'created');
  return [
    ...tampering,
    ...composeNotice('strangers', created, (uploads) => composeUnknownPrefixes(uploads, about)),
  ];
}

function composeNotice(
  about: string,
  events: readonly ObjectEvent[],
  compose: (events: readonly ObjectEvent[]) => Message | undefined,
): Notice[] {
  const message = events.length === 0 ? undefined : compose(events);
  return message === undefined ? [] : [{ about, message, events }];
}

async function judgeHost(
  store: ObjectStore,
  host: Host,
  events: readonly ObjectEvent[],
  now: Instant,
  about: About,
  time: TimeToLook | undefined,
): Promise<Notice[]> {
  const { removed, manifests, late, unsure, poison, foreign } = await sortEvents(
    store,
    host,
    events,
    time?.budget,
  );
  const unknownPrefixes = (uploads: readonly FileEvent[]) =>
    composeNotice(`strangers at ${host.name}`, eventsOf(uploads), (changes) =>
      composeUnknownPrefixes(changes, about, host),
    );
  const looked = Map.groupBy([...late, ...removed, ...manifests, ...unsure, ...poison], setOf);
  if (looked.size === 0) return unknownPrefixes(foreign);

  const sets = [...looked].slice(0, SETS_LOOKED_AT);
  const alsoSetsOf = sets.flatMap(([, [first]]) => first?.file ?? []);
  const reach = { now, depth: 'recent', alsoSetsOf } as const;
  const reading = await whileTimeLasts(
    time?.budget,
    () => readTarget(store, host, reach),
    () => NOT_IN_TIME,
  );
  const isPutOff = reading === NOT_IN_TIME;
  if (isPutOff) time?.putOff(eventsOf([...manifests, ...unsure, ...poison]));
  const { collection, evidence } = reading;
  const judgement = judge(host, collection, now, evidence);
  const unreadable = 'unreadable' in collection;
  const seen = new Set(
    unreadable || collection.inconclusive !== undefined ? [] : sets.map(([id]) => id),
  );
  const overwrites = [...late, ...unsure, ...manifests].filter((one) =>
    seen.has(setOf(one)) && !unreadable
      ? isOverwrite(collection, one.file, one.event.at)
      : late.includes(one),
  );
  const readable = removed.filter((one) => seen.has(setOf(one)));
  const restored = unreadable
    ? []
    : await whileTimeLasts(
        time?.budget,
        () => findRestored(store, host, collection, readable),
        () => [],
      );
  const gone = removed.filter((one) => !restored.includes(one));
  const names = manifests.flatMap(({ name }) => name ?? []);
  const bad = unreadable
    ? []
    : troubleOf(judgement, { names, poison: poison.length > 0 }).filter(
        // The message about tampering has it already, with who and from where.
        (kind) => kind !== 'tampered' || overwrites.length + gone.length === 0,
      );
  const tampering = composeNotice(
    `tampering with ${host.name}`,
    eventsOf([...overwrites, ...gone]),
    (changes) => composeTampering(changes, judgement, about),
  );
  const uploads = composeNotice(
    `uploads of ${host.name}`,
    isPutOff ? [] : eventsOf([...manifests, ...poison]),
    (changes) => {
      if (unreadable) return composeTrouble(judgement, ['unreadable'], changes, about);
      if (bad.length > 0) return composeTrouble(judgement, bad, changes, about);
      const before = judge(host, without(collection, names), now);
      return overwrites.length === 0 && names.length > 0 && isRecovery(before, judgement)
        ? composeRecovery(before, judgement, about.timezone)
        : undefined;
    },
  );
  const recovery =
    tampering.length === 0 ? await judgeReturn(store, judgement, restored, about, time) : [];
  return [
    ...tampering,
    ...uploads,
    ...recovery,
    ...unknownPrefixes(bad.includes('poisoned') || isPutOff ? foreign : [...foreign, ...poison]),
  ];
}

/** OK AGAIN by removed markers. Asked of every set there is: one that is hidden whole shows in no other listing. */
async function judgeReturn(
  store: ObjectStore,
  recent: Judgement,
  restored: readonly FileEvent[],
  about: About,
  time: TimeToLook | undefined,
): Promise<Notice[]> {
  const { host, at: now } = recent;
  if (setsBack(recent, restored).length === 0) return [];
  const events = eventsOf(restored);
  const reading = await whileTimeLasts(
    time?.budget,
    () => readTarget(store, host, { now, depth: 'all' }),
    () => NOT_IN_TIME,
  );
  if (reading === NOT_IN_TIME) time?.putOff(events);
  const judgement = judge(host, reading.collection, now, reading.evidence);
  const back = setsBack(judgement, restored);
  if (back.length === 0) return [];
  const message = composeReturn(judgement, back, events, about);
  return [{ about: `return of ${host.name}`, message, events, once: `${host.name} is back` }];
}

/** Manifests that came, and whether a name that duplicity crashes on did. */
type Uploads = { readonly names: readonly FileName[]; readonly poison: boolean };

/** Whether such an upload may have done it. */
const MAY_HAVE_DONE: { readonly [Kind in KindBy<'upload'>]: (uploads: Uploads) => boolean } = {
  tampered: ({ names }) => names.length > 0,
  poisoned: ({ names, poison }) => poison || names.length > 0,
  incremental: ({ names }) => names.some(({ type }) => type === 'inc'),
  unencrypted: ({ names }) => names.some(({ encrypted }) => !encrypted),
  'wrong-recipient': ({ names }) => names.some(({ type }) => type !== 'inc'),
};

/** What these very uploads did wrong; what was wrong before them has been notified. */
function troubleOf({ findings }: Judgement, uploads: Uploads): FindingKind[] {
  const mayHaveDone: Partial<Record<FindingKind, (uploads: Uploads) => boolean>> = MAY_HAVE_DONE;
  return findings
    .filter(({ severity, kind }) => severity === 'critical' && mayHaveDone[kind]?.(uploads))
    .filter((finding) => finding.kind !== 'tampered' || hitsAny(finding.sets, uploads.names))
    .map(({ kind }) => kind);
}

function hitsAny(sets: readonly TamperedSet[], names: readonly FileName[]): boolean {
  return sets.some(({ startedAt }) => names.some(({ time, end }) => startedAt === (end ?? time)));
}

/** The collection as it would be had these sets never been written. */
function without(read: Collection, names: readonly FileName[]): Collection {
  const written = names.map(
    ({ type, time, end }) => `${type === 'inc' ? type : 'full'} ${end ?? time}`,
  );
  return {
    ...read,
    sets: read.sets.filter(({ type, startedAt }) => !written.includes(`${type} ${startedAt}`)),
  };
}

/** It owed a backup, and these uploads brought it: for the closed window, or for the one that is open. */
function isRecovery(before: Judgement, after: Judgement): boolean {
  const owed = before.answer === undefined && before.verdict !== 'paused';
  const brought = after.answer !== undefined || after.next?.state === 'done';
  return owed && brought && before.next?.state !== 'done';
}
