// What an S3 event means for a host: a recovery, a set that should not be, an object taken away.
import type { Collection } from '../duplicity/backup-set.ts';
import { type FileName, readFileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import {
  composeRecovery,
  composeRemoval,
  composeStranger,
  composeTrouble,
} from '../report/event-alert.ts';
import type { Message } from '../report/message.ts';
import { hostOf } from '../roster/host-of.ts';
import type { Host, Roster } from '../roster/roster.ts';
import type { FindingKind, TamperedSet } from '../verdict/finding.ts';
import { judge, type Verdict } from '../verdict/judge.ts';
import { readTarget } from './check-hosts.ts';
import type { ObjectEvent } from './object-event.ts';
import type { ObjectStore } from './object-store.ts';

/** One message for what was removed from each host, and one for each manifest that has something to say. */
export async function judgeEvents(
  store: ObjectStore,
  roster: Roster,
  events: readonly ObjectEvent[],
  now: Instant,
): Promise<Message[]> {
  const messages: Message[] = [];
  const removed = Map.groupBy(
    events.filter(({ what }) => what === 'removed'),
    ({ bucket, key }) => hostOf(roster, bucket, key),
  );
  for (const [host, removals] of removed) {
    const verdict = host === undefined ? undefined : await judgeNow(store, host, now);
    messages.push(composeRemoval(removals, verdict, roster.timezone));
  }
  for (const event of events.filter(({ what }) => what === 'created')) {
    const host = hostOf(roster, event.bucket, event.key);
    const message =
      host === undefined
        ? composeStranger(event, roster.timezone)
        : await judgeUpload(store, host, event, now);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

async function judgeNow(store: ObjectStore, host: Host, now: Instant): Promise<Verdict> {
  const { collection, beside } = await readTarget(store, host, { now, depth: 'recent' });
  return judge(host, collection, now, beside);
}

async function judgeUpload(
  store: ObjectStore,
  host: Host,
  event: ObjectEvent,
  now: Instant,
): Promise<Message | undefined> {
  const file = event.key.slice(host.target.prefix.length);
  const reading = readFileName(file, host.filePrefix);
  if (reading.kind === 'statistics') return undefined;
  if (reading.kind !== 'written') return composeStranger(event, host.timezone);
  const { name } = reading;
  if (!name.manifest || name.partial) return undefined;

  const reach = { now, depth: 'recent', alsoSetOf: file } as const;
  const { collection, beside } = await readTarget(store, host, reach);
  const after = judge(host, collection, now, beside);
  if ('unreadable' in collection) return composeTrouble(after, ['unreadable']);
  const bad = troubleOf(after, name);
  if (bad.length > 0) return composeTrouble(after, bad);
  const before = judge(host, without(collection, name), now);
  return isRecovery(before, after) ? composeRecovery(before, after) : undefined;
}

/** What this very upload did wrong; what was wrong before it has been told. */
function troubleOf(verdict: Verdict, name: FileName): FindingKind[] {
  const kinds: FindingKind[] = ['tampered', 'poisoned', 'unencrypted'];
  kinds.push(name.type === 'inc' ? 'incremental' : 'wrong-recipient');
  return verdict.findings
    .filter(({ severity, kind }) => severity === 'critical' && kinds.includes(kind))
    .filter(({ kind }) => kind !== 'unencrypted' || !name.encrypted)
    .filter((finding) => finding.kind !== 'tampered' || isOf(finding.sets, name))
    .map(({ kind }) => kind);
}

function isOf(sets: readonly TamperedSet[], name: FileName): boolean {
  return sets.some(({ startedAt }) => startedAt === (name.end ?? name.time));
}

/** The collection as it would be had this set never been written. */
function without(read: Collection, name: FileName): Collection {
  const startedAt = name.end ?? name.time;
  const type = name.type === 'inc' ? 'inc' : 'full';
  return {
    ...read,
    sets: read.sets.filter((set) => set.type !== type || set.startedAt !== startedAt),
  };
}

/** It owed a backup, and this upload brought it: for the closed window, or for the one that is open. */
function isRecovery(before: Verdict, after: Verdict): boolean {
  const owed = before.answer === undefined && before.headline !== 'paused';
  const brought = after.answer !== undefined || after.next?.state === 'done';
  return owed && brought && before.next?.state !== 'done';
}
