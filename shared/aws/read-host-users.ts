// What IAM knows of the hosts: users under /backup-hosts/, their keys, and the group that makes them hosts.
import {
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  GetGroupPolicyCommand,
  GetUserCommand,
  type IAMClient,
  ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import { askAws } from './aws-error.ts';

/** An access key, without its secret, which IAM itself does not keep. */
export type HostKey = {
  readonly id: string;
  readonly active: boolean;
  readonly createdAt: number;
};

/** A user and all that hangs on it. */
export type HostUser = {
  readonly name: string;
  readonly path: string;
  readonly groups: readonly string[];
  readonly keys: readonly HostKey[];
  /** Names of policies of its own, and ARNs of attached ones: a host needs neither. */
  readonly inlinePolicies: readonly string[];
  readonly attachedPolicies: readonly string[];
};

const ABSENT = ['NoSuchEntity', 'NoSuchEntityException'];

/** One user, or `undefined` where there is none of that name. Throws `AwsCallError`. */
export async function readHostUser(iam: IAMClient, name: string): Promise<HostUser | undefined> {
  const UserName = name;
  const found = await askAws(
    `read the IAM user ${name}`,
    'iam:GetUser',
    () => iam.send(new GetUserCommand({ UserName })),
    ABSENT,
  );
  if (found?.User === undefined) return undefined;
  return readAttachments(iam, name, found.User.Path ?? '/');
}

/** Everything but the user itself. */
export async function readAttachments(
  iam: IAMClient,
  name: string,
  path: string,
): Promise<HostUser> {
  const UserName = name;
  const ask = <Answer>(action: string, call: () => Promise<Answer>) =>
    askAws(`read the IAM user ${name}`, `iam:${action}`, call, ABSENT);
  const [groups, keys, inline, attached] = await Promise.all([
    ask('ListGroupsForUser', () => iam.send(new ListGroupsForUserCommand({ UserName }))),
    readKeys(iam, name),
    ask('ListUserPolicies', () => iam.send(new ListUserPoliciesCommand({ UserName }))),
    ask('ListAttachedUserPolicies', () =>
      iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
    ),
  ]);
  return {
    name,
    path,
    groups: (groups?.Groups ?? []).flatMap(({ GroupName }) => GroupName ?? []),
    keys,
    inlinePolicies: inline?.PolicyNames ?? [],
    attachedPolicies: (attached?.AttachedPolicies ?? []).flatMap(
      ({ PolicyArn }) => PolicyArn ?? [],
    ),
  };
}

/** The keys of a user, oldest first. Throws `AwsCallError`. */
export async function readKeys(iam: IAMClient, name: string): Promise<HostKey[]> {
  const answer = await askAws(
    `read the keys of ${name}`,
    'iam:ListAccessKeys',
    () => iam.send(new ListAccessKeysCommand({ UserName: name })),
    ABSENT,
  );
  return (answer?.AccessKeyMetadata ?? [])
    .flatMap(({ AccessKeyId, Status, CreateDate }) =>
      AccessKeyId === undefined
        ? []
        : {
            id: AccessKeyId,
            active: Status === 'Active',
            createdAt: CreateDate?.getTime() ?? Number.NaN,
          },
    )
    .sort((a, b) => a.createdAt - b.createdAt);
}

/** When, and for which service, a key was last used; `undefined` = never. Throws `AwsCallError`. */
export async function readKeyUse(
  iam: IAMClient,
  id: string,
): Promise<{ at: number; service: string; region: string } | undefined> {
  const answer = await askAws(`read the last use of key ${id}`, 'iam:GetAccessKeyLastUsed', () =>
    iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id })),
  );
  const { LastUsedDate, ServiceName = 'N/A', Region = 'N/A' } = answer?.AccessKeyLastUsed ?? {};
  if (LastUsedDate === undefined) return undefined;
  return { at: LastUsedDate.getTime(), service: ServiceName, region: Region };
}

/** Names and paths of all users under a path. Throws `AwsCallError`. */
export async function readUserNames(
  iam: IAMClient,
  path: string,
): Promise<{ name: string; path: string }[]> {
  const users: { name: string; path: string }[] = [];
  await askAws('list the hosts among the IAM users', 'iam:ListUsers', async () => {
    for await (const page of paginateListUsers({ client: iam }, { PathPrefix: path })) {
      for (const { UserName, Path } of page.Users ?? []) {
        if (UserName !== undefined) users.push({ name: UserName, path: Path ?? '/' });
      }
    }
  });
  return users;
}

/** A group's inline policies as text, and whether more is attached; `undefined` where there is none. */
export async function readHostGroup(
  iam: IAMClient,
  name: string,
): Promise<{ policies: string[]; attached: string[] } | undefined> {
  const GroupName = name;
  const ask = <Answer>(action: string, call: () => Promise<Answer>) =>
    askAws(`read the IAM group ${name}`, `iam:${action}`, call, ABSENT);
  const found = await ask('GetGroup', () => iam.send(new GetGroupCommand({ GroupName })));
  if (found === undefined) return undefined;
  const [inline, attached] = await Promise.all([
    ask('ListGroupPolicies', () => iam.send(new ListGroupPoliciesCommand({ GroupName }))),
    ask('ListAttachedGroupPolicies', () =>
      iam.send(new ListAttachedGroupPoliciesCommand({ GroupName })),
    ),
  ]);
  const policies = await Promise.all(
    (inline?.PolicyNames ?? []).map((PolicyName) =>
      ask('GetGroupPolicy', () => iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName }))),
    ),
  );
  return {
    // IAM answers a document in the form of a URL.
    policies: policies.flatMap((policy) =>
      policy?.PolicyDocument === undefined ? [] : decodeURIComponent(policy.PolicyDocument),
    ),
    attached: (attached?.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []),
  };
}
