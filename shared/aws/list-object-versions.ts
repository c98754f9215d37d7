// ListObjectVersions: what every key holds and held, at the price of ListObjectsV2.
import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import { foldVersions, type VersionRow } from '../check/fold-versions.ts';
import type { ListAnswer, ListQuery } from '../check/object-store.ts';
import type { Marker, Upload } from '../duplicity/history.ts';
import { coldMark } from './cold-storage.ts';
import { type Decode, listPages } from './list-pages.ts';

type Mark = { readonly key: string; readonly version: string | undefined };

/**
 * Lists a bucket's versions. Throws `TargetUnreadableError`, also for the answer of a server that knows no
 * versions and lists objects instead.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function listObjectVersions(client: S3Client, query: ListQuery): Promise<ListAnswer> {
  const { bucket, prefix, startAfter } = query;
  const { rows, ...rest } = await listPages(query, {
    mark: 'marker',
    // Without a version, a key marker is what StartAfter is: only keys behind it, whole.
    ask: (mark: Mark | undefined) =>
      client.send(
        new ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: prefix,
          KeyMarker: mark?.key ?? startAfter,
          VersionIdMarker: mark?.version,
          EncodingType: 'url',
        }),
      ),
    read: readRows,
    next: ({ NextKeyMarker, NextVersionIdMarker }, decode): Mark | undefined =>
      NextKeyMarker
        ? { key: decode(NextKeyMarker), version: NextVersionIdMarker || undefined }
        : undefined,
  });
  return { ...foldVersions(rows), ...rest };
}

/** A listing of versions always says behind which key it began, even if behind none. */
export const NO_VERSIONS = 'objects where versions were asked for';

function readRows(page: ListObjectVersionsCommandOutput, decode: Decode): VersionRow[] {
  const { Versions = [], DeleteMarkers = [], KeyMarker } = page;
  if (KeyMarker === undefined && Versions.length + DeleteMarkers.length === 0) {
    throw new TypeError(NO_VERSIONS);
  }
  const uploads = Versions.map((row): VersionRow => {
    if (row.Size === undefined) throw new TypeError('a version without a size');
    const etag = row.ETag?.replaceAll('"', '');
    const upload = { what: 'upload' as const, bytes: row.Size, etag };
    return readRow(row, decode, { ...upload, ...coldMark(row.StorageClass) });
  });
  return [...uploads, ...DeleteMarkers.map((row) => readRow(row, decode, { what: 'marker' }))];
}

type Row = ObjectVersion | DeleteMarkerEntry;
type Held = Omit<Upload, 'versionId' | 'at'> | Omit<Marker, 'versionId' | 'at'>;

function readRow({ Key, VersionId, IsLatest, LastModified }: Row, decode: Decode, held: Held) {
  const at = LastModified?.getTime();
  if (Key === undefined || VersionId === undefined || at === undefined || Number.isNaN(at)) {
    throw new TypeError('a version without key, id or time');
  }
  const latest = IsLatest === true;
  return { key: decode(Key), latest, version: { ...held, versionId: VersionId, at } };
}
