// Which removals only took a delete marker away: the file is there again, as it was when its set was finished.
import pMap from 'p-map';
import { type BackupSet, type Collection, isComplete } from '../duplicity/backup-set.ts';
import { parseFileName } from '../duplicity/file-name.ts';
import { firstUploadAt, newestUpload, type SetHistory } from '../duplicity/history.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { NOT_ASKED, type Verdict } from '../verdict/judge.ts';
import { keepOf, mayBeHiddenFrom } from '../verdict/lifecycle.ts';
import { SLACK } from '../verdict/tamper.ts';
import { type ObjectStore, TargetUnreadableError } from './object-store.ts';
import type { FileEvent } from './sort-events.ts';

const AT_ONCE = 32;

/**
 * S3 sends the same event for a marker that is removed as for a version: what is in the bucket now tells which it was.
 * A file counts as restored when a GET answers it and it was written when its set was. One HEAD for each.
 * `collection` must hold the versions of the sets that `removed` names. Who may remove versions and puts another
 * manifest in place while the backup still uploads is not seen here, but by the fingerprint at the next check.
 */
export async function findRestored(
  store: ObjectStore,
  host: Host,
  collection: Collection,
  removed: readonly FileEvent[],
): Promise<FileEvent[]> {
  const restored = await pMap(
    removed,
    async (one) => {
      const { left, bucket, key } = one.event;
      const writtenBy = left === 'marker' ? undefined : lastWriteOf(one, host, collection);
      if (writtenBy === undefined) return [];
      try {
        const writtenAt = await store.readWrittenAt(bucket, key);
        return writtenAt !== undefined && writtenAt <= writtenBy ? [one] : [];
      } catch (error) {
        if (!(error instanceof TargetUnreadableError)) throw error;
        return [];
      }
    },
    { concurrency: AT_ONCE },
  );
  return restored.flat();
}

/** Until when duplicity itself may have written the file; `undefined` where that cannot be told. */
function lastWriteOf(
  { name }: FileEvent,
  host: Host,
  { sets, histories }: Collection,
): Instant | undefined {
  if (name === undefined || name.partial) return undefined;
  const set = sets.find((one) => isOf(one, name));
  const history = histories.find((one) => isOf(one, name));
  if (name.manifest) return lastManifestAt(host, set, history);
  const finishedAt = set?.manifest?.writtenAt ?? history?.finishedAt;
  return finishedAt === undefined ? undefined : finishedAt + SLACK;
}

function isOf(
  { type, startedAt }: Pick<BackupSet, 'type' | 'startedAt'>,
  name: NonNullable<FileEvent['name']>,
): boolean {
  return (type === 'inc') === (name.end !== undefined) && startedAt === (name.end ?? name.time);
}

/** Between the last volume and the manifest go the signatures: smaller than the volumes, so no longer on their way. */
function lastManifestAt(
  host: Host,
  set: BackupSet | undefined,
  history: SetHistory | undefined,
): Instant | undefined {
  const { firstAt, lastAt } = set?.volumes ?? {};
  const hidden = (history?.files ?? [])
    .filter(({ name }) => parseFileName(name, host.filePrefix)?.volume !== undefined)
    .map((file) => file.history);
  const firsts = [firstAt, ...hidden.map(firstUploadAt)].filter((at) => at !== undefined);
  const lasts = [lastAt, ...hidden.map((one) => newestUpload(one)?.at)].filter(
    (at) => at !== undefined,
  );
  if (firsts.length === 0) return undefined;
  const last = Math.max(...lasts);
  return last + Math.max(SLACK, last - Math.min(...firsts));
}

/**
 * The sets that are whole again by these removals, where nothing critical is wrong with the host any more; none where
 * lifecycle may have hidden them all, as then the host was well before, too.
 */
export function setsBack({ host, sets, findings }: Verdict, restored: readonly FileEvent[]) {
  if (findings.some(({ severity }) => severity === 'critical')) return [];
  const keep = keepOf(host, NOT_ASKED);
  return sets.filter(
    (set) =>
      isComplete(set) === true &&
      restored.some(
        ({ name, event }) =>
          name !== undefined &&
          isOf(set, name) &&
          event.at < mayBeHiddenFrom(set.firstWriteAt, keep, host.keepDays),
      ),
  );
}
