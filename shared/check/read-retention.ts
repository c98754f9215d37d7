// How long a host's last good copy lasts: the bucket's rules, and S3's own word where it is close.
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { type Beside, hasToCount } from '../verdict/judge.ts';
import { keepOf } from '../verdict/lifecycle.ts';
import { countDown, isCritical } from '../verdict/retention.ts';
import { closedWindow } from '../verdict/window.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Reads nothing for a host with a good full in its window, nothing hidden and nothing suspect. Where the countdown is critical, one HEAD of
 * the first volume says whether S3 reads the rules alike.
 */
export async function readRetention(
  { readLifecycle, readExpiry }: ObjectStore,
  host: Host,
  collection: Collection,
  now: Instant,
  isSuspect = false,
): Promise<Pick<Beside, 'lifecycle' | 'stampedAt'>> {
  const window = closedWindow(host, now);
  const { bucket, prefix } = host.target;
  const counts = hasToCount(collection, window, now) && hasFulls(collection);
  if (!counts && !isSuspect && !hasMarkers(collection)) return {};

  const lifecycle = await readLifecycle(bucket);
  const countdown = counts ? countDown(collection, keepOf(host, lifecycle), now) : undefined;
  if (countdown === undefined || !isCritical(countdown, window.opensAt, now)) return { lifecycle };
  const [opener] = countdown.set.openers.filter(({ of }) => of !== 'manifest');
  if (opener === undefined || countdown.hiddenAt <= now) return { lifecycle };
  return { lifecycle, stampedAt: await readExpiry(bucket, `${prefix}${opener.name}`) };
}

function hasFulls({ sets, hiddenFulls }: Collection): boolean {
  return hiddenFulls.length > 0 || sets.some(({ type }) => type === 'full');
}

function hasMarkers({ histories }: Collection): boolean {
  return histories.some(({ files }) => files.some(({ history }) => history[0]?.what === 'marker'));
}
