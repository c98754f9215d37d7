// What tells of a host's backups beside the listing: who can open them, how long they last, and what is remembered of them.
import type { Collection } from '../duplicity/backup-set.ts';
import type { SetText } from '../duplicity/seal.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { newestFull } from '../verdict/answer.ts';
import type { OpenedBy } from '../verdict/finding.ts';
import { type Beside, NOT_ASKED } from '../verdict/judge.ts';
import { keepOf, type Lifecycle } from '../verdict/lifecycle.ts';
import { brokenSeals, newSeals, rememberedOpeners, soundOf } from '../verdict/seal.ts';
import type { ObjectStore } from './object-store.ts';
import { readOpeners } from './read-openers.ts';
import { readRetention } from './read-retention.ts';
import type { SetMemory } from './set-memory.ts';
import { shortHash } from './short-hash.ts';

/**
 * Compares a host's fulls with what is remembered of them, and learns what is new. Who can open the newest full is read
 * where that is not remembered of these very files. Throws `TargetUnreadableError`.
 */
export async function readBeside(
  store: ObjectStore,
  host: Host,
  collection: Collection,
  now: Instant,
  memory: SetMemory | undefined,
): Promise<Beside> {
  if (memory === undefined) {
    const opened = await readOpeners(store.readPart, host, collection, now);
    return { opened, ...(await readRetention(store, host, collection, now)) };
  }
  const seals = await memory.recall(host);
  const hashes = await hashTexts(collection.texts);
  const newest = newestFull(collection.sets, now);
  const opened =
    (newest && rememberedOpeners(seals, newest.startedAt, hashes)) ??
    (await readOpeners(store.readPart, host, collection, now));

  const compare = (lifecycle: Lifecycle) =>
    brokenSeals(seals, collection, hashes, {
      ...{ keep: keepOf(host, lifecycle), keepDays: host.keepDays, now },
    });
  // The bucket's rules can only excuse more than the roll's days do.
  const suspects = compare(NOT_ASKED);
  const isSuspect = suspects.length > 0;
  const sound = soundOf(collection, suspects);
  const retention = await readRetention(store, host, sound, now, isSuspect);
  const broken = isSuspect ? compare(retention.lifecycle ?? NOT_ASKED) : [];
  const openers = new Map<Instant, readonly OpenedBy[]>();
  if (newest !== undefined && opened.length > 0 && opened.length === newest.openers.length) {
    openers.set(newest.startedAt, opened);
  }
  memory.learn(newSeals(host, seals, sound, hashes, openers, now));
  return { opened, seals, broken, ...retention };
}

/** By the time of the full. */
async function hashTexts(texts: readonly SetText[]): Promise<ReadonlyMap<Instant, string>> {
  const hashes = texts.map(
    async ({ startedAt, text }): Promise<[Instant, string]> => [startedAt, await shortHash(text)],
  );
  return new Map(await Promise.all(hashes));
}
