// Writes buckets directly, past the API: a history with its dates, listings that were recorded, millions of objects.
import { AwsError } from '../aws-error.ts';
import { md5Hex } from '../checksum.ts';
import { type Body, contentOf } from '../content.ts';
import {
  addListed,
  addVersion,
  type Bucket,
  currentOf,
  hideKey,
  nextVersionId,
  removeVersion,
  versionsOf,
} from './bucket.ts';
import { createPrivateBucket, setVersioning } from './buckets.ts';
import { runLifecycle } from './run-lifecycle.ts';
import {
  composeEtag,
  createDeleteMarker,
  createVersion,
  nullVersionId,
  type Version,
} from './version.ts';

/** What `put` may say of an object; an instant is milliseconds, a Date, or an ISO text. */
export type PutOptions = {
  readonly modified?: Instant;
  readonly versionId?: string;
  readonly storageClass?: string;
  /** Without quotes. */
  readonly etag?: string;
};

/** A moment: milliseconds since 1970, a Date, or an ISO text. */
export type Instant = number | Date | string;

/** The JSON of `aws s3api list-objects-v2` or `list-object-versions`, as far as it is read. */
export type RecordedListing = {
  readonly Contents?: readonly RecordedObject[] | undefined;
  readonly Versions?: readonly RecordedObject[] | undefined;
  readonly DeleteMarkers?: readonly RecordedObject[] | undefined;
};

/** A line of a recorded listing. */
export type RecordedObject = {
  readonly Key?: string | undefined;
  readonly LastModified?: string | Date | undefined;
  readonly ETag?: string | undefined;
  readonly Size?: number | undefined;
  readonly StorageClass?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly IsLatest?: boolean | undefined;
};

/** The direct way into the buckets. It makes no requests and no events. */
export type Seed = {
  /** Makes a bucket, private as S3 makes them. */
  readonly createBucket: (name: string, options?: { readonly versioning?: boolean }) => void;
  /**
   * Puts an object on top of its key. With a size instead of bytes the object is only listed: some tens of bytes each,
   * read as zeros. `modified` defaults to now.
   */
  readonly put: (bucket: string, key: string, body: Body, options?: PutOptions) => void;
  /** Deletes as DeleteObject does, at an instant: for good, or by a delete marker; or one version for good. */
  readonly remove: (
    bucket: string,
    key: string,
    options?: { readonly modified?: Instant; readonly versionId?: string },
  ) => void;
  /** Fills a bucket with a recorded listing, and returns how many versions and markers that were. */
  readonly load: (bucket: string, listing: RecordedListing) => number;
  /** Runs the bucket's lifecycle as of an instant; nothing does otherwise. */
  readonly runLifecycle: (bucket: string, at: Instant) => void;
  /** The current version, or `undefined`. */
  readonly head: (bucket: string, key: string) => Version | undefined;
  /** Every version and marker, newest first. */
  readonly versions: (bucket: string, key: string) => readonly Version[];
};

/** The direct way into these buckets. */
export function createSeed(buckets: Map<string, Bucket>, now: () => number): Seed {
  const find = (name: string): Bucket => {
    const bucket = buckets.get(name);
    if (!bucket) throw new AwsError('NoSuchBucket', `no bucket ${name}: call createBucket first`);
    return bucket;
  };
  return {
    createBucket: (name, options = {}) => {
      const bucket = createPrivateBucket(name, now());
      if (options.versioning) setVersioning(bucket, 'Enabled');
      buckets.set(name, bucket);
    },
    put: (name, key, body, options = {}) => {
      const bucket = find(name);
      const at = options.modified === undefined ? now() : instantOf(options.modified);
      const { versionId, storageClass, etag } = options;
      const bare = typeof body === 'object' && 'bytes' in body && body.head === undefined;
      if (bare && versionId === undefined && storageClass === undefined && etag === undefined) {
        addListed(bucket, key, body.bytes, at);
        return;
      }
      const content = contentOf(body);
      const whole = content.head.length === content.bytes;
      const made = createVersion({
        versionId: versionId ?? nextVersionId(bucket, key),
        content,
        modifiedAt: at,
        etag: etag ?? (whole ? md5Hex(content.head) : composeEtag(`${key} ${content.bytes} ${at}`)),
        storageClass: storageClass ?? 'STANDARD',
      });
      addVersion(bucket, key, made);
    },
    remove: (name, key, options = {}) => {
      const bucket = find(name);
      if (options.versionId !== undefined) removeVersion(bucket, key, options.versionId);
      else
        hideKey(bucket, key, options.modified === undefined ? now() : instantOf(options.modified));
    },
    runLifecycle: (name, at) => runLifecycle(find(name), instantOf(at)),
    load: (name, listing) => loadListing(find(name), listing),
    head: (name, key) => currentOf(find(name), key),
    versions: (name, key) => versionsOf(find(name), key),
  };
}

function loadListing(bucket: Bucket, listing: RecordedListing): number {
  const recorded = [
    ...(listing.Contents ?? []).map((one) => ({ ...one, marker: false, IsLatest: true })),
    ...(listing.Versions ?? []).map((one) => ({ ...one, marker: false })),
    ...(listing.DeleteMarkers ?? []).map((one) => ({ ...one, marker: true })),
  ];
  const versioned = recorded.some(({ VersionId }) => VersionId && VersionId !== nullVersionId);
  if (versioned && bucket.versioning === undefined) setVersioning(bucket, 'Enabled');
  // Oldest first, as they were written; listings have them newest first, and the latest says so itself.
  const inOrder = recorded.reverse().sort((a, b) => {
    const latest = Number(a.IsLatest ?? false) - Number(b.IsLatest ?? false);
    return latest || instantOf(a.LastModified ?? 0) - instantOf(b.LastModified ?? 0);
  });
  for (const one of inOrder) {
    const key = one.Key ?? '';
    const modifiedAt = instantOf(one.LastModified ?? 0);
    const versionId = one.VersionId ?? nextVersionId(bucket, key);
    const bytes = one.Size ?? 0;
    const version = createVersion({
      versionId,
      modifiedAt,
      content: contentOf({ bytes }),
      etag: one.ETag?.replaceAll('"', '') ?? composeEtag(`${key} ${bytes} ${modifiedAt}`),
      storageClass: one.StorageClass ?? 'STANDARD',
    });
    addVersion(bucket, key, one.marker ? createDeleteMarker(versionId, modifiedAt) : version);
  }
  return recorded.length;
}

function instantOf(instant: Instant): number {
  const at = typeof instant === 'string' ? Date.parse(instant) : Number(instant);
  if (Number.isNaN(at)) throw new TypeError(`${String(instant)} is no instant`);
  return at;
}
