// The evidence on a host's backups besides the listing: who can open them, how long they last, and what is remembered of them.

import pMap from 'p-map';
import type { Host } from '../config/config.ts';
import type { BackupSet, Collection, Opener } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { coldAmong, isHidden, isSameSet } from '../duplicity/versions.ts';
import type { SetText } from '../duplicity/volumes.ts';
import {
  type Ending,
  HEAD_BYTES,
  readEnding,
  readMessageHead,
  TAIL_BYTES,
} from '../openpgp/message.ts';
import { daysOf, excusedUntil, isExcused, mayAnswerFrom, windowsSince } from '../rules/answer.ts';
import { assessSets, type SetsEvidence, SKEW } from '../rules/assessment.ts';
import type { OpenedBy } from '../rules/finding.ts';
import { changedFulls, rememberedOpeners } from '../rules/fingerprints.ts';
import { type HostEvidence, hasToCount, NOT_ASKED } from '../rules/judge.ts';
import { keepOf, type Lifecycle, nextKeeps } from '../rules/lifecycle.ts';
import { isAsItShould, isReadAgain } from '../rules/opened.ts';
import {
  type HostMemory,
  type HostRecord,
  judgedOn,
  lastJudged,
  newsOfLook,
} from '../rules/record.ts';
import { countDown, isCritical } from '../rules/retention.ts';
import { type Authors, type Copy, findCopies, isOfCopy } from '../rules/tampering.ts';
import { type CalendarDate, closedWindow, windowBefore } from '../rules/window.ts';
import { listSets, type Reach } from './list-sets.ts';
import { type ObjectStore, type ReadPart, TargetUnreadableError } from './object-store.ts';
import { MOST_INCREMENTALS } from './record-page.ts';
import { shortHash } from './state.ts';

/** What a host's target holds, and what else shows how its backups are. */
export type HostReading = { readonly collection: Collection; readonly evidence: HostEvidence };

/**
 * Reads a host, compares its fulls with its record, and learns what is new. Where the bytes of a full speak against the last
 * one that looked good, the whole target is read. Throws `TargetUnreadableError`.
 */
export async function readHost(
  store: ObjectStore,
  host: Host,
  {
    authors,
    notifiedOn,
    ranUntil,
    ...reach
  }: Omit<Reach, 'since' | 'record'> & {
    readonly authors?: Authors;
    readonly notifiedOn?: CalendarDate | undefined;
    readonly ranUntil?: Instant | undefined;
  },
  memory?: HostMemory,
): Promise<HostReading> {
  const record = await memory?.recall(host);
  const excused = readExcuse(host, record, notifiedOn, ranUntil, reach.now);
  // A run that was ended before it could notify has left the record alone.
  const [judged] = (record === undefined ? [] : [judgedOn(record), notifiedOn])
    .filter((date) => date !== undefined)
    .sort();
  const [unseen] = judged === undefined ? [] : windowsSince(host, judged, reach.now);
  const since = mayAnswerFrom(host, unseen ?? closedWindow(host, reach.now));
  const remembers = memory !== undefined;
  // What a memory does not know of is opened, however old it is.
  const toOpen = { since: remembers ? Number.NEGATIVE_INFINITY : since, now: reach.now };
  const look = async (depth: Reach['depth'], before: SetsEvidence['opened'] = new Map()) => {
    const where = { ...reach, depth, since, record };
    const collection = await listSets(store.list, host, where);
    const hashes = await hashTexts(remembers ? collection.texts : []);
    const known = new Map([...rememberedOpeners(record?.fulls, hashes), ...before]);
    const by = store.isSaved ? 'unknowable' : authors;
    const likely = findCopies(host, collection, record?.fulls, by);
    const opened = await openFulls(store.readPart, host, collection, toOpen, known, likely);
    // What was read of a copy and is not what it was is no copy.
    const isLike = ({ startedAt }: Copy) =>
      isAsItShould(opened.get(startedAt) ?? [], host.recipients);
    return { collection, hashes, opened, copies: likely.filter(isLike) };
  };
  let looked = await look(reach.depth);
  const isUnlisted = ({ type, volumes }: BackupSet) => type === 'full' && volumes === undefined;
  if (
    looked.collection.sets.some(isUnlisted) &&
    assessSets(host, looked.collection, looked).good.length === 0
  ) {
    looked = await look('all', looked.opened);
  }
  const { collection, hashes, opened, copies } = looked;
  const fingerprints = record?.fulls;
  const keepsBy = (lifecycle: Lifecycle) =>
    nextKeeps(record ?? {}, keepOf(host, lifecycle), host.keepDays);
  // Of a copy that is new the fingerprint is still that of before.
  const asBefore = (fingerprints ?? []).filter((known) =>
    copies.every((copy) => !isOfCopy(known, copy) || copy.lastAt <= (known.copiedAt ?? 0)),
  );
  const compare = (lifecycle: Lifecycle) =>
    changedFulls(asBefore, collection, hashes, keepsBy(lifecycle), reach.now);
  // The bucket's rules can only excuse more than the config's days do.
  const suspects = compare(NOT_ASKED);
  const seen: SetsEvidence = { opened, fingerprints, copies, broken: suspects };
  const retention = await readRetention(store, host, collection, reach.now, seen);
  const lifecycle = retention.lifecycle ?? NOT_ASKED;
  const broken = suspects.length > 0 ? compare(lifecycle) : [];
  const keeps = keepsBy(lifecycle);
  if (memory !== undefined) {
    const assessed = assessSets(host, collection, { ...seen, broken });
    const all = { collection, assessed, hashes, opened, copies, keeps };
    const rhythm = { excusedUntil: excused, days: daysOf(host) };
    memory.learn(host, { ...newsOfLook(host, all, reach.now), ...rhythm });
  }
  const known = { judgedOn: judged, excusedUntil: excused };
  const evidence = { ...seen, broken, keeps, ...retention, ...known };
  return { collection, evidence: { ...evidence, knownSince: await memory?.knownSince?.(host) } };
}

