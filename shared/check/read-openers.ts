// Who can open a host's newest full: the first bytes of its manifest and of its first volume.
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { readMessageHead } from '../openpgp/message-head.ts';
import type { Host } from '../roster/roster.ts';
import { newestFull } from '../verdict/answer.ts';
import type { OpenedBy } from '../verdict/finding.ts';
import type { ReadHead } from './object-store.ts';

/**
 * Reads nothing for a host without recipients on the roll. A resumed run may have other recipients in its first
 * volume than in its manifest, so both are read; one in cold storage is left out. Throws `TargetUnreadableError`.
 */
export async function readOpeners(
  readHead: ReadHead,
  host: Host,
  { sets }: Collection,
  now: Instant,
): Promise<OpenedBy[]> {
  const full = host.recipients.length === 0 ? undefined : newestFull(sets, now);
  const { bucket, prefix } = host.target;
  const opened = await Promise.all(
    (full?.openers ?? []).map(async (name): Promise<OpenedBy[]> => {
      const bytes = await readHead(bucket, `${prefix}${name}`);
      if (bytes === undefined) return [];
      const { kind, recipients, symmetric } = readMessageHead(bytes);
      return [{ name, reads: kind, recipients, symmetric }];
    }),
  );
  return opened.flat();
}
