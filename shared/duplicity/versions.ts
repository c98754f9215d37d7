// What was read of a target: its objects now, and what their keys held before.

import { type FileName, type FilePrefix, readFileName, setIdOf, startedAtOf } from './file-name.ts';
import type { Instant } from './time.ts';

/** One object in a target, by its file name (the key minus the target's prefix). */
export type StoredObject = {
  readonly name: string;
  readonly bytes: number;
  /** LastModified of the version that a GET would answer. */
  readonly modifiedAt: Instant;
  /** LastModified of the oldest version still there; the same as `modifiedAt` where none was listed. */
  readonly firstModifiedAt: Instant;
  /** Of the version that a GET would answer, where versions were listed; "null" where the bucket keeps none. */
  readonly versionId?: string;
  readonly etag?: string;
  /** As the listing has it; without it, STANDARD. */
  readonly storageClass?: string;
  /** Newest first; only where there is more than the one version. */
  readonly history?: FileHistory['history'];
};

/**
 * The class of a listing's row, where it is not STANDARD. An archive tier of Intelligent-Tiering does not show in S3's
 * listings, and a copy that was brought back does not either: only a GET shows them.
 */
export function readStorageClass(text: unknown): { readonly storageClass?: string } {
  const isOther = typeof text === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/.test(text);
  return isOther && text !== 'STANDARD' ? { storageClass: text } : {};
}

// The slowest first; the last two are tiers of Intelligent-Tiering, as S3 calls them where it shows them. Source:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
const COLD = ['DEEP_ARCHIVE', 'DEEP_ARCHIVE_ACCESS', 'GLACIER', 'ARCHIVE_ACCESS'];

/** The classes of which a GET answers nothing until the object is brought back, each once, the slowest first. */
export function coldAmong(storageClasses: readonly (string | undefined)[]): string[] {
  return COLD.filter((one) => storageClasses.includes(one));
}

/** Why nothing is known of earlier versions, though they were asked for. */
export type Inconclusive = 'denied' | 'not offered' | 'not kept';

/** What was read of a target: its objects, and the names cut at `.vol` whose volumes were not read. */
export type Listing = {
  readonly objects: readonly StoredObject[];
  readonly volumeStems: readonly string[];
  /** Names that are under a delete marker: no objects, but evidence. */
  readonly hidden?: readonly FileHistory[];
  readonly inconclusive?: Inconclusive;
  /** As of when; `undefined`: of no instant that is known. */
  readonly at?: Instant;
};

/** One upload of a key; the same `etag` twice is the same bytes. */
export type Upload = {
  readonly what: 'upload';
  readonly versionId: string;
  readonly at: Instant;
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly storageClass?: string;
};

/** A delete marker: it hides what the key holds, and a GET answers "not found". */
type Marker = { readonly what: 'marker'; readonly versionId: string; readonly at: Instant };

/** One line of a key's history; `at` is LastModified. */
export type Version = Upload | Marker;

/** The history of a file name, newest first. A key whose newest version is a marker is hidden. */
export type FileHistory = { readonly name: string; readonly history: readonly Version[] };

/** The files of one set that have a history: more than one version, or a delete marker. */
export type SetHistory = {
  readonly type: 'full' | 'inc';
  /** The time in its names, of an `inc` the end time. */
  readonly startedAt: Instant;
  /** LastModified of the first version of its manifest; `undefined`: it has none, so it was never finished. */
  readonly finishedAt: Instant | undefined;
  readonly files: readonly FileHistory[];
};

/** Of one type only one set begins at a time. */
export function isSameSet(a: Pick<SetHistory, 'type' | 'startedAt'>, b: typeof a): boolean {
  return a.type === b.type && a.startedAt === b.startedAt;
}

/** LastModified of the oldest upload; `undefined` where only markers are left. */
export function firstUploadAt(history: readonly Version[]): Instant | undefined {
  const uploads = uploadsOf(history).map(({ at }) => at);
  return uploads.length === 0 ? undefined : Math.min(...uploads);
}

/** The history without its delete markers. */
export function uploadsOf(history: readonly Version[]): Upload[] {
  return history.filter((version) => version.what === 'upload');
}

/** Its newest version is a delete marker. */
export function isHidden({ history: [newest] }: FileHistory): boolean {
  return newest?.what === 'marker';
}

/** The newest upload, hidden or not: what a GET answered last. */
export function newestUpload(history: readonly Version[]): Upload | undefined {
  return history.find((version) => version.what === 'upload');
}

/** When an upload changed the bytes of the one before it; the same bytes again are a client's retry. */
export function otherBytesAt(history: readonly Version[]): Instant[] {
  const uploads = uploadsOf(history);
  return uploads.flatMap(({ etag, at }, index) => {
    const before = uploads[index + 1];
    return before === undefined || before.etag === etag ? [] : [at];
  });
}

