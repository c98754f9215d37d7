// A host put on the roll, and from when on it owes a backup.
import { addHost, type EditedRoll, type RollText } from '../../shared/roster/edit-roll.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import type { Host } from '../../shared/roster/roster.ts';
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
