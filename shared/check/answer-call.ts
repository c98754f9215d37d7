// A worker's run: judges the shard that it is called for, and leaves its answer in the ledger.
import type { Instant } from '../duplicity/time.ts';
import { formatAnswer } from '../ledger/shard-answer.ts';
import { answerPage, parseCall } from '../ledger/shard-pages.ts';
import type { Roster } from '../roster/roster.ts';
import { SKEW } from '../verdict/answer.ts';
import type { Budget } from './budget.ts';
import { judgeHosts } from './judge-hosts.ts';
import { hashRoll, hostsOf } from './judge-in-shards.ts';
import { type Ledger, LedgerConflictError } from './ledger.ts';
import type { ObjectStore } from './object-store.ts';

/** A call that must not be answered: it cannot be read, is from the future, or is for another roll. */
export class CallError extends Error {
  override readonly name = 'CallError';
}

/** `late`: nobody waits for it any more; `twice`: it was answered already, and that answer stands. */
export type Answered = { readonly hosts: number; readonly answer: 'given' | 'late' | 'twice' };

/**
 * Judges as of the instant of the run that called. Written once: a call that comes twice changes nothing. Throws
 * `CallError`, or `LedgerError` when the answer could not be left: the queue then gives the call out again.
 */
export async function answerCall(
  ends: { readonly store: ObjectStore; readonly ledger: Ledger },
  roster: Roster,
  message: unknown,
  clock: Instant,
  budget: Budget,
): Promise<Answered> {
  const call = parseCall(message);
  if (call === undefined || call.now - clock > SKEW) {
    throw new CallError('this is no call for a shard; see who writes to the queue');
  }
  if (call.deadline <= clock) return { hosts: 0, answer: 'late' };
  const all = hostsOf(roster, call);
  if (call.roll !== (await hashRoll(roster)) || call.asked.length !== all.length) {
    throw new CallError('the call is for another roll; the next run calls for this one');
  }
  const { until, now, of: shards } = call;
  const hosts = all.filter((_, at) => call.asked[at] === '1');
  const judged = await judgeHosts(ends, hosts, { until, now, shards, budget });
  try {
    await ends.ledger.write(answerPage(call), formatAnswer(call, judged), undefined);
    return { hosts: hosts.length, answer: 'given' };
  } catch (error) {
    if (!(error instanceof LedgerConflictError)) throw error;
    return { hosts: hosts.length, answer: 'twice' };
  }
}
