// The evidence on a host's backups besides the listing: who can open them, how long they last, and what is remembered
// of them.

import type { Host } from '../config/config.ts';
import type { Collection, Opener } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { SetText } from '../duplicity/volumes.ts';
import {
  type Ending,
  HEAD_BYTES,
  readEnding,
  readMessageHead,
  TAIL_BYTES,
} from '../openpgp/message.ts';
import { newestFull } from '../rules/answer.ts';
import type { OpenedBy } from '../rules/finding.ts';
import {
  changedFulls,
  newFingerprints,
  rememberedOpeners,
  unchangedOf,
} from '../rules/fingerprints.ts';
import { type HostEvidence, hasToCount, NOT_ASKED } from '../rules/judge.ts';
import { keepOf, type Lifecycle } from '../rules/lifecycle.ts';
import { countDown, isCritical } from '../rules/retention.ts';
import { closedWindow } from '../rules/window.ts';
import type { ObjectStore, ReadPart } from './object-store.ts';
import type { SetMemory } from './set-records.ts';
import { shortHash } from './state.ts';

/**
 * Compares a host's fulls with what is remembered of them, and learns what is new. Who can open the newest full is read
 * where that is not remembered of these very files. Throws `TargetUnreadableError`.
 */
export async function readEvidence(
  store: ObjectStore,
  host: Host,
  collection: Collection,
  now: Instant,
  memory: SetMemory | undefined,
): Promise<HostEvidence> {
  if (memory === undefined) {
    const opened = await readOpeners(store.readPart, host, collection, now);
    return { opened, ...(await readRetention(store, host, collection, now)) };
  }
  const fingerprints = await memory.recall(host);
  const hashes = await hashTexts(collection.texts);
  const newest = newestFull(collection.sets, now);
  const opened =
    (newest && rememberedOpeners(fingerprints, newest.startedAt, hashes)) ??
    (await readOpeners(store.readPart, host, collection, now));

  const compare = (lifecycle: Lifecycle) =>
    changedFulls(fingerprints, collection, hashes, {
      ...{ keep: keepOf(host, lifecycle), keepDays: host.keepDays, now },
    });
  // The bucket's rules can only excuse more than the config's days do.
  const suspects = compare(NOT_ASKED);
  const isSuspect = suspects.length > 0;
  const unchanged = unchangedOf(collection, suspects);
  const retention = await readRetention(store, host, unchanged, now, isSuspect);
  const broken = isSuspect ? compare(retention.lifecycle ?? NOT_ASKED) : [];
  const openers = new Map<Instant, readonly OpenedBy[]>();
  if (newest !== undefined && opened.length > 0 && opened.length === newest.openers.length) {
    openers.set(newest.startedAt, opened);
  }
  memory.learn(newFingerprints(host, fingerprints, unchanged, hashes, openers, now));
  return { opened, fingerprints, broken, ...retention };
}

/** By the time of the full. */
async function hashTexts(texts: readonly SetText[]): Promise<ReadonlyMap<Instant, string>> {
  const hashes = texts.map(
    async ({ startedAt, text }): Promise<[Instant, string]> => [startedAt, await shortHash(text)],
  );
  return new Map(await Promise.all(hashes));
}

/**
 * Reads nothing for a host without recipients in the config. A resumed run may have other recipients in its first
 * volume than in its manifest, so both are read, and the last volume: at most two requests a file. One in cold
 * storage is not asked for, or refused by S3, and left out. Throws `TargetUnreadableError`.
 */
export async function readOpeners(
  readPart: ReadPart,
  host: Host,
  { sets }: Collection,
  now: Instant,
): Promise<OpenedBy[]> {
  const full = host.recipients.length === 0 ? undefined : newestFull(sets, now);
  const { bucket, prefix } = host.target;
  const opened = await Promise.all(
    (full?.openers ?? []).map((opener) =>
      readOpener((span) => readPart(bucket, `${prefix}${opener.name}`, span), opener),
    ),
  );
  return opened.flat();
}

type ReadSpan = (span: { from: number; bytes: number }) => ReturnType<ReadPart>;

/** A small file is read whole; the end of a first volume is looked at only where that costs nothing. */
async function readOpener(read: ReadSpan, opener: Opener): Promise<OpenedBy[]> {
  const { name, bytes, of, cold = false } = opener;
  if (cold) return [];
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
 * critical, one HEAD of the first volume says whether S3 reads the rules alike.
 */
export async function readRetention(
  { readLifecycle, readExpiry }: ObjectStore,
  host: Host,
  collection: Collection,
  now: Instant,
  isSuspect = false,
): Promise<Pick<HostEvidence, 'lifecycle' | 'stampedAt'>> {
  const window = closedWindow(host, now);
  const { bucket, prefix } = host.target;
  const counts = hasToCount(collection, window, now) && hasFulls(collection);
  if (!counts && !isSuspect && !hasMarkers(collection)) return {};

  const lifecycle = await readLifecycle(bucket);
  const countdown = counts ? countDown(collection, keepOf(host, lifecycle), now) : undefined;
  if (countdown === undefined || !isCritical(countdown, window.opensAt, now)) return { lifecycle };
  const [opener] = countdown.set.openers.filter(({ of }) => of !== 'manifest');
  if (opener === undefined || countdown.hiddenAt <= now) return { lifecycle };
  return { lifecycle, stampedAt: await readExpiry(bucket, `${prefix}${opener.name}`) };
}

function hasFulls({ sets, hiddenFulls }: Collection): boolean {
  return hiddenFulls.length > 0 || sets.some(({ type }) => type === 'full');
}

function hasMarkers({ histories }: Collection): boolean {
  return histories.some(({ files }) => files.some(({ history }) => history[0]?.what === 'marker'));
}
