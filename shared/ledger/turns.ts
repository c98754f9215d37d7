// How the hosts stood when windows were last judged, so that no window is lost between two rolls or behind a fault.

/** What `judgedUntil` alone does not tell. */
export type Turns = {
  /** Hosts that could not be read when they were due, and have not been since: that window is still to be judged. */
  readonly unread: readonly string[];
  /** Hosts by the date of their newest closed window: one that is moved back would close behind `judgedUntil`. */
  readonly judged: readonly (readonly [date: string, hosts: readonly string[]])[];
};

export const NO_TURNS: Turns = { unread: [], judged: [] };

export function isTurns(value: unknown): value is Turns {
  const { unread, judged } = (value ?? {}) as Record<string, unknown>;
  const isDay = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && areNames(one[1]);
  return areNames(unread) && Array.isArray(judged) && judged.every(isDay);
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
