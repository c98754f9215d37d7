// A multipart upload that is not complete yet.
import type { Checksum, ChecksumAlgorithm } from '../checksum.ts';
import type { Version } from './version.ts';

/** One part of it. */
export type Part = {
  readonly payload: Buffer;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly modifiedAt: number;
};

/** An upload under way; invisible to listings of objects. */
export type Upload = {
  readonly id: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly attributes: Pick<Version, 'storageClass' | 'contentHeaders' | 'metadata'>;
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly parts: Map<number, Part>;
};
