// The one action in a backup bucket that is not a look: taking a delete marker away.
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ListObjects } from '../monitor/object-store.ts';
import { askAws, type Connection, s3ClientConfig } from './client.ts';
import { startListing } from './s3-listing.ts';

/** Kept apart from what the functions load, as no function may do this. */
export type Undelete = {
  readonly list: ListObjects;
  /** Takes one version away for good: only ever a marker's. Throws `AwsCallError`. */
  readonly removeMarker: (bucket: string, key: string, versionId: string) => Promise<void>;
};

export function connectUndelete(connection: Connection): Undelete {
  const client = new S3Client(s3ClientConfig(connection));
  return {
    list: startListing(client),
    removeMarker: async (bucket, key, versionId) => {
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
      await askAws(
        'remove a delete marker',
        's3:DeleteObjectVersion, by the break-glass role',
        () => client.send(command),
      );
    },
  };
}
