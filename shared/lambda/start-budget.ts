// The time that Lambda gives a run, but for what is needed to tell of it.
import type { Context } from 'aws-lambda';
import type { Budget } from '../check/budget.ts';

const SHARE = 0.8;

/** Four fifths of what is left now: the rest is for the report, the ledger and the messages. */
export function startBudget({
  getRemainingTimeInMillis,
}: Pick<Context, 'getRemainingTimeInMillis'>): Budget {
  const kept = getRemainingTimeInMillis() * (1 - SHARE);
  const left = () => getRemainingTimeInMillis() - kept;
  const spent = new Promise<void>((resolve) => {
    // It keeps no process alive that is done.
    setTimeout(resolve, left()).unref();
  });
  return { left, spent };
}
