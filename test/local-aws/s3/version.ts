// Makes the versions of an object, among them the ones that are only listed and never held.
import type { Checksum } from '../checksum.ts';
import type { Content } from '../content.ts';

/** One version of a key, or a delete marker; `versionId` is `null` (the word) for one from outside versioning. */
export type Version = {
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly content: Content;
  readonly modifiedAt: number;
  /** Without quotes. */
  readonly etag: string;
  readonly storageClass: string;
  /** `content-type`, `cache-control` and the like, as they were put. */
  readonly contentHeaders: Readonly<Record<string, string>>;
  /** `x-amz-meta-*` without that beginning. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
  /** Object Lock: not to be deleted before this instant. */
  readonly lockedUntil: number | undefined;
  readonly lockMode: string | undefined;
};

/** The word S3 uses where there is no version id. */
export const nullVersionId = 'null';

const nothing = Buffer.alloc(0);

/** A version with what is given, and S3's defaults for the rest. */
export function createVersion(
  given: Pick<Version, 'versionId' | 'content' | 'modifiedAt' | 'etag'> & Partial<Version>,
): Version {
  return {
    deleteMarker: false,
    storageClass: 'STANDARD',
    contentHeaders: { 'content-type': 'binary/octet-stream' },
    metadata: {},
    tags: {},
    checksum: undefined,
    lockedUntil: undefined,
    lockMode: undefined,
    ...given,
  };
}

/** A delete marker. */
export function createDeleteMarker(versionId: string, modifiedAt: number): Version {
  return createVersion({
    versionId,
    modifiedAt,
    deleteMarker: true,
    content: { bytes: 0, head: nothing },
    // The MD5 of nothing: what S3 sends in the event of a delete marker.
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
  });
}

/** The version behind an index entry that holds nothing but a size and a time; the same each time it is asked for. */
export function createListedVersion(
  key: string,
  bytes: number,
  modifiedAt: number,
  versioned: boolean,
): Version {
  const seed = `${key}\0${bytes}\0${modifiedAt}`;
  return createVersion({
    versionId: versioned ? composeVersionId(seed) : nullVersionId,
    content: { bytes, head: nothing },
    modifiedAt,
    etag: digest(seed),
  });
}

/** A version id in the look of S3's, the same for the same seed. */
export function composeVersionId(seed: string): string {
  return Buffer.from(digest(seed) + digest(`${seed}.`).slice(0, 16), 'hex').toString('base64url');
}

/** An ETag for content that is not held, or is too big to be worth reading. */
export function composeEtag(seed: string): string {
  return digest(seed);
}

// Four FNV-1a sums of 32 bits: no secret and no proof, only spread, at a tenth of the cost of MD5 for a listing page.
function digest(text: string): string {
  let sums = '';
  for (let lane = 0; lane < 4; lane += 1) {
    let sum = 0x811c9dc5 ^ Math.imul(lane, 0x9e3779b1);
    for (let at = 0; at < text.length; at += 1) {
      sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
    }
    sum ^= sum >>> 15;
    sums += (sum >>> 0).toString(16).padStart(8, '0');
  }
  return sums;
}
