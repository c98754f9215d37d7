// Which hosts have an IAM user that `rollcall add-host` makes, and what IAM asks of such users.
import type { Host } from './roster.ts';

/**
 * The most IAM users that an account may have; AWS raises it for nobody.
 * Source: IAM User Guide, "IAM and AWS STS quotas".
 */
export const USERS_AN_ACCOUNT = 5000;

/**
 * Why a host has no user in the stack's group, and brings its own credentials; `undefined` for one that has. The group's
 * policy knows a user's name and nothing else.
 */
export function whyNoUser(
  { name, target }: Pick<Host, 'name' | 'target'>,
  bucket: string,
): string | undefined {
  if (target.bucket !== bucket) return `it writes to another bucket, ${target.bucket}`;
  if (name.includes('/')) return 'no IAM user can have a slash in its name';
  if (target.prefix !== `${name}/`) return `it writes to ${target.prefix}, and not to its own name`;
  return undefined;
}

/** The groups of a user that make it a host of other stacks, each called `BUCKET-hosts`; `own` is this stack's. */
export function otherHostGroups(groups: readonly string[], own: string): string[] {
  return groups.filter((one) => one !== own && one.endsWith('-hosts'));
}
