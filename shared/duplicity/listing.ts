// What was read of a target, before anything is made of it.
import type { FileHistory } from './history.ts';
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
  /** In cold storage: a GET answers nothing until it is brought back. */
  readonly cold?: true;
  /** Newest first; only where there is more than the one version. */
  readonly history?: FileHistory['history'];
};

/** Why nothing is known of earlier versions, though they were asked for. */
export type Blindness = 'denied' | 'not offered' | 'not kept';

/** What was read of a target: its objects, and the names cut at `.vol` whose volumes were not read. */
export type Listing = {
  readonly objects: readonly StoredObject[];
  readonly volumeStems: readonly string[];
  /** Names that are under a delete marker: no objects, but evidence. */
  readonly hidden?: readonly FileHistory[];
  readonly blind?: Blindness;
};
