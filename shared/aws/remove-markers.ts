// The one action in a backup bucket that is not a look: taking a delete marker away.
import type { ListObjects } from '../monitor/object-store.ts';
import { askAws, type Connection } from './client.ts';
import { startListing } from './s3-listing.ts';
import { connectS3 } from './s3-requests.ts';

/** Kept apart from what the functions load, as no function may do this. */
export type Undelete = {
  readonly list: ListObjects;
  /** Takes one version away for good: only ever a marker's. Throws `AwsCallError`. */
  readonly removeMarker: (bucket: string, key: string, versionId: string) => Promise<void>;
};

export function connectUndelete(connection: Connection): Undelete {
  const ask = connectS3(connection);
  return {
    list: startListing(ask),
    removeMarker: async (bucket, key, versionId) => {
      await askAws(
        'remove a delete marker',
        's3:DeleteObjectVersion, by the break-glass role',
        () => ask({ method: 'DELETE', bucket, key, query: { versionId } }),
      );
    },
  };
}
