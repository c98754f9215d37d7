// A roll that one run cannot hold: cut into shards, judged by workers over a queue, and put together again by this run.

import { parseAnswer } from '../ledger/shard-answer.ts';
import { answerPage, answersTo, type ShardCall } from '../ledger/shard-pages.ts';
import type { Host, Roster } from '../roster/roster.ts';
import { type Shard, shardIndexOf } from '../roster/shards.ts';
import { judge, type Unreadable, type Verdict } from '../verdict/judge.ts';
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
  const open = new Map<string, { readonly call: ShardCall; readonly hosts: readonly Host[] }>();
  for (const [index, all] of byIndex) {
    const called = all.filter((host) => isAsked.has(host));
    if (called.length === 0) continue;
    const asked = all.map((host) => (isAsked.has(host) ? '1' : '0')).join('');
    const call = { ...run, roll, index, of, asked };
    open.set(answerPage(call), { call, hosts: called });
  }
  const verdicts = new Map<Host, Verdict>();
  const giveUp = (those: readonly Host[], why: Unreadable) => {
    for (const host of those) verdicts.set(host, judge(host, why, now));
  };
  await workers.call([...open.values()].map(({ call }) => call));

  let lost: string | undefined;
  for (;;) {
    for (const [page, text] of await readAnswers(ledger, answersTo(run), open)) {
      const { call, hosts: called } = open.get(page) ?? {};
      if (call === undefined || called === undefined) continue;
      open.delete(page);
      const answer = parseAnswer(text, call, called);
      for (const verdict of answer?.verdicts ?? []) verdicts.set(verdict.host, verdict);
      if (answer === undefined) giveUp(called, UNSOUND);
      lost ??= answer?.lost;
    }
    if (open.size === 0 || budget.left() <= 0) break;
    await workers.pause(Math.min(POLL_MS, budget.left()));
  }
  for (const { hosts: called } of open.values()) giveUp(called, UNANSWERED);
  return { verdicts: hosts.flatMap((host) => verdicts.get(host) ?? []), lost };
}

// The same words for all: when many shards are lost, the mail says so once.
const HINT = 'wait for the next run, which looks again; why: npx sls logs --function checkShard';
const UNANSWERED = { unreadable: 'its part of the roll was not judged in time', hint: HINT };
const UNSOUND = {
  unreadable: 'what was answered for its part of the roll is not what a worker writes',
  hint: HINT,
};

/** Those that are there and still waited for. A ledger out of reach may be in reach again a second later. */
async function readAnswers(
  ledger: Ledger,
  prefix: string,
  open: ReadonlyMap<string, unknown>,
): Promise<[page: string, text: string][]> {
  try {
    const pages = (await ledger.list(prefix)).filter((page) => open.has(page));
    const read = pages.map(
      async (page): Promise<[string, string]> => [page, (await ledger.read(page)).text ?? ''],
    );
    return await Promise.all(read);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return [];
  }
}
