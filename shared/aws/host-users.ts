// The IAM users of the hosts: made, given a key, and taken away again, each step on its own so that it can be repeated.
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  GetGroupPolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListUserPoliciesCommand,
  PutUserPolicyCommand,
  paginateGetGroup,
  paginateListUsers,
  RemoveUserFromGroupCommand,
} from '@aws-sdk/client-iam';
import pMap from 'p-map';
import { USERS_AN_ACCOUNT } from '../config/aws-names.ts';
import type { AuditedUser, HostKey, HostUser, KeyUse } from '../doctor/host-keys.ts';
import { AwsCallError, askAws, type Connection, clientConfig } from './client.ts';

/** A key as IAM shows it, once. */
export type NewKey = { readonly id: string; readonly secret: string };

/** The steps; each throws `AwsCallError`, and none fails for what was done before. */
export type HostUsers = {
  readonly find: (name: string) => Promise<HostUser | undefined>;
  readonly hasGroup: (group: string) => Promise<boolean>;
  /** Answers its UserId; `undefined` where the name is taken, which for IAM it also is in other capitals. */
  readonly create: (name: string, path: string) => Promise<{ id: string | undefined } | undefined>;
  /** Users whose names are the same for IAM, which does not distinguish capitals from small letters. */
  readonly namesLike: (name: string) => Promise<string[]>;
  readonly join: (name: string, group: string) => Promise<void>;
  /** An inline policy, parsed; `undefined` where there is none of that name. */
  readonly readPolicy: (name: string, policy: string) => Promise<unknown>;
  readonly putPolicy: (name: string, policy: string, document: object) => Promise<void>;
  readonly createKey: (name: string) => Promise<NewKey>;
  readonly deleteKey: (name: string, id: string) => Promise<void>;
  readonly leave: (name: string, group: string) => Promise<void>;
  readonly dropPolicies: (user: HostUser) => Promise<void>;
  readonly dropSecondFactors: (name: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
};

// Source: IAM User Guide, "IAM and AWS STS quotas".
const MOST_USERS = `an account has at most ${USERS_AN_ACCOUNT} IAM users, and AWS gives nobody more: remove users that nobody needs, or let the host bring its own credentials (--no-iam), or another account have a stack of its own: docs/past-one-run.md#users`;
const ABSENT = ['NoSuchEntity', 'NoSuchEntityException'];
const THERE = ['EntityAlreadyExists', 'EntityAlreadyExistsException'];

/** Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html, for what must go first. */
export function connectHostUsers(connection: Connection): HostUsers {
  const iam = new IAMClient(clientConfig(connection));
  // Asked again after a lost answer, IAM would make a second key, which nobody has.
  const askingOnce = new IAMClient({ ...clientConfig(connection), maxAttempts: 1 });
  return {
    find: (name) => readHostUser(iam, name),
    hasGroup: async (GroupName) => {
      const group = await askAws(
        `read the IAM group ${GroupName}`,
        'iam:GetGroup',
        () => iam.send(new GetGroupCommand({ GroupName })),
        ABSENT,
      );
      return group !== undefined;
    },
    create: async (UserName, Path) => {
      const command = new CreateUserCommand({ UserName, Path });
      const change = `make the IAM user ${UserName}`;
      const answer = await withinQuota(MOST_USERS, () =>
        askAws(change, 'iam:CreateUser', () => iam.send(command), THERE),
      );
      return answer === undefined ? undefined : { id: answer.User?.UserId };
    },
    namesLike: async (name) => {
      const users = await listUsers(iam, '/');
      const same = users.filter((user) => user.name.toLowerCase() === name.toLowerCase());
      return same.map((user) => user.name);
    },
    join: async (UserName, GroupName) => {
      const command = new AddUserToGroupCommand({ UserName, GroupName });
      const hint = `IAM lets a user be in 10 groups: take ${UserName} out of one that is not a host's, and run it again`;
      await withinQuota(hint, () =>
        askAws(`put ${UserName} into ${GroupName}`, 'iam:AddUserToGroup', () => iam.send(command)),
      );
    },
    readPolicy: async (UserName, PolicyName) => {
      const command = new GetUserPolicyCommand({ UserName, PolicyName });
      const change = `read the policy of ${UserName}`;
      const answer = await askAws(change, 'iam:GetUserPolicy', () => iam.send(command), ABSENT);
      // IAM answers a document in the form of a URL.
      return answer?.PolicyDocument === undefined
        ? undefined
        : JSON.parse(decodeURIComponent(answer.PolicyDocument));
    },
    putPolicy: async (UserName, PolicyName, document) => {
      const PolicyDocument = JSON.stringify(document);
      const command = new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument });
      await askAws(`give ${UserName} its policy`, 'iam:PutUserPolicy', () => iam.send(command));
    },
    createKey: async (UserName) => {
      const command = new CreateAccessKeyCommand({ UserName });
      const change = `make a key for ${UserName}`;
      const hint = `IAM lets a user have two keys: look which one the host uses, delete the other, and run it again: aws iam list-access-keys --user-name ${UserName}`;
      const answer = await withinQuota(hint, () =>
        askAws(change, 'iam:CreateAccessKey', () => askingOnce.send(command)),
      );
      const { AccessKeyId = '', SecretAccessKey = '' } = answer?.AccessKey ?? {};
      return { id: AccessKeyId, secret: SecretAccessKey };
    },
    deleteKey: async (UserName, AccessKeyId) => {
      const command = new DeleteAccessKeyCommand({ UserName, AccessKeyId });
      const change = `delete the key ${AccessKeyId}`;
      await askAws(change, 'iam:DeleteAccessKey', () => iam.send(command), ABSENT);
    },
    leave: async (UserName, GroupName) => {
      const command = new RemoveUserFromGroupCommand({ UserName, GroupName });
      const change = `take ${UserName} out of ${GroupName}`;
      await askAws(change, 'iam:RemoveUserFromGroup', () => iam.send(command), ABSENT);
    },
    dropPolicies: async ({ name: UserName, inlinePolicies, attachedPolicies }) => {
      for (const PolicyName of inlinePolicies) {
        const command = new DeleteUserPolicyCommand({ UserName, PolicyName });
        const change = `delete the policy ${PolicyName} of ${UserName}`;
        await askAws(change, 'iam:DeleteUserPolicy', () => iam.send(command), ABSENT);
      }
      for (const PolicyArn of attachedPolicies) {
        const command = new DetachUserPolicyCommand({ UserName, PolicyArn });
        const change = `detach ${PolicyArn} from ${UserName}`;
        await askAws(change, 'iam:DetachUserPolicy', () => iam.send(command), ABSENT);
      }
    },
    dropSecondFactors: async (UserName) => {
      const change = `take the second factor off ${UserName}`;
      const list = new ListMFADevicesCommand({ UserName });
      const found = await askAws(change, 'iam:ListMFADevices', () => iam.send(list), ABSENT);
      for (const { SerialNumber } of found?.MFADevices ?? []) {
        const command = new DeactivateMFADeviceCommand({ UserName, SerialNumber });
        await askAws(change, 'iam:DeactivateMFADevice', () => iam.send(command), ABSENT);
      }
    },
    remove: async (UserName) => {
      const command = new DeleteUserCommand({ UserName });
      await askAws(`delete ${UserName}`, 'iam:DeleteUser', () => iam.send(command), ABSENT);
    },
  };
}

/** Says which quota it is: "a quota" is not what a person can look up. */
async function withinQuota<Answer>(hint: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const { cause, message } = error as AwsCallError;
    if (!/^LimitExceeded(Exception)?$/.test((cause as Error | undefined)?.name ?? '')) throw error;
    throw new AwsCallError(message, hint, { cause });
  }
}

const USERS_AT_ONCE = 4;

/** One user, or `undefined` where there is none of that name. Throws `AwsCallError`. */
async function readHostUser(iam: IAMClient, name: string): Promise<HostUser | undefined> {
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
async function listUsers(iam: IAMClient, path: string): Promise<NamedUser[]> {
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
