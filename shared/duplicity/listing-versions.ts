// What the versions in a listing say: how it was at an instant, and what delete markers hide.
import { type FileHistory, firstUploadAt, newestUpload } from './history.ts';
import type { Listing, StoredObject } from './listing.ts';
import type { Instant } from './time.ts';

/** The listing as it was at an instant, as far as it can tell: what came later is left out. */
export function asOf(listing: Listing, at: Instant): Listing {
  const known = listing.objects.filter(
    ({ history, firstModifiedAt }) => history === undefined && firstModifiedAt <= at,
  );
  const then = historiesIn(listing).map(({ name, history }) => ({
    name,
    history: history.filter((version) => version.at <= at),
  }));
  const isHidden = ({ history }: FileHistory) => history[0]?.what === 'marker';
  return {
    ...listing,
    objects: [...known, ...then.filter((file) => !isHidden(file)).flatMap(uncover)],
    hidden: then.filter(isHidden),
  };
}

/** The object that a history leaves once its newest delete markers are taken away; none where no upload is left. */
export function uncover({ name, history }: FileHistory): StoredObject[] {
  const newest = newestUpload(history);
  const firstModifiedAt = firstUploadAt(history);
  if (newest === undefined || firstModifiedAt === undefined) return [];
  const { bytes, at: modifiedAt, versionId, etag, cold } = newest;
  return [
    {
      ...{ name, bytes, modifiedAt, firstModifiedAt, versionId },
      ...(etag === undefined ? {} : { etag }),
      ...(cold && { cold }),
      ...(history.length > 1 ? { history } : {}),
    },
  ];
}

/** The names with more than one version, or with a delete marker. */
export function historiesIn({ objects, hidden = [] }: Listing): FileHistory[] {
  const changed = objects.flatMap(({ name, history }) =>
    history === undefined ? [] : [{ name, history }],
  );
  return [...changed, ...hidden];
}

/** S3 calls the version of an object "null" where no versions are kept. What counts is the newest object. */
export function isUnversioned({ objects }: Listing): boolean {
  let newest: StoredObject | undefined;
  for (const object of objects) {
    if (object.versionId !== undefined && object.modifiedAt >= (newest?.modifiedAt ?? 0)) {
      newest = object;
    }
  }
  return newest?.versionId === 'null';
}
