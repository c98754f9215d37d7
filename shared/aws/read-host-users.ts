// What IAM knows of the hosts: users under /backup-hosts/, their keys, and the group that makes them hosts.
import {
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  GetGroupPolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  paginateGetGroup,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import pMap from 'p-map';
import type { HostKey, KeyUse } from '../doctor/host-keys.ts';
import type { AuditedUser, HostUser } from '../doctor/host-users.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

const USERS_AT_ONCE = 4;
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
  const { UserId, Path = '/' } = found.User;
  return readAttachments(iam, { name, id: UserId, path: Path });
}

type NamedUser = Pick<HostUser, 'name' | 'id' | 'path'>;

/** Everything but the user itself. */
async function readAttachments(iam: IAMClient, user: NamedUser): Promise<HostUser> {
  const { name } = user;
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
    ...user,
    groups: (groups?.Groups ?? []).flatMap(({ GroupName }) => GroupName ?? []),
    keys,
    inlinePolicies: inline?.PolicyNames ?? [],
    attachedPolicies: (attached?.AttachedPolicies ?? []).flatMap(
      ({ PolicyArn }) => PolicyArn ?? [],
    ),
  };
}

/** The keys of a user, oldest first. Throws `AwsCallError`. */
async function readKeys(iam: IAMClient, name: string): Promise<HostKey[]> {
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
async function readKeyUse(iam: IAMClient, id: string): Promise<KeyUse | undefined> {
  const answer = await askAws(`read the last use of key ${id}`, 'iam:GetAccessKeyLastUsed', () =>
    iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id })),
  );
  const { LastUsedDate, ServiceName = 'N/A', Region = 'N/A' } = answer?.AccessKeyLastUsed ?? {};
  if (LastUsedDate === undefined || ServiceName === 'N/A') return undefined;
  return { at: LastUsedDate.getTime(), service: ServiceName, region: Region };
}

/** All users under a path. Throws `AwsCallError`. */
export async function listUsers(iam: IAMClient, path: string): Promise<NamedUser[]> {
  const users: NamedUser[] = [];
  await askAws('list the IAM users', 'iam:ListUsers', async () => {
    for await (const page of paginateListUsers({ client: iam }, { PathPrefix: path })) {
      for (const { UserName, UserId, Path } of page.Users ?? []) {
        if (UserName !== undefined) users.push({ name: UserName, id: UserId, path: Path ?? '/' });
      }
    }
  });
  return users;
}

/** Every host's user with the last use of its keys; a few at a time, as IAM allows few calls a second. */
export async function readHostUsers(
  connection: Connection,
  path: string,
  onUser: (done: number, of: number) => void,
): Promise<AuditedUser[]> {
  const iam = new IAMClient(clientConfig(connection));
  const names = await listUsers(iam, path);
  let done = 0;
  return pMap(
    names,
    async (one) => {
      const user = await readAttachments(iam, one);
      const uses = await Promise.all(
        user.keys.map(async ({ id }) => [id, await readKeyUse(iam, id)] as const),
      );
      done += 1;
      onUser(done, names.length);
      return { ...user, uses: Object.fromEntries(uses) };
    },
    { concurrency: USERS_AT_ONCE },
  );
}

/** The members of a group, with their keys; none where there is no such group. Throws `AwsCallError`. */
export async function readGroupMembers(
  connection: Connection,
  GroupName: string,
): Promise<HostUser[]> {
  const iam = new IAMClient(clientConfig(connection));
  const found: NamedUser[] = [];
  const read = async () => {
    for await (const page of paginateGetGroup({ client: iam }, { GroupName })) {
      for (const { UserName = '', UserId, Path = '/' } of page.Users ?? []) {
        found.push({ name: UserName, id: UserId, path: Path });
      }
    }
  };
  await askAws(`read the IAM group ${GroupName}`, 'iam:GetGroup', read, ABSENT);
  return pMap(found, (user) => readAttachments(iam, user), { concurrency: USERS_AT_ONCE });
}

/** A group's inline policies, parsed, and whether more is attached; `undefined` where there is none. */
export async function readHostGroup(
  connection: Connection,
  name: string,
): Promise<{ policies: unknown[]; attached: string[] } | undefined> {
  const iam = new IAMClient(clientConfig(connection));
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
      policy?.PolicyDocument === undefined
        ? []
        : JSON.parse(decodeURIComponent(policy.PolicyDocument)),
    ),
    attached: (attached?.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []),
  };
}
