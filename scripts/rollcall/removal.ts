// How a host's IAM user goes: its keys first, so that whatever fails after that, nobody can write with them.
import type { HostUsers } from '../../shared/aws/host-users.ts';
import type { HostUser } from '../../shared/doctor/host-users.ts';
import { otherHostGroups } from '../../shared/roster/host-user.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';

/** One step, in words, and how it is done. */
export type Step = { readonly says: string; readonly run: (users: HostUsers) => Promise<void> };

/** The steps that are left for a user as it is found; for one that is gone, or is no host's, there are none. */
export function planRemoval(user: HostUser | undefined, group: string): Step[] {
  if (user === undefined || !user.path.startsWith(hostUserPath)) return [];
  const { name, keys, groups, inlinePolicies, attachedPolicies } = user;
  const leave = (one: string): Step => ({
    says: `take it out of the group ${one}`,
    run: (users) => users.leave(name, one),
  });
  // A host of two stacks has one user: the other stack's host goes on backing up with its keys.
  if (isShared(user, group)) return groups.includes(group) ? [leave(group)] : [];
  const policies = [...inlinePolicies, ...attachedPolicies];
  return [
    ...keys.map(({ id }) => ({
      says: `delete its key ${id}`,
      run: (users: HostUsers) => users.deleteKey(name, id),
    })),
    ...groups.map(leave),
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
      run: (users) => users.remove(name),
    },
  ];
}

/** True where it is a host of another stack too, by the name of that one's group. */
export function isShared({ groups }: HostUser, group: string): boolean {
  return otherHostGroups(groups, group).length > 0;
}
