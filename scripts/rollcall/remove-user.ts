// How an IAM user is taken away: in steps, which are said first, then done one after the other.
import type { HostUsers } from '../../shared/aws/host-users.ts';
import { otherHostGroups } from '../../shared/config/aws-names.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { print } from './terminal.ts';

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
