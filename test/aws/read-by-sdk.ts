// The oracle of our reader: the same bytes as the SDK reads them, and an S3 that answers everything with these bytes.
import { Readable } from 'node:stream';
import { ListObjectsV2Command, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import type { AskS3 } from '../../shared/aws/s3-requests.ts';
import { foldVersions, type VersionRow } from '../../shared/monitor/list-sets.ts';
import type { ListAnswer } from '../../shared/monitor/object-store.ts';

let answer: Uint8Array = new Uint8Array();
// One for all answers: to make a client takes as long as to read several pages.
const client = new S3Client({
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIA', secretAccessKey: 'not-checked' },
  maxAttempts: 1,
  requestHandler: {
    handle: async () => ({
      response: { statusCode: 200, headers: {}, body: Readable.from([answer]) },
    }),
  },
});

/** It is answered with these bytes, whatever it asks. */
export const askAnswered =
  (bytes: Uint8Array): AskS3 =>
  async () => ({ headers: {}, body: Buffer.from(bytes) });

/** One page of either call as the SDK reads it. Throws where it does, and where a field that must be there is not. */
export async function readBySdk(bytes: Uint8Array, versions: boolean): Promise<ListAnswer> {
  answer = bytes;
  const { rows = [], page } = await (versions ? askVersions() : askObjects());
  if (page.IsTruncated === undefined) throw new TypeError('no listing');
  const prefixes = page.CommonPrefixes?.map((one) => decoded(must(one.Prefix), page)) ?? [];
  const rest = { prefixes, cut: page.IsTruncated };
  if (versions) return { ...foldVersions(rows as VersionRow[]), ...rest };
  return { objects: rows as ListAnswer['objects'], hidden: [], ...rest };
}

async function askObjects() {
  const page = await client.send(new ListObjectsV2Command({ Bucket: 'any' }));
  const rows = page.Contents?.map(({ Key, Size, LastModified }) => {
    const at = must(LastModified).getTime();
    const key = decoded(must(Key), page);
    return { key, bytes: must(Size), modifiedAt: at, firstModifiedAt: at };
  });
  return { rows, page };
}

async function askVersions() {
  const page = await client.send(new ListObjectVersionsCommand({ Bucket: 'any' }));
  const { Versions = [], DeleteMarkers = [] } = page;
  const rows = [...Versions, ...DeleteMarkers].map((row): VersionRow => {
    const identity = { versionId: must(row.VersionId), at: must(row.LastModified).getTime() };
    const upload = 'Size' in row || 'ETag' in row || Versions.includes(row);
    return {
      key: decoded(must(row.Key), page),
      latest: must(row.IsLatest),
      version: upload
        ? {
            what: 'upload',
            ...identity,
            bytes: must((row as { Size?: number }).Size),
            etag: (row as { ETag?: string }).ETag?.replaceAll('"', ''),
          }
        : { what: 'marker', ...identity },
    };
  });
  return { rows, page };
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a row without a field');
  return value;
}

function decoded(text: string, { EncodingType }: { EncodingType?: string | undefined }): string {
  if (EncodingType !== 'url') return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
