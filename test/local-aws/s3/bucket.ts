// Makes a bucket: its keys in S3's order, the versions of each, and the rule by which a write adds or replaces one.
import { fromByteKey, toByteKey } from '../byte-key.ts';
import { createKeyIndex, type KeyIndex } from '../key-index.ts';
import type { Upload } from './upload.ts';
import {
  composeVersionId,
  createDeleteMarker,
  createListedVersion,
  nullVersionId,
  type Version,
} from './version.ts';

/** A bucket; only the functions of this file write its index and stacks. */
export type Bucket = {
  readonly name: string;
  readonly createdAt: number;
  readonly index: KeyIndex;
  /** Versions, newest first, of the keys that the index alone does not describe; by byte key. */
  readonly stacks: Map<string, Version[]>;
  /** The configurations put on the bucket, by sub-resource (`lifecycle`, `policy`, ...), as they were sent. */
  readonly settings: Map<string, string>;
  readonly uploads: Map<string, Upload>;
  versioning: 'Enabled' | 'Suspended' | undefined;
  objectLock: boolean;
  writes: number;
};

/** A key and its versions, newest first; the byte key orders it. */
export type KeyVersions = { readonly byteKey: string; readonly versions: readonly Version[] };

// What the index says of a key: its one version is only listed (without or with a version id), or the stack has it.
const listedUnversioned = 0;
const listedVersioned = 1;
const stacked = 2;

/** An empty bucket, versioning off. */
export function createBucket(name: string, createdAt: number): Bucket {
  return {
    name,
    createdAt,
    index: createKeyIndex(),
    stacks: new Map(),
    settings: new Map(),
    uploads: new Map(),
    versioning: undefined,
    objectLock: false,
    writes: 0,
  };
}

/** All versions of a key, newest first. */
export function versionsOf(bucket: Bucket, key: string): readonly Version[] {
  const entry = bucket.index.get(toByteKey(key));
  return entry ? openEntry(bucket, entry) : [];
}

/** The newest version, unless it is a delete marker or there is none. */
export function currentOf(bucket: Bucket, key: string): Version | undefined {
  const newest = versionsOf(bucket, key)[0];
  return newest?.deleteMarker ? undefined : newest;
}

/** Every key from this byte key on, in S3's order. */
export function* walkKeys(bucket: Bucket, fromByteKeyOn: string): Generator<KeyVersions> {
  for (const entry of bucket.index.from(fromByteKeyOn)) {
    yield { byteKey: entry.key, versions: openEntry(bucket, entry) };
  }
}

/** An id for the next version: fresh where versioning is on, else the null version's. */
export function nextVersionId(bucket: Bucket, key: string): string {
  bucket.writes += 1;
  if (bucket.versioning !== 'Enabled') return nullVersionId;
  return composeVersionId(`${bucket.name}/${key}#${bucket.writes}`);
}

/** Puts a version on top of a key; one with the same id (the null version, usually) makes way. */
export function addVersion(bucket: Bucket, key: string, version: Version): void {
  const others = versionsOf(bucket, key).filter(({ versionId }) => versionId !== version.versionId);
  writeStack(bucket, key, [version, ...others]);
}

/** Puts a version in the place of the one with its id, wherever that stands. */
export function replaceVersion(bucket: Bucket, key: string, version: Version): void {
  const { versionId } = version;
  const versions = versionsOf(bucket, key);
  writeStack(
    bucket,
    key,
    versions.map((one) => (one.versionId === versionId ? version : one)),
  );
}

/** Holds an object that nobody has to read: its size and time alone, in some tens of bytes. */
export function addListed(bucket: Bucket, key: string, bytes: number, modifiedAt: number): void {
  const versioned = bucket.versioning === 'Enabled';
  const byteKey = toByteKey(key);
  const before = bucket.index.get(byteKey);
  if (before && (versioned || before.kind !== listedUnversioned)) {
    const version = createListedVersion(key, bytes, modifiedAt, versioned);
    addVersion(bucket, key, version);
    return;
  }
  const kind = versioned ? listedVersioned : listedUnversioned;
  bucket.index.set({ key: byteKey, bytes, modifiedAt, kind });
}

/** Takes one version away for good; `undefined` when it was not there. */
export function removeVersion(bucket: Bucket, key: string, versionId: string): Version | undefined {
  const versions = versionsOf(bucket, key);
  const removed = versions.find((version) => version.versionId === versionId);
  if (removed)
    writeStack(
      bucket,
      key,
      versions.filter((version) => version !== removed),
    );
  return removed;
}

/** What a DELETE without a version does: the object gone, or a delete marker on top. */
export function hideKey(bucket: Bucket, key: string, at: number): Version | undefined {
  if (bucket.versioning === undefined) {
    const removed = removeVersion(bucket, key, nullVersionId);
    return removed;
  }
  const marker = createDeleteMarker(nextVersionId(bucket, key), at);
  addVersion(bucket, key, marker);
  return marker;
}

function writeStack(bucket: Bucket, key: string, versions: readonly Version[]): void {
  const byteKey = toByteKey(key);
  if (versions.length === 0) {
    bucket.stacks.delete(byteKey);
    bucket.index.delete(byteKey);
    return;
  }
  bucket.stacks.set(byteKey, [...versions]);
  bucket.index.set({ key: byteKey, bytes: 0, modifiedAt: 0, kind: stacked });
}

function openEntry(
  bucket: Bucket,
  entry: { key: string; bytes: number; modifiedAt: number; kind: number },
): readonly Version[] {
  if (entry.kind === stacked) return bucket.stacks.get(entry.key) ?? [];
  const versioned = entry.kind === listedVersioned;
  const { bytes, modifiedAt } = entry;
  return [createListedVersion(fromByteKey(entry.key), bytes, modifiedAt, versioned)];
}
