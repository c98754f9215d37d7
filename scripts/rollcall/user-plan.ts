// How an IAM user becomes a host, and is taken away again: in steps, the same for a first run and for a second.
import type { HostUsers, NewKey } from '../../shared/aws/host-users.ts';
import { otherHostGroups } from '../../shared/config/aws-names.ts';
import type { HostKey, HostUser } from '../../shared/doctor/host-keys.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { unbroken } from './config-file.ts';
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
  const workAndGive = async () => {
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
  };
  await unbroken(workAndGive);
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

/** One step, in words, and how it is done. */
type Step = { readonly says: string; readonly run: (users: HostUsers) => Promise<void> };

/** The steps that are left for a user as it is found; for one that is gone, or is no host's, there are none. */
export function planRemoval(user: HostUser | undefined, group: string): Step[] {
  if (user === undefined || !user.path.startsWith(hostUserPath)) return [];
  const { groups } = user;
  // A host of two stacks has one user: the other stack's host goes on backing up with its keys.
  if (isShared(user, group)) return groups.includes(group) ? [leaveGroup(user, group)] : [];
  return stepsToRemove(user);
}

/** All of a user: its keys first. */
export function stepsToRemove(user: HostUser): Step[] {
  const { name, keys, groups, inlinePolicies, attachedPolicies } = user;
  const policies = [...inlinePolicies, ...attachedPolicies];
  return [
    ...keys.map(({ id }) => ({
      says: `delete its key ${id}`,
      run: (users: HostUsers) => users.deleteKey(name, id),
    })),
    ...groups.map((group) => leaveGroup(user, group)),
    ...(policies.length === 0
      ? []
      : [
          {
            says: `take away its own policies: ${policies.join(', ')}`,
            run: (users: HostUsers) => users.dropPolicies(user),
          },
        ]),
    {
      says: `delete the IAM user ${name}`,
      run: async (users) => {
        // IAM deletes no user that has one.
        await users.dropSecondFactors(name);
        await users.remove(name);
      },
    },
  ];
}

function leaveGroup({ name }: HostUser, group: string): Step {
  return {
    says: `take it out of the group ${group}`,
    run: (users) => users.leave(name, group),
  };
}

/** True where it is a host of another stack too, by the name of that one's group. */
export function isShared({ groups }: HostUser, group: string): boolean {
  return otherHostGroups(groups, group).length > 0;
}

export function formatSteps(steps: readonly Step[], dryRun: boolean): void {
  for (const { says } of steps) print(`${dryRun ? 'would ' : 'to do: '}${says}`);
}

export async function carryOut(steps: readonly Step[], users: HostUsers): Promise<void> {
  for (const { says, run } of steps) {
    await run(users);
    print(`done: ${says}`);
  }
}
