// Whose object is this?
import type { Host, Roster } from './roster.ts';

/** The host in whose target a key lies; targets do not overlap, so there is at most one. */
export function hostOf(roster: Roster, bucket: string, key: string): Host | undefined {
  return roster.hosts.find(
    ({ target }) => target.bucket === bucket && key.startsWith(target.prefix),
  );
}
