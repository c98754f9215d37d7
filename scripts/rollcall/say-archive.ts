// Where the backups of a host are, and until when, for somebody who takes the host off the roll.
import { checkHosts } from '../../shared/check/check-hosts.ts';
import type { ObjectStore } from '../../shared/check/object-store.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import { count, sayBytes, sayDate, sayInstant } from '../../shared/report/plain-text.ts';
import type { Host, Roster } from '../../shared/roster/roster.ts';
import { expiryAfter } from '../../shared/verdict/lifecycle.ts';
import { undeleteDays } from '../stack/backup-bucket.ts';

const DAY = 86_400_000;

/** One or two sentences. What cannot be looked at is said to be so. */
export async function sayArchive(
  store: ObjectStore,
  host: Host,
  roster: Roster,
  now: Instant,
): Promise<string> {
  const where = `s3://${host.target.bucket}/${host.target.prefix}`;
  const [verdict] = await checkHosts(store, [host], { now, depth: 'recent' });
  const unread = verdict?.findings.find(({ kind }) => kind === 'unreadable');
  const last = verdict?.lastGood;
  if (unread !== undefined) return `its archive stays in ${where}; it could not be looked at now`;
  if (last === undefined) return `there is no complete full in ${where}; what is there stays`;
  const size = `${count(last.volumes?.count ?? 0, 'volume')}, ${sayBytes(last.bytes)}`;
  const newest = `its archive stays in ${where}: the newest full is of ${sayInstant(last.startedAt, roster.timezone)} ${roster.timezone} (${size})`;
  if (host.keepLastGood) {
    return `${newest}, until somebody removes it: docs/runbook.md#janitor`;
  }
  if (roster.existing || host.target.bucket !== roster.bucket) {
    return `${newest}, until the lifecycle of that bucket takes it`;
  }
  const hidden = expiryAfter(last.startedAt, roster.keepDays);
  const gone = hidden + undeleteDays * DAY;
  return `${newest}; lifecycle hides it from ${sayDate(hidden, roster.timezone)} on, and it can be brought back until ${sayDate(gone, roster.timezone)}`;
}