/** What a run judged, and could not notify of, was asked about. */
function readExcuse(
  host: Host,
  record: HostRecord | undefined,
  notifiedOn: CalendarDate | undefined,
  ranUntil: Instant | undefined,
  now: Instant,
): CalendarDate | undefined {
  const window = closedWindow(host, now);
  if (isExcused(host, window)) return window.date;
  const known = record?.excusedUntil;
  const isAhead = (record?.judgedAt ?? now) > now + SKEW;
  // By that clock this window was judged before its time.
  if (isAhead && known !== undefined && known >= window.date)
    return windowBefore(host, window).date;
  const asked = record && lastJudged(record);
  const isKnown = asked !== undefined && ranUntil !== undefined && !isAhead;
  if (!isKnown || (notifiedOn ?? asked.date) < asked.date) return known;
  const wasInConfig = notifiedOn !== undefined;
  return excusedUntil(host, { ...record, asked, ranUntil, wasInConfig }, now);
}

/** By the time of the full. */
async function hashTexts(texts: readonly SetText[]): Promise<ReadonlyMap<Instant, string>> {
  const hashes = texts.map(
    async ({ startedAt, text }): Promise<[Instant, string]> => [startedAt, await shortHash(text)],
  );
  return new Map(await Promise.all(hashes));
}

// A full each quarter of an hour is odd, and no flood.
const FULLS_OPENED = 200;
const OPENED_AT_ONCE = 4;

/**
 * What the bytes of fulls say, by their times; nothing for a host without recipients in the config. Opened are the newest
 * full with a manifest, of a host with chains the newest incrementals too, those begun since `since` that look good, and
 * of older ones the last; and each copy until it was read. Throws `TargetUnreadableError`.
 */
async function openFulls(
  readPart: ReadPart,
  host: Host,
  collection: Collection,
  { since, now }: Pick<Reach, 'since' | 'now'>,
  known: ReadonlyMap<Instant, readonly OpenedBy[]>,
  copies: readonly Copy[],
): Promise<ReadonlyMap<Instant, readonly OpenedBy[]>> {
  const opened = new Map(known);
  if (host.recipients.length === 0) return opened;
  const firstOfTime = new Map(
    collection.sets.toReversed().map((set) => [set.startedAt, set] as const),
  );
  const links = collection.sets.filter(({ type }) => type === 'inc').slice(-MOST_INCREMENTALS);
  const recentLinks = new Set(host.chain === undefined ? [] : links);
  const isToOpen = (set: BackupSet) =>
    (set.type === 'full' || recentLinks.has(set)) && firstOfTime.get(set.startedAt) === set;
  const isCopy = (set: BackupSet) => copies.some((one) => isSameSet(one, set));
  const isUnproven = (set: BackupSet) =>
    !isReadAgain(set, known.get(set.startedAt) ?? [], host.recipients);
  const unproven = collection.sets.filter((set) => isToOpen(set) && isCopy(set) && isUnproven(set));
  for (const { startedAt } of unproven) opened.delete(startedAt);
  const newest = collection.sets.findLast(
    (set) => isToOpen(set) && set.manifest && set.startedAt <= now + SKEW,
  );
  let next = [...new Set([...unproven, ...(newest === undefined ? [] : [newest])])];
  for (let all = next.length; ; all += next.length) {
    if (all > FULLS_OPENED) {
      throw new TargetUnreadableError(
        `more than ${FULLS_OPENED} fulls are new since the last look`,
        'find out who writes them, and remove what is not a backup',
      );
    }
    const unknown = next.filter(({ startedAt }) => !opened.has(startedAt));
    // A copy that was brought back from cold storage does not look so in a listing.
    const read = (set: BackupSet) => readOpeners(readPart, host, set, isCopy(set));
    const contents = await pMap(unknown, read, { concurrency: OPENED_AT_ONCE });
    for (const [index, set] of unknown.entries()) opened.set(set.startedAt, contents[index] ?? []);

    const { good } = assessSets(host, collection, { opened, copies });
    next = good
      .filter((one) => one.startedAt >= since || one === good.at(-1))
      .flatMap(({ set }) => (opened.has(set.startedAt) || !isToOpen(set) ? [] : set));
    if (next.length === 0) return opened;
  }
}