/**
 * Sorts histories into sets, oldest set first. `manifestAt` is when the manifest of a set was first written
 * where that is visible; a hidden one is found in its own history. Names that duplicity never writes have no part.
 */
export function collectHistories(
  files: readonly FileHistory[],
  prefix: FilePrefix,
  manifestAt: (setId: string) => Instant | undefined,
): SetHistory[] {
  const sets = new Map<string, SetHistory & { files: FileHistory[] }>();
  for (const file of files) {
    const reading = readFileName(file.name, prefix);
    if (reading.kind !== 'written' || reading.name.partial) continue;
    const id = setIdOf(reading.name);
    const set = sets.get(id) ?? startSet(reading.name, manifestAt(id));
    const hidden = reading.name.manifest ? firstUploadAt(file.history) : undefined;
    sets.set(id, { ...set, finishedAt: set.finishedAt ?? hidden, files: set.files });
    set.files.push(file);
  }
  return [...sets.values()]
    .map((set) => ({ ...set, files: set.files.sort((a, b) => (a.name < b.name ? -1 : 1)) }))
    .sort((a, b) => a.startedAt - b.startedAt);
}

function startSet(name: FileName, finishedAt: Instant | undefined) {
  const full = name.type === 'full' || name.type === 'full-sig';
  const type = full ? ('full' as const) : ('inc' as const);
  return { type, startedAt: startedAtOf(name), finishedAt, files: [] };
}

/** The listing as it was at an instant, as far as it shows: what came later is left out. */
export function asOf(listing: Listing, at: Instant): Listing {
  const known = listing.objects.filter(
    ({ history, firstModifiedAt }) => history === undefined && firstModifiedAt <= at,
  );
  const then = historiesIn(listing).map(({ name, history }) => ({
    name,
    history: history.filter((version) => version.at <= at),
  }));
  return {
    ...listing,
    at,
    objects: [...known, ...then.filter((file) => !isHidden(file)).flatMap(uncover)],
    hidden: then.filter(isHidden),
  };
}

/** The object that a history leaves once its newest delete markers are taken away; none where no upload is left. */
export function uncover({ name, history }: FileHistory): StoredObject[] {
  const newest = newestUpload(history);
  const firstModifiedAt = firstUploadAt(history);
  if (newest === undefined || firstModifiedAt === undefined) return [];
  const { bytes, at: modifiedAt, versionId, etag, storageClass } = newest;
  return [
    {
      ...{ name, bytes, modifiedAt, firstModifiedAt, versionId },
      ...(etag === undefined ? {} : { etag }),
      ...(storageClass && { storageClass }),
      ...(history.length > 1 ? { history } : {}),
    },
  ];
}

/** The names with more than one version, or with a delete marker. */
export function historiesIn({ objects, hidden = [] }: Listing): FileHistory[] {
  const changed = objects.flatMap(({ name, history }) =>
    history === undefined ? [] : [{ name, history }],
  );
  return [...changed, ...hidden];
}

/** S3 calls the version of an object "null" where no versions are kept. What counts is the newest object. */
export function isUnversioned({ objects }: Listing): boolean {
  let newest: StoredObject | undefined;
  for (const object of objects) {
    if (object.versionId !== undefined && object.modifiedAt >= (newest?.modifiedAt ?? 0)) {
      newest = object;
    }
  }
  return newest?.versionId === 'null';
}

/** One parity file, and the file that it is next to; cut at `.vol` where the listing cut it there. */
export type Parity = { readonly file: string; readonly of: string };

// par2+ uploads the parity of a file behind the file: that of a manifest may be on its way.
const FOLLOWS = 5 * 60_000;

/**
 * Whether each file of each finished set that was read has its parity, as par2+ leaves it: only a duplicity that is called
 * with par2+ reads such a target. `finishedAt` is when the manifest of a set was written.
 */
export function hasParityOfEach(
  { objects, at = Number.POSITIVE_INFINITY }: Pick<Listing, 'objects' | 'at'>,
  prefix: FilePrefix,
  parity: readonly Parity[],
  finishedAt: (setId: string) => Instant | undefined,
): boolean {
  const isProtected = new Set(parity.flatMap(({ file, of }) => (file === `${of}.par2` ? of : [])));
  return objects.every(({ name }) => {
    if (isProtected.has(name)) return true;
    const reading = readFileName(name, prefix);
    if (reading.kind !== 'written' || reading.name.partial) return true;
    const doneAt = finishedAt(setIdOf(reading.name));
    return doneAt === undefined || at < doneAt + FOLLOWS;
  });
}
