// Judges hosts beside what is remembered of their fulls: all that are due, or one shard of them.
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import type { Verdict } from '../verdict/judge.ts';
import type { Budget } from './budget.ts';
import { checkHosts } from './check-hosts.ts';
import type { Ledger } from './ledger.ts';
import type { ObjectStore } from './object-store.ts';
import { startRemembering } from './set-memory.ts';

/** For which tick, as of when, until when, and into how many shards the roll is cut. */
export type Judging = {
  readonly until: Instant;
  readonly now: Instant;
  readonly budget: Budget | undefined;
  readonly shards: number;
};

/** One verdict for each host that was asked for, in their order. */
export type Judged = {
  readonly verdicts: readonly Verdict[];
  /** What is not remembered of earlier backups, or of these. */
  readonly lost?: string | undefined;
};

/** Never fails for a ledger that cannot be read. */
export async function judgeHosts(
  { store, ledger }: { readonly store: ObjectStore; readonly ledger: Ledger },
  hosts: readonly Host[],
  { until, now, budget, shards }: Judging,
): Promise<Judged> {
  const memory = startRemembering(ledger, until, hosts, shards);
  const verdicts = await checkHosts(store, hosts, { now, depth: 'recent', memory, budget });
  return { verdicts, lost: await memory.close() };
}
