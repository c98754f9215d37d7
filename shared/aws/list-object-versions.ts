// ListObjectVersions: what every key holds and held, at the price of ListObjectsV2.
import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { foldVersions, type VersionRow } from '../check/fold-versions.ts';
import type { ListAnswer, ListQuery } from '../check/object-store.ts';
import type { Version } from '../duplicity/history.ts';
import { coldMark } from './cold-storage.ts';
import { type Decode, listPages, NO_LISTING } from './list-pages.ts';
import { findText, readBoolean, readInstant, readNumber, readText } from './listing-fields.ts';
import { sendForBody } from './send-for-body.ts';
import type { XmlElement } from './strict-xml.ts';

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
      sendForBody(
        client,
        new ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: prefix,
          KeyMarker: mark?.key ?? startAfter,
          VersionIdMarker: mark?.version,
          EncodingType: 'url',
        }),
      ),
    read: readRows,
    next: (page, decode): Mark | undefined => {
      const key = findText(page, 'NextKeyMarker');
      const version = findText(page, 'NextVersionIdMarker') || undefined;
      return key ? { key: decode(key), version } : undefined;
    },
  });
  return { ...foldVersions(rows), ...rest };
}

/** What a server without versions answers. */
export const NO_VERSIONS = 'objects where versions were asked for';

function readRows({ name, children }: XmlElement, decode: Decode): VersionRow[] {
  if (name === 'ListBucketResult') throw new SyntaxError(NO_VERSIONS);
  if (name !== 'ListVersionsResult') throw new SyntaxError(NO_LISTING);
  return children.flatMap((row) =>
    row.name === 'Version' || row.name === 'DeleteMarker' ? readRow(row, decode) : [],
  );
}

function readRow(row: XmlElement, decode: Decode): VersionRow {
  const key = decode(readText(row, 'Key'));
  const latest = readBoolean(row, 'IsLatest');
  return { key, latest, version: readVersion(row) };
}

function readVersion(row: XmlElement): Version {
  const identity = { versionId: readText(row, 'VersionId'), at: readInstant(row, 'LastModified') };
  if (row.name === 'DeleteMarker') return { what: 'marker', ...identity };
  const etag = findText(row, 'ETag')?.replaceAll('"', '');
  const cold = coldMark(findText(row, 'StorageClass'));
  return { what: 'upload', ...identity, bytes: readNumber(row, 'Size'), etag, ...cold };
}
