// What a host's newest full tells by its own bytes: who can open it, and whether it is all there.
import type { Collection, Opener } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Ending, readEnding, TAIL_BYTES } from '../openpgp/message-end.ts';
import { HEAD_BYTES, readMessageHead } from '../openpgp/message-head.ts';
import type { Host } from '../roster/roster.ts';
import { newestFull } from '../verdict/answer.ts';
import type { OpenedBy } from '../verdict/finding.ts';
import type { ReadPart } from './object-store.ts';

/**
 * Reads nothing for a host without recipients on the roll. A resumed run may have other recipients in its first
 * volume than in its manifest, so both are read, and the last volume: at most two requests a file. One in cold
 * storage is not asked for, or refused by S3, and left out. Throws `TargetUnreadableError`.
 */
export async function readOpeners(
  readPart: ReadPart,
  host: Host,
  { sets }: Collection,
  now: Instant,
): Promise<OpenedBy[]> {
  const full = host.recipients.length === 0 ? undefined : newestFull(sets, now);
  const { bucket, prefix } = host.target;
  const opened = await Promise.all(
    (full?.openers ?? []).map((opener) =>
      readOpener((span) => readPart(bucket, `${prefix}${opener.name}`, span), opener),
    ),
  );
  return opened.flat();
}

type ReadSpan = (span: { from: number; bytes: number }) => ReturnType<ReadPart>;

/** A small file is read whole; the end of a first volume is looked at only where that costs nothing. */
async function readOpener(read: ReadSpan, opener: Opener): Promise<OpenedBy[]> {
  const { name, bytes, of, cold = false } = opener;
  if (cold) return [];
  const head = await read({ from: 0, bytes: bytes <= TAIL_BYTES ? TAIL_BYTES : HEAD_BYTES });
  if (head === undefined) return [];
  const { kind, recipients, symmetric } = readMessageHead(head);
  const opened = { name, reads: kind, recipients, symmetric };
  return of === 'first' ? [opened] : [{ ...opened, ending: await findEnding(read, bytes, head) }];
}

async function findEnding(read: ReadSpan, size: number, head: Uint8Array): Promise<Ending> {
  const ending = readEnding(size, head);
  if (typeof ending === 'string') return ending;
  const bytes = await read(ending);
  return bytes === undefined ? 'cannot tell' : readEnding(size, head, { from: ending.from, bytes });
}
