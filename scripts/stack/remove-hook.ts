// `sls remove`: takes the hosts out of their group first, as IAM deletes no group that has members, and prints what
// stays.

import { readStack } from '../../shared/aws/deployed-stack.ts';
import { connectHostUsers, type HostUsers, readGroupMembers } from '../../shared/aws/host-users.ts';
import { type DeployedStack, nameOf } from '../../shared/doctor/deployment.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';
import { connectLikeFramework, type Framework, type Log } from './deploy-hook.ts';
import { stateBucket } from './state-bucket.ts';

/** What the framework's later hooks need: `putBack` after a failure, `printRest` after success. */
type Removal = { readonly putBack: () => Promise<void>; readonly printRest: () => void };

/** What the removal of a stack works with. */
type RemovalParts = {
  readonly stack: DeployedStack;
  /** The group's members. */
  readonly members: readonly HostUser[];
  readonly users: Pick<HostUsers, 'join' | 'leave' | 'hasGroup'>;
  /** The stack's state when it is asked for; `undefined` = there is none. */
  readonly status: () => Promise<string | undefined>;
  readonly log: Log;
};

/** The hook. Throws the framework's own kind of error, and then nothing was removed. */
export async function prepareRemoval(framework: Framework, log: Log): Promise<Removal | undefined> {
  const { connection, stackName } = await connectLikeFramework(framework);
  try {
    const stack = await readStack(connection, stackName);
    // The framework itself reports that there is none.
    if (stack === undefined) return undefined;
    const group = nameOf(stack, 'HostGroup');
    const members = group === undefined ? [] : await readGroupMembers(connection, group);
    const status = async () => (await readStack(connection, stackName))?.status;
    const users = connectHostUsers(connection);
    return await takeMembersOut({ stack, members, users, status, log });
  } catch (error) {
    if (!(error instanceof Error && 'hint' in error)) throw error;
    const words = `Nothing was removed.\n${error.message}\n  what to do: ${error.hint}`;
    throw new framework.classes.Error(words, 'ROLLCALL_BEFORE_REMOVE');
  }
}

/**
 * Takes every member out, and nothing else of it. When one cannot be taken out, or on Ctrl-C, all are put back.
 * Rejects with what IAM refused.
 */
export async function takeMembersOut(parts: RemovalParts): Promise<Removal> {
  const { stack, members, users, log } = parts;
  const group = nameOf(stack, 'HostGroup') ?? '';
  const out: string[] = [];
  let ending = false;
  const takeOut = async () => {
    for (const { name } of members) {
      if (ending) return;
      // Before it is done: put back twice is no harm, put back never is.
      out.push(name);
      await users.leave(name, group);
    }
  };
  if (members.length > 0) {
    const names = members.map(({ name }) => name).join(', ');
    log.notice(`leaving the group ${group}, which IAM deletes only when it is empty: ${names}`);
  }
  const taking = takeOut();
  const putBack = async () => {
    ending = true;
    await taking.catch(() => undefined);
    await putMembersBack(parts, group, out);
  };
  const stop = () => {
    forget();
    putBack().finally(() => process.exit(130));
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  const forget = () => {
    for (const signal of signals) process.off(signal, stop);
  };
  try {
    await taking;
  } catch (error) {
    forget();
    await putBack();
    throw error;
  }
  // A signal came: its handler ends the program, and the framework must not go on meanwhile.
  if (ending) await new Promise(() => undefined);
  return {
    putBack: async () => {
      forget();
      await putBack();
    },
    printRest: () => {
      forget();
      for (const line of composeRest(stack, members)) log.notice(line);
    },
  };
}

async function putMembersBack(
  { stack, users, status, log }: RemovalParts,
  group: string,
  out: readonly string[],
): Promise<void> {
  if (out.length === 0) return;
  const left = new Set(out);
  try {
    if ((await status()) === 'DELETE_IN_PROGRESS') {
      log.warning(
        `CloudFormation goes on removing ${stack.name}; to see when it is done: npx serverless info`,
      );
      return;
    }
    if (!(await users.hasGroup(group))) return;
    for (const name of out) {
      await users.join(name, group);
      left.delete(name);
    }
    log.notice(`back in the group ${group}: ${out.join(', ')}`);
  } catch (error) {
    log.warning(`${(error as Error).message}; these can back up again after:`);
    for (const name of left) {
      log.warning(`  aws iam add-user-to-group --group-name ${group} --user-name ${name}`);
    }
  }
}

/** What the removal of a stack leaves, and how each of it goes. */
export function composeRest(stack: DeployedStack, members: readonly HostUser[]): string[] {
  const own = nameOf(stack, 'BackupBucket');
  const state = nameOf(stack, stateBucket);
  const bucket = own ?? stack.outputs.BackupBucketName ?? '';
  const drop = (name: string) =>
    `  to delete it: empty it (docs/setup.md#delete-what-stays), then: aws s3 rb s3://${name}`;
  return [
    'What stays:',
    ...(own === undefined
      ? [`- the bucket ${bucket}, which was there before the stack, as it is`]
      : [
          `- the backup bucket ${own}, with every version in it. Its lifecycle goes on deleting old backups.`,
          '  Its policy is gone: anyone who administers the account may now delete backups.',
          '  to use it again: docs/setup.md#come-back',
          drop(own),
        ]),
    ...(state === undefined
      ? []
      : [
          `- the state bucket ${state}: what was found and who was notified. The next deploy makes a new one.`,
          drop(state),
        ]),
    ...members.flatMap((user) => composeUser(user, nameOf(stack, 'HostGroup') ?? '')),
  ];
}

function composeUser(user: HostUser, group: string): string[] {
  const { name, keys, inlinePolicies, attachedPolicies } = user;
  const groups = user.groups.filter((one) => one !== group);
  const live = keys.filter(({ active }) => active).map(({ id }) => id);
  const alive = live.length === 0 ? 'without a live key' : `with a live key (${live.join(', ')})`;
  const more = [...groups, ...inlinePolicies, ...attachedPolicies];
  if (more.length > 0) {
    return [`- the IAM user ${name} ${alive}, which has rights elsewhere: ${more.join(', ')}`];
  }
  const deletions = keys.map(
    ({ id }) => `aws iam delete-access-key --user-name ${name} --access-key-id ${id} && `,
  );
  return [
    `- the IAM user ${name} ${alive}, which may do nothing any more`,
    `  to delete it: ${deletions.join('')}aws iam delete-user --user-name ${name}`,
  ];
}
