// The events of one host, sorted by what has to be looked at: most uploads are ordinary, and cost one HEAD.
import pMap from 'p-map';
import type { Host } from '../config/config.ts';
import { type BackupSet, type Collection, isComplete } from '../duplicity/backup-set.ts';
import {
  type FileName,
  formatFileName,
  manifestOf,
  parseFileName,
  readFileName,
  setIdOf,
} from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import { firstUploadAt, newestUpload, type SetHistory } from '../duplicity/versions.ts';
import { type Judgement, NOT_ASKED } from '../rules/judge.ts';
import { keepOf, mayBeHiddenFrom } from '../rules/lifecycle.ts';
import { isPastFinish, SLACK } from '../rules/tampering.ts';
import { type Budget, whileTimeLasts } from './judge-hosts.ts';
import type { ObjectEvent } from './object-event.ts';
import { type ObjectStore, TargetUnreadableError } from './object-store.ts';

/** An event with its file's name; `name` is `undefined` where duplicity never writes such a name. */
export type FileEvent = {
  readonly event: ObjectEvent;
  readonly file: string;
  readonly name: FileName | undefined;
};

/** A file is in one list at most; what is in none is a volume on its way, or statistics. */
export type SortedEvents = {
  readonly removed: readonly FileEvent[];
  readonly manifests: readonly FileEvent[];
  /** Volumes and signatures that came after the manifest of their set. */
  readonly late: readonly FileEvent[];
  /** Volumes and signatures of which only the versions can show whether they did. */
  readonly unsure: readonly FileEvent[];
  /** Other spellings of duplicity's names: next to the right one, they make duplicity crash. */
  readonly poison: readonly FileEvent[];
  readonly foreign: readonly FileEvent[];
};

const HEADS_AT_ONCE = 32;

/** Sorts them; asks once for each set whether its manifest is there already, while there is time. */
export async function sortEvents(
  store: ObjectStore,
  host: Host,
  events: readonly ObjectEvent[],
  budget?: Budget,
): Promise<SortedEvents> {
  const removed: FileEvent[] = [];
  const manifests: FileEvent[] = [];
  const files: NamedEvent[] = [];
  const poison: FileEvent[] = [];
  const foreign: FileEvent[] = [];
  for (const event of events) {
    const file = event.key.slice(host.target.prefix.length);
    const reading = readFileName(file, host.filePrefix);
    const name = reading.kind === 'written' ? reading.name : undefined;
    const one = { event, file, name };
    if (event.what === 'removed') removed.push(one);
    else if (reading.kind === 'foreign') foreign.push(one);
    else if (reading.kind === 'lethal' || reading.kind === 'tolerated') poison.push(one);
    else if (name?.partial === false && name.manifest) manifests.push(one);
    else if (name?.partial === false) files.push({ ...one, name });
  }
  // Where the manifest was just written or removed, it does not show when the set was finished.
  const inDoubt = new Set(
    [...manifests, ...removed].map(({ name }) => (name === undefined ? '' : setIdOf(name))),
  );
  const asked = await pMap(
    Map.groupBy(files, ({ name }) => setIdOf(name)),
    ([id, ofSet]): Promise<Asked> | Asked =>
      inDoubt.has(id)
        ? { unsure: ofSet }
        : whileTimeLasts(
            budget,
            () => askManifest(store, host, ofSet),
            () => ({ unsure: ofSet }),
          ),
    { concurrency: HEADS_AT_ONCE },
  );
  const late = asked.flatMap((one) => one.late ?? []);
  const unsure = asked.flatMap((one) => one.unsure ?? []);
  return { removed, manifests, late, unsure, poison, foreign };
}

/** The same for the files of one set that one listing shows; signatures have names apart. */
export function setOf({ name, file }: FileEvent): string {
  return name === undefined
    ? file
    : `${name.type.replace(/-sig$/, ' signatures')} ${setIdOf(name)}`;
}

export const eventsOf = (files: readonly FileEvent[]): ObjectEvent[] =>
  files.map(({ event }) => event);

type NamedEvent = FileEvent & { readonly name: FileName };
type Asked = { late?: readonly FileEvent[]; unsure?: readonly FileEvent[] };

/** One HEAD. Where it is refused, or names are short, the versions have to show it. */
async function askManifest(
  store: ObjectStore,
  { target, filePrefix }: Host,
  files: readonly NamedEvent[],
): Promise<Asked> {
  const [first] = files;
  if (first === undefined || formatFileName(first.name, filePrefix) !== first.file) {
    return { unsure: files };
  }
  const manifest = formatFileName(manifestOf(first.name), filePrefix);
  try {
    const finishedAt = await store.readWrittenAt(target.bucket, `${target.prefix}${manifest}`);
    const late = files.filter(
      ({ event }) => finishedAt !== undefined && isPastFinish(finishedAt, event.at),
    );
    return { late };
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return { unsure: files };
  }
}

const AT_ONCE = 32;

/**
 * S3 sends the same event for a marker that is removed as for a version: what is in the bucket now shows which it was.
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

/** Until when duplicity itself may have written the file; `undefined` where that is not known. */
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
export function setsBack({ host, sets, findings }: Judgement, restored: readonly FileEvent[]) {
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
