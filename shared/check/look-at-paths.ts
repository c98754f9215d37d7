// Once an hour the run looks at the ways that its own alarms take.
import type { Check } from '../doctor/check.ts';
import type { Refusals } from '../doctor/hooks.ts';
import { comparePaths, isLookDue, type PathsLook, silentAddresses } from '../doctor/paths.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Roster } from '../roster/roster.ts';
import type { Channel } from './deliver.ts';
import type { Kept } from './ledger.ts';

/**
 * The look that is due, or the last one without its news; `undefined` where nobody has looked. Without a memory only
 * the digest looks, as a dead way would be told anew by every run.
 */
export async function lookAtPaths(
  judgePaths: (refusals: Refusals) => Promise<readonly Check[]>,
  { state, warning }: Kept,
  { alerts }: Roster,
  { until, digest }: { readonly until: Instant; readonly digest: boolean },
): Promise<PathsLook | undefined> {
  const { paths } = state;
  if (isLookDue(paths, until) && (warning === undefined || digest)) {
    return comparePaths(paths, await judgePaths(state.refusals ?? new Map()), until, alerts);
  }
  return paths === undefined ? undefined : { ...paths, died: [], mended: [], urgent: false };
}

/** A mailbox that is known to be dead would only refuse to hear so. */
export function livingChannels(
  channels: readonly Channel[],
  look: PathsLook | undefined,
): readonly Channel[] {
  const silent = silentAddresses(look?.states ?? []);
  return channels.filter(({ address }) => address === undefined || !silent.has(address));
}
