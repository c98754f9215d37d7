// A roll that one run cannot hold: cut into shards, judged by workers over a queue, and put together again by this run.

import { parseAnswer } from '../ledger/shard-answer.ts';
import { answerPage, answersTo, type CallingRun, type ShardCall } from '../ledger/shard-pages.ts';
import type { Host, Roster } from '../roster/roster.ts';
import { type Shard, shardIndexOf } from '../roster/shards.ts';
import { judge, type Verdict } from '../verdict/judge.ts';
import { placeOf } from '../verdict/seal.ts';
import type { Budget } from './budget.ts';
import type { Judged, Judging } from './judge-hosts.ts';
import { type Ledger, LedgerError } from './ledger.ts';
import { shortHash } from './short-hash.ts';

/** Whom a run calls for what it cannot hold. */
export type Workers = {
  /** From so many hosts on. */
  readonly hostsARun: number;
  /** Hands out calls. Throws `QueueError` when the queue did not take each of them. */
  readonly call: (calls: readonly ShardCall[]) => Promise<void>;
  readonly pause: (ms: number) => Promise<void>;
};

/** The queue of shards did not take a call. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

const POLL_MS = 1000;

/** The hosts of a shard, in the order of the roll. */
export function hostsOf({ hosts }: Roster, { index, of }: Shard): Host[] {
  return hosts.filter((host) => shardIndexOf(placeOf(host), of) === index);
}

/** A hash of all that the roll says: with another one the same call would mean something else. */
export function hashRoll(roster: Roster): Promise<string> {
  return shortHash(JSON.stringify(roster));
}

/**
 * Calls for every shard with a host to be judged, and waits for the answers until the time of this run is spent. The hosts
 * of a shard without a sound answer are unreadable: never ok, and never missing. Throws `QueueError`.
 */
export async function judgeInShards(
  { ledger, workers }: { readonly ledger: Ledger; readonly workers: Workers },
  roster: Roster,
  hosts: readonly Host[],
  { until, now, budget, shards: of }: Judging & { readonly budget: Budget },
): Promise<Judged> {
  const isAsked = new Set(hosts);
  const run = { version: 1, until, now, deadline: now + Math.floor(budget.left()) } as const;
  const roll = await hashRoll(roster);
  const byIndex = Map.groupBy(roster.hosts, (host) => shardIndexOf(placeOf(host), of));
  const open = new Map<string, Open>();
  for (const [index, all] of byIndex) {
    const called = all.filter((host) => isAsked.has(host));
    if (called.length === 0) continue;
    const asked = all.map((host) => (isAsked.has(host) ? '1' : '0')).join('');
    const call = { ...run, roll, index, of, asked };
    const page = answerPage(call);
    open.set(page, { page, call, hosts: called });
  }
  await workers.call([...open.values()].map(({ call }) => call));

  const verdicts = new Map<Host, Verdict>();
  let lost: string | undefined;
  for (;;) {
    for (const { page, call, hosts: called, text } of await readAnswers(ledger, run, open)) {
      open.delete(page);
      const answer = parseAnswer(text, call, called);
      for (const [at, host] of called.entries()) {
        verdicts.set(host, answer?.verdicts[at] ?? judge(host, UNSOUND, now));
      }
      lost ??= answer?.lost;
    }
    if (open.size === 0 || budget.left() <= 0) break;
    await workers.pause(Math.min(POLL_MS, budget.left()));
  }
  return {
    verdicts: hosts.map((host) => verdicts.get(host) ?? judge(host, UNANSWERED, now)),
    lost,
  };
}

// The same words for all: when many shards are lost, the mail says so once.
const HINT =
  'wait for the next run, which looks again; why: npx serverless logs --function checkShard';
const UNANSWERED = { unreadable: 'its part of the roll was not judged in time', hint: HINT };
const UNSOUND = {
  unreadable: 'what was answered for its part of the roll is not what a worker writes',
  hint: HINT,
};

type Open = { readonly page: string; readonly call: ShardCall; readonly hosts: readonly Host[] };

/** Those that are there and still waited for. A ledger out of reach may be in reach again a second later. */
async function readAnswers(
  ledger: Ledger,
  run: CallingRun,
  open: ReadonlyMap<string, Open>,
): Promise<(Open & { readonly text: string })[]> {
  try {
    const there = (await ledger.list(answersTo(run))).flatMap((page) => open.get(page) ?? []);
    return await Promise.all(
      there.map(async (one) => ({ ...one, text: (await ledger.read(one.page)).text ?? '' })),
    );
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return [];
  }
}
