// Who judges the hosts of a run: it does so itself, or calls for workers where they are too many.
import type { Host, Roster } from '../roster/roster.ts';
import { shardsOf } from '../roster/shards.ts';
import { type Judged, type Judging, judgeHosts } from './judge-hosts.ts';
import { judgeInShards, QueueError, type Workers } from './judge-in-shards.ts';
import type { Ledger } from './ledger.ts';
import type { ObjectStore } from './object-store.ts';

/** Without a queue that takes calls, or a ledger to read answers from, it judges what it can in its own time. */
export async function judgeRoll(
  ends: {
    readonly store: ObjectStore;
    readonly ledger: Ledger;
    readonly workers?: Workers | undefined;
  },
  roster: Roster,
  hosts: readonly Host[],
  { hasLedger, ...times }: Omit<Judging, 'shards'> & { readonly hasLedger: boolean },
): Promise<Judged> {
  const { workers } = ends;
  const { budget } = times;
  const shards = workers === undefined ? 1 : shardsOf(roster.hosts.length, workers.hostsARun);
  const judging = { ...times, shards };
  const isTooMuch = workers !== undefined && hosts.length > workers.hostsARun;
  if (!isTooMuch || budget === undefined || !hasLedger) return judgeHosts(ends, hosts, judging);
  try {
    return await judgeInShards({ ...ends, workers }, roster, hosts, { ...judging, budget });
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    const judged = await judgeHosts(ends, hosts, judging);
    return { ...judged, lost: `${error.message}: one run judged what it could` };
  }
}
