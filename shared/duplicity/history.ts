// What the keys of one set held before: resumed, overwritten and hidden files show nowhere else.
import { type FileName, type FilePrefix, readFileName, setIdOf } from './file-name.ts';
import type { Instant } from './time.ts';

/** One upload of a key; the same `etag` twice is the same bytes. */
export type Upload = {
  readonly what: 'upload';
  readonly versionId: string;
  readonly at: Instant;
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly cold?: true;
};

/** A delete marker: it hides what the key holds, and a GET answers "not found". */
export type Marker = { readonly what: 'marker'; readonly versionId: string; readonly at: Instant };

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

/** LastModified of the oldest upload; `undefined` where only markers are left. */
export function firstUploadAt(history: readonly Version[]): Instant | undefined {
  const uploads = history.flatMap((version) => (version.what === 'upload' ? version.at : []));
  return uploads.length === 0 ? undefined : Math.min(...uploads);
}

/** The newest upload, hidden or not: what a GET answered last. */
export function newestUpload(history: readonly Version[]): Upload | undefined {
  return history.find((version) => version.what === 'upload');
}

/**
 * Sorts histories into sets, oldest set first. `manifestAt` tells when the manifest of a set was first written
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
  const startedAt = name.end ?? name.time ?? 0;
  return { type: full ? ('full' as const) : ('inc' as const), startedAt, finishedAt, files: [] };
}
