// What is still to be done so that an IAM user is a host: the same answer for a first run and for a second.
import type { HostUsers, NewKey } from '../../shared/aws/host-users.ts';
import { otherHostGroups } from '../../shared/config/aws-names.ts';
import type { HostKey, HostUser } from '../../shared/doctor/host-keys.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { openHandover } from './hand-over.ts';
import { print, UsageError } from './terminal.ts';

/** The steps; `says` has one line for each, and one for what is there already. */
type UserPlan = {
  readonly name: string;
  readonly group: string;
  readonly create: boolean;
  readonly join: boolean;
  readonly makeKey: boolean;
  /** Keys that it has before. */
  readonly keys: readonly HostKey[];
  readonly lines: readonly string[];
};

/** Throws `UsageError` where a person must look first. */
export function planUser(
  { name, group, rotate }: { name: string; group: string; rotate: boolean },
  found: HostUser | undefined,
): UserPlan {
  if (found !== undefined && !found.path.startsWith(hostUserPath)) {
    throw new UsageError(
      `there is an IAM user ${name} already, and it is no host: its path is ${found.path}`,
      `call the host otherwise, or give that user another name: aws iam update-user --user-name ${name} --new-user-name ...`,
    );
  }
  const create = found === undefined;
  const join = !found?.groups.includes(group);
  const [other] = otherHostGroups(found?.groups ?? [], group);
  if (join && other !== undefined) {
    const bucket = other.replace(/-hosts$/, '');
    throw new UsageError(
      `${name} is a host of another stack in this account: its IAM user is in the group ${other}, and its key would write to both buckets, ${bucket} and ${group.replace(/-hosts$/, '')}`,
      `give this host another name, which is also its prefix: rollcall add-host ${name}-2; or deploy this stack in an account of its own. Is the stack of ${bucket} gone? aws iam remove-user-from-group --user-name ${name} --group-name ${other}`,
    );
  }
  const keys = found?.keys ?? [];
  if (rotate) checkKeyCount(name, keys);
  const makeKey = keys.length === 0 || rotate;
  const kept = `it has the key ${keys.map(formatKey).join(' and ')}, whose secret nobody can show again; a new one: rollcall add-host ${name} --rotate`;
  return {
    ...{ name, group, create, join, makeKey, keys },
    lines: [
      create
        ? `make the IAM user ${hostUserPath}${name}, and write its UserId to the config`
        : `the IAM user ${name} is there`,
      join ? `put it into the group ${group}` : `it is in the group ${group}`,
      makeKey ? 'make a key for it' : kept,
    ],
  };
}

/** Throws `UsageError` where there is no room for another key. */
export function checkKeyCount(name: string, keys: readonly HostKey[]): void {
  if (keys.length < 2) return;
  throw new UsageError(
    `${name} has two keys, and IAM allows no third: ${keys.map(formatKey).join(', ')}`,
    `when the younger one is in use, delete the older: ${deleteKeyLine(name, keys[0])}`,
  );
}

/**
 * Makes the user and puts it into the group; answers its UserId where it was made. Throws `UsageError` where IAM has
 * the name already, in other capitals: that shows only now.
 */
export async function makeUser(
  users: HostUsers,
  { name, group, create, join }: UserPlan,
  path: string,
): Promise<string | undefined> {
  const made = create ? await users.create(name, path) : undefined;
  if (create && made === undefined) {
    // Who may make users need not be allowed to list them.
    const same = await users.namesLike(name).catch(() => []);
    throw new UsageError(
      `IAM has a user ${same[0] ?? name} already, and does not tell capitals from small letters`,
      'give the host another name',
    );
  }
  if (join) await users.join(name, group);
  return made?.id;
}

/**
 * Does the work, and then, with `makeKey`, makes a key and hands it over. Whether it can be handed over is known before
 * anything is done; a key that cannot be is deleted.
 */
export async function workAndHandOver(
  users: HostUsers,
  name: string,
  { makeKey, file }: { readonly makeKey: boolean; readonly file: string | undefined },
  work: () => Promise<void>,
): Promise<void> {
  if (!makeKey) return work();
  const handover = await openHandover(file);
  let key: NewKey | undefined;
  try {
    await work();
    key = await users.createKey(name);
    await handover.give(key);
  } catch (error) {
    await handover.drop();
    if (key !== undefined) await users.deleteKey(name, key.id);
    throw error;
  }
  if (file !== undefined) print(`its key is in ${file}, which only you can read`);
}

/** The command that ends a rotation. */
export function deleteKeyLine(name: string, key: HostKey | undefined): string {
  return `aws iam delete-access-key --user-name ${name} --access-key-id ${key?.id ?? 'ID'}`;
}

/** `AKIA... of 2026-11-23 (switched off)`. */
export function formatKey({ id, createdAt, active }: HostKey): string {
  const day = Number.isNaN(createdAt)
    ? ''
    : ` of ${new Date(createdAt).toISOString().slice(0, 10)}`;
  return `${id}${day}${active ? '' : ' (switched off)'}`;
}
