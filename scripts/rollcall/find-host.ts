// A host by the name that was typed, or the nearest one as a hint.
import { closest, distance } from 'fastest-levenshtein';
import type { Host, Roster } from '../../shared/roster/roster.ts';
import { UsageError } from './usage-error.ts';

/** Throws `UsageError` for a name that is not on the roll. */
export function findHost(roster: Roster, name: string): Host {
  const host = roster.hosts.find((one) => one.name === name);
  if (host !== undefined) return host;
  throw new UsageError(
    `there is no host ${JSON.stringify(name)} on the roll`,
    `did you mean ${nearestName(roster, name)}?`,
  );
}

/** The name on the roll that is most like it. */
export function nearestName({ hosts }: Roster, name: string): string {
  return closest(
    name,
    hosts.map((one) => one.name),
  );
}

/** True when a name is so like one on the roll that it was probably mistyped. */
export function isNear(roster: Roster, name: string): boolean {
  return distance(name, nearestName(roster, name)) <= 2;
}

/** The one word that a command takes. Throws `UsageError`. */
export function onlyName(positionals: readonly string[], command: string): string {
  const [name, ...more] = positionals;
  if (name !== undefined && name !== '' && more.length === 0) return name;
  throw new UsageError(
    name === undefined ? 'no host was named' : `one host at a time, please: ${command} NAME`,
    `see: rollcall ${command} --help`,
  );
}
