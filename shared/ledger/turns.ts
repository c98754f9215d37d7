// How the hosts stood when windows were last judged, so that no window is lost between two rolls or behind a fault.

/** Hosts by the date of a window of theirs. */
type ByDate = readonly (readonly [date: string, hosts: readonly string[]])[];

/** What `judgedUntil` alone does not tell. */
export type Turns = {
  /** Hosts that could not be read when they were due, and have not been since: that window is still to be judged. */
  readonly unread: readonly string[];
  /** Hosts by the date of their newest closed window: one that is moved back would close behind `judgedUntil`. */
  readonly judged: ByDate;
  /** Hosts that were only called late, by the date of that window: it is judged for good when its grace is over. */
  readonly late?: ByDate;
  /** The date of the windows of which the last digest told: another roll may have another first due time. */
  readonly digest?: string;
};

export const NO_TURNS: Turns = { unread: [], judged: [] };

/** The date of each host. */
export function dateByHost(days: ByDate): Map<string, string> {
  return new Map(days.flatMap(([date, names]) => names.map((name) => [name, date])));
}

/** The inverse of `dateByHost`. */
export function hostsByDate(dates: Iterable<readonly [host: string, date: string]>): ByDate {
  const days = Map.groupBy(dates, ([, date]) => date);
  return [...days].map(([date, hosts]) => [date, hosts.map(([name]) => name)]);
}

/** States written before grace and digests were remembered have no `late` and no `digest`. */
export function isTurns(value: unknown): value is Turns {
  const { unread, judged, late = [], digest = '' } = (value ?? {}) as Record<string, unknown>;
  return areNames(unread) && areDays(judged) && areDays(late) && typeof digest === 'string';
}

function areDays(value: unknown): boolean {
  const isDay = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && areNames(one[1]);
  return Array.isArray(value) && value.every(isDay);
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
