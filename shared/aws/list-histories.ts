// Versions where they may be listed; else the objects alone, and the reason with them.
import type { S3Client } from '@aws-sdk/client-s3';
import { type ListObjects, TargetUnreadableError } from '../check/object-store.ts';
import type { Blindness } from '../duplicity/listing.ts';
import { listObjectVersions, NO_VERSIONS } from './list-object-versions.ts';
import { listObjects } from './list-objects.ts';

const REASONS: Readonly<Record<string, Blindness>> = {
  AccessDenied: 'denied',
  Forbidden: 'denied',
  NotImplemented: 'not offered',
  MethodNotAllowed: 'not offered',
  UnsupportedOperation: 'not offered',
};

/**
 * Lists as it is asked. A key that may list objects but not versions, or a server that has none, must not make a
 * target unreadable: the answer is then the objects, and says why it is no more. A bucket that refused once in a run is
 * not asked again.
 */
export function startListing(client: S3Client): ListObjects {
  const refused = new Map<string, Blindness>();
  return async (query) => {
    if (!query.versions) return listObjects(client, query);
    try {
      if (!refused.has(query.bucket)) return await listObjectVersions(client, query);
    } catch (error) {
      const reason = reasonFor(error);
      if (reason === undefined) throw error;
      refused.set(query.bucket, reason);
    }
    const answer = await listObjects(client, query);
    return { ...answer, blind: refused.get(query.bucket) ?? 'denied' };
  };
}

function reasonFor(error: unknown): Blindness | undefined {
  if (!(error instanceof TargetUnreadableError)) return undefined;
  if (error.message.endsWith(NO_VERSIONS)) return 'not offered';
  return REASONS[(error.cause as Error | undefined)?.name ?? ''];
}
