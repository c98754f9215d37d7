// Does what the lifecycle of a bucket asks for, as S3 does at midnight UTC.
import { fromByteKey } from '../byte-key.ts';
import { childOf, textOf } from '../xml.ts';
import {
  addVersion,
  type Bucket,
  nextVersionId,
  removeVersion,
  versionsOf,
  walkKeys,
} from './bucket.ts';
import { covers, findExpiry, midnightAfter, rulesOf } from './lifecycle.ts';
import { createDeleteMarker } from './version.ts';

const DAY = 86_400_000;

/**
 * Runs every rule as of an instant: hides what has expired under a marker stamped with the midnight before, removes what
 * has been noncurrent for long enough, and sweeps markers that hide nothing. No events: S3 sends others for these.
 * Source: "Managing the lifecycle of objects", lifecycle-expire-general-considerations; unfinished uploads are left alone.
 */
export function runLifecycle(bucket: Bucket, now: number): void {
  const midnight = now - (now % DAY);
  for (const { byteKey, versions } of [...walkKeys(bucket, '')]) {
    const key = fromByteKey(byteKey);
    const current = versions[0];
    if (current === undefined) continue;
    const expiry = current.deleteMarker ? undefined : findExpiry(bucket, key, current);
    if (expiry !== undefined && expiry.at <= now) {
      if (bucket.versioning === undefined) removeVersion(bucket, key, current.versionId);
      else addVersion(bucket, key, createDeleteMarker(nextVersionId(bucket, key), midnight));
    }
    forget(bucket, key, now);
    sweep(bucket, key);
  }
}

/** A version is noncurrent from when its successor was made. */
function forget(bucket: Bucket, key: string, now: number): void {
  const versions = versionsOf(bucket, key);
  for (const [index, version] of versions.entries()) {
    const since = versions[index - 1]?.modifiedAt;
    const days = rulesOf(bucket)
      .filter((rule) => covers(rule, key, version))
      .map((rule) => textOf(childOf(rule, 'NoncurrentVersionExpiration'), 'NoncurrentDays'))
      .filter((one) => one !== undefined);
    if (since !== undefined && days.some((one) => midnightAfter(since, Number(one)) <= now)) {
      removeVersion(bucket, key, version.versionId);
    }
  }
}

function sweep(bucket: Bucket, key: string): void {
  const [only, ...others] = versionsOf(bucket, key);
  if (!only?.deleteMarker || others.length > 0) return;
  const isSwept = rulesOf(bucket).some(
    (rule) =>
      covers(rule, key, only) &&
      textOf(childOf(rule, 'Expiration'), 'ExpiredObjectDeleteMarker') === 'true',
  );
  if (isSwept) removeVersion(bucket, key, only.versionId);
}
