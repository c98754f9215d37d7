// A host put on the roll: from when on it owes a backup, and whether the stack's credentials are of use to it.
import { addHost, type EditedRoll, type RollText } from '../../shared/roster/edit-roll.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import type { Host, Roster } from '../../shared/roster/roster.ts';
import { windowToOpen } from '../../shared/verdict/window.ts';
import { findHost } from './find-host.ts';
import { UsageError } from './usage-error.ts';

/**
 * The roll with the host on it; one that is on it already stays as it is. Without `since` it owes its first backup in
 * the next window that opens. Throws `UsageError`, and `ConfigError` for a name or a target that no roll may have.
 */
export function putOnRoll(
  roll: RollText,
  name: string,
  { since, target }: { readonly since?: string | undefined; readonly target?: string | undefined },
  now: number,
): EditedRoll {
  const on = (date: string) =>
    addHost(roll, name, { since: date, ...(target === undefined ? {} : { target }) });
  const known = hostsIn(roll).find((one) => one.name === name);
  if (known !== undefined) {
    const says = `s3://${known.target.bucket}/${known.target.prefix}`;
    const other = target !== undefined && target.replace(/\/*$/, '/') !== says;
    if (other || (since !== undefined && since !== known.since)) {
      throw new UsageError(
        `${name} is on the roll already, with other words`,
        `change its line in ${roll.file} by hand, or leave --target and --since out`,
      );
    }
    return { text: roll.text, roster: readRoster(roll.text, roll.file, roll.readKeyFile) };
  }
  if (since !== undefined) return on(since);
  // Its zone and window are the roll's: known only once it is on it.
  const host = findHost(on('2000-01-01').roster, name);
  return on(windowToOpen(host, now).date);
}

/** A roll whose list is still empty is wrong, but a host can be added to it. */
function hostsIn(roll: RollText): readonly Host[] {
  try {
    return readRoster(roll.text, roll.file, roll.readKeyFile).hosts;
  } catch {
    return [];
  }
}

/** Why the stack's group is of no use to a host: its policy knows the user's name and nothing else. */
export function ownCredentials(host: Host, roster: Roster): string | undefined {
  const { bucket, prefix } = host.target;
  if (bucket !== roster.bucket) return `it writes to another bucket, ${bucket}`;
  if (host.name.includes('/')) return 'no IAM user can have a slash in its name';
  if (prefix !== `${host.name}/`) return `it writes to ${prefix}, and not to its own name`;
  return undefined;
}