/**
 * A resumed run may have other recipients in its first volume than in its manifest, so both are read, and the last volume:
 * at most two requests a file. One in cold storage is not asked for unless it `isTried`, or refused by S3, and left out.
 * Throws `TargetUnreadableError`.
 */
async function readOpeners(
  readPart: ReadPart,
  { target: { bucket, prefix } }: Host,
  { openers }: BackupSet,
  isTried: boolean,
): Promise<OpenedBy[]> {
  const asked = openers.filter(
    ({ storageClass }) => isTried || coldAmong([storageClass]).length === 0,
  );
  const opened = await Promise.all(
    asked.map((opener) =>
      readOpener((span) => readPart(bucket, `${prefix}${opener.name}`, span), opener),
    ),
  );
  return opened.flat();
}

type ReadSpan = (span: { from: number; bytes: number }) => ReturnType<ReadPart>;

/** A small file is read whole; the end of a first volume is looked at only where that costs nothing. */
async function readOpener(read: ReadSpan, opener: Opener): Promise<OpenedBy[]> {
  const { name, bytes, of } = opener;
  const head = await read({ from: 0, bytes: bytes <= TAIL_BYTES ? TAIL_BYTES : HEAD_BYTES });
  if (head === undefined) return [];
  const { kind, recipients, symmetric } = readMessageHead(head);
  const opened = { name, reads: kind, recipients, symmetric };
  return of === 'first' ? [opened] : [{ ...opened, ending: await findEnding(read, bytes, head) }];
}

async function findEnding(read: ReadSpan, size: number, head: Uint8Array): Promise<Ending> {
  const ending = readEnding(size, head);
  if (typeof ending === 'string') return ending;
  const bytes = await read(ending);
  return bytes === undefined ? 'cannot tell' : readEnding(size, head, { from: ending.from, bytes });
}

/**
 * Reads nothing for a host with a good full in its window, nothing hidden and nothing suspect. Where the countdown is
 * critical, one HEAD of the volume that goes first shows whether S3 reads the rules alike.
 */
async function readRetention(
  { readLifecycle, readExpiry }: ObjectStore,
  host: Host,
  collection: Collection,
  now: Instant,
  seen: SetsEvidence,
): Promise<Pick<HostEvidence, 'lifecycle' | 'stampedAt'>> {
  const window = closedWindow(host, now);
  const { bucket, prefix } = host.target;
  const assessed = assessSets(host, collection, seen);
  const hasFulls =
    assessed.hidden.length > 0 || assessed.sets.some(({ set }) => set.type === 'full');
  const counts = hasFulls && hasToCount(host, assessed, window, now);
  const isSuspect = (seen.broken ?? []).length > 0;
  const hasMarkers = collection.histories.some(({ files }) => files.some(isHidden));
  if (!counts && !isSuspect && !hasMarkers) return {};

  const lifecycle = await readLifecycle(bucket);
  const keep = keepOf(host, lifecycle);
  const countdown = counts ? countDown(assessed, collection.inconclusive, keep, now) : undefined;
  if (countdown === undefined || !isCritical(countdown, window.opensAt, now)) return { lifecycle };
  // Of a chain S3 takes that of its oldest set first.
  const { oldest } = assessed.good.find(({ set }) => set === countdown.set) ?? {};
  const [opener] = (oldest ?? countdown.set).openers.filter(({ of }) => of !== 'manifest');
  if (opener === undefined || countdown.hiddenAt <= now) return { lifecycle };
  return { lifecycle, stampedAt: await readExpiry(bucket, `${prefix}${opener.name}`) };
}
