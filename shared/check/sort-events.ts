// The events of one host, sorted by what has to be looked at: most uploads are ordinary, and cost one HEAD.
import pMap from 'p-map';
import {
  type FileName,
  formatFileName,
  manifestOf,
  readFileName,
  setIdOf,
} from '../duplicity/file-name.ts';
import type { Host } from '../roster/roster.ts';
import { isPastFinish } from '../verdict/tamper.ts';
import { type Budget, whileTimeLasts } from './budget.ts';
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
  /** Volumes and signatures of which only the versions can tell whether they did. */
  readonly unsure: readonly FileEvent[];
  /** Other spellings of duplicity's names: beside the right one, they make duplicity die. */
  readonly poison: readonly FileEvent[];
  readonly foreign: readonly FileEvent[];
};

const AT_ONCE = 32;

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
  // Where the manifest was just written or removed, it does not tell when the set was finished.
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
    { concurrency: AT_ONCE },
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

/** One HEAD. Where it is refused, or names are short, the versions have to tell. */
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
