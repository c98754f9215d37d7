// The roll call: every host asked for, read and judged at one instant.
import pMap from 'p-map';
import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { judge, type Unreadable, type Verdict } from '../verdict/judge.ts';
import { closedWindow } from '../verdict/window.ts';
import { type Depth, listSets } from './list-sets.ts';
import { type ListObjects, TargetUnreadableError } from './object-store.ts';

/** How the check looks; `onHost` is told after each host, for progress. */
export type CheckOptions = {
  readonly now: Instant;
  readonly depth: Depth;
  readonly onHost?: (done: number, of: number) => void;
};

const HOSTS_AT_ONCE = 32;

/** One verdict for each host, in the order given. A target that cannot be read is a verdict, not an error. */
export async function checkHosts(
  list: ListObjects,
  hosts: readonly Host[],
  options: CheckOptions,
): Promise<Verdict[]> {
  let done = 0;
  return pMap(
    hosts,
    async (host) => {
      const verdict = judge(host, await readTarget(list, host, options), options.now);
      done += 1;
      options.onHost?.(done, hosts.length);
      return verdict;
    },
    { concurrency: HOSTS_AT_ONCE },
  );
}

/** What a host's target held at `now`, or why that is not known. */
export async function readTarget(
  list: ListObjects,
  host: Host,
  { now, depth }: CheckOptions,
): Promise<Collection | Unreadable> {
  try {
    return await listSets(list, host, { since: closedWindow(host, now).opensAt, now, depth });
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return { unreadable: error.message, hint: error.hint };
  }
}
