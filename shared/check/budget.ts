// How long a run may look, so that it still tells what it saw before it is ended.

/** The time of one run. */
export type Budget = {
  /** Milliseconds; none or fewer = it is spent. */
  readonly left: () => number;
  /** Resolves when it is spent. */
  readonly spent: Promise<void>;
};

/** What the work answers, or the other when the time is spent first; work that is under way is then left alone. */
export async function whileTimeLasts<Value>(
  budget: Budget | undefined,
  work: () => Promise<Value>,
  otherwise: () => Value,
): Promise<Value> {
  if (budget === undefined) return work();
  return budget.left() <= 0 ? otherwise() : Promise.race([work(), budget.spent.then(otherwise)]);
}
