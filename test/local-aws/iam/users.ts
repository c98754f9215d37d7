// Keeps IAM's users, groups and keys: who exists and what hangs on them. What they may do is not enforced by them.
import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { type QueryActions, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';

/** A key; `secret` is shown once, by CreateAccessKey. */
export type IamKey = {
  readonly id: string;
  readonly secret: string;
  readonly createdAt: number;
  active: boolean;
  used?: { readonly at: number; readonly service: string; readonly region: string };
};

/** A user with all that hangs on it; `id` is its UserId, of which a user that is made again gets another. */
export type IamUser = {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly groups: Set<string>;
  readonly keys: Map<string, IamKey>;
  readonly inline: Map<string, string>;
  readonly attached: Set<string>;
  /** Serial numbers of its MFA devices. */
  readonly mfa: Set<string>;
};

/** The part of the account that is IAM; a group is its inline policies by name. */
export type IamState = {
  readonly now: () => number;
  readonly account: string;
  readonly users: Map<string, IamUser>;
  readonly groups: Map<string, { readonly path: string; readonly policies: Map<string, string> }>;
};

// Source: IAM User Guide, "IAM and AWS STS quotas".
const MOST = { UsersPerAccount: 5000, GroupsPerUser: 10, AccessKeysPerUser: 2 } as const;

/** A unique ID of a user, as IAM makes them. Source: IAM User Guide, "IAM identifiers", unique ID prefixes. */
export function userIdFor(seed: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 17);
  return `AIDA${[...bytes].map((byte) => letters[byte % letters.length]).join('')}`;
}

/**
 * What S3's events call anyone who signed with a key: the UserId of the user whose key it is. A key that no user has
 * stands for a user of its own.
 */
export function principalOf({ users }: IamState, accessKeyId: string): string {
  if (accessKeyId === 'anonymous') return accessKeyId;
  const owner = [...users.values()].find(({ keys }) => keys.has(accessKeyId));
  return owner?.id ?? userIdFor(accessKeyId);
}

/** The actions of IAM that hosts need. Source: the errors of the IAM API Reference. */
export function createIamActions(iam: IamState): QueryActions {
  const user = (form: URLSearchParams) =>
    found(iam.users.get(requireParameter(form, 'UserName')), 'user', form.get('UserName'));
  const groupOf = (form: URLSearchParams) =>
    found(iam.groups.get(requireParameter(form, 'GroupName')), 'group', form.get('GroupName'));
  let made = 0;
  return {
    CreateUser: (form) => {
      const name = requireParameter(form, 'UserName');
      // Names "are not distinguished by case".
      const taken = [...iam.users.keys()].some((one) => one.toLowerCase() === name.toLowerCase());
      if (taken) throw new AwsError('EntityAlreadyExists', undefined, { status: 409 });
      holdTo('UsersPerAccount', iam.users.size);
      made += 1;
      const user: IamUser = {
        ...{ id: userIdFor(`user ${made} ${name}`), name, path: form.get('Path') ?? '/' },
        ...{ groups: new Set(), keys: new Map(), inline: new Map() },
        ...{ attached: new Set(), mfa: new Set() },
      };
      iam.users.set(name, user);
      return [describeUser(iam, user, 'User')];
    },
    GetUser: (form) => [describeUser(iam, user(form), 'User')],
    ListUsers: (form) => {
      const under = form.get('PathPrefix') ?? '/';
      const users = [...iam.users.values()].filter(({ path }) => path.startsWith(under));
      return page(
        'Users',
        users.map((one) => describeUser(iam, one, 'member')),
      );
    },
    DeleteUser: (form) => {
      const { name, groups, keys, inline, attached, mfa } = user(form);
      if (groups.size + keys.size + inline.size + attached.size + mfa.size > 0) {
        throw new AwsError('DeleteConflict', undefined, { status: 409 });
      }
      iam.users.delete(name);
      return undefined;
    },
    GetGroup: (form) => {
      groupOf(form);
      const name = form.get('GroupName') ?? '';
      const members = [...iam.users.values()].filter(({ groups }) => groups.has(name));
      return [
        group('Group', [element('GroupName', name)]),
        ...page(
          'Users',
          members.map((one) => describeUser(iam, one, 'member')),
        ),
      ];
    },
    AddUserToGroup: (form) => {
      groupOf(form);
      const { groups } = user(form);
      const name = form.get('GroupName') ?? '';
      if (!groups.has(name)) holdTo('GroupsPerUser', groups.size);
      groups.add(name);
      return undefined;
    },
    RemoveUserFromGroup: (form) => {
      groupOf(form);
      user(form).groups.delete(form.get('GroupName') ?? '');
      return undefined;
    },
    ListGroupsForUser: (form) =>
      page(
        'Groups',
        [...user(form).groups].map((name) => member('GroupName', name)),
      ),
    ListGroupPolicies: (form) => page('PolicyNames', names(groupOf(form).policies.keys())),
    ListAttachedGroupPolicies: (form) => {
      groupOf(form);
      return page('AttachedPolicies', []);
    },
    GetGroupPolicy: (form) => {
      const name = requireParameter(form, 'PolicyName');
      const document = found(groupOf(form).policies.get(name), 'policy', name);
      return [element('PolicyName', name), element('PolicyDocument', encodeURIComponent(document))];
    },
    PutUserPolicy: (form) => {
      const document = requireParameter(form, 'PolicyDocument');
      user(form).inline.set(requireParameter(form, 'PolicyName'), document);
      return undefined;
    },
    GetUserPolicy: (form) => {
      const name = requireParameter(form, 'PolicyName');
      const document = found(user(form).inline.get(name), 'policy', name);
      return [element('PolicyName', name), element('PolicyDocument', encodeURIComponent(document))];
    },
    ListMFADevices: (form) =>
      page(
        'MFADevices',
        [...user(form).mfa].map((serial) => member('SerialNumber', serial)),
      ),
    DeactivateMFADevice: (form) => {
      const serial = requireParameter(form, 'SerialNumber');
      if (!user(form).mfa.delete(serial)) throw absent('MFA device', serial);
      return undefined;
    },
    ListUserPolicies: (form) => page('PolicyNames', names(user(form).inline.keys())),
    DeleteUserPolicy: (form) => {
      user(form).inline.delete(requireParameter(form, 'PolicyName'));
      return undefined;
    },
    ListAttachedUserPolicies: (form) =>
      page(
        'AttachedPolicies',
        [...user(form).attached].map((arn) => member('PolicyArn', arn)),
      ),
    DetachUserPolicy: (form) => {
      user(form).attached.delete(requireParameter(form, 'PolicyArn'));
      return undefined;
    },
    ...createKeyActions(iam, user),
  };
}

function createKeyActions(iam: IamState, user: (form: URLSearchParams) => IamUser): QueryActions {
  let made = 0;
  return {
    CreateAccessKey: (form) => {
      const { keys, name } = user(form);
      holdTo('AccessKeysPerUser', keys.size);
      made += 1;
      const number = String(made).padStart(4, '0');
      const id = `AKIALOCALHOST000${number}`;
      const secret = `secret/of+${name}/${number}/${'x'.repeat(12)}`;
      keys.set(id, { id, secret, createdAt: iam.now(), active: true });
      return [
        group('AccessKey', [
          element('UserName', name),
          element('AccessKeyId', id),
          element('Status', 'Active'),
          element('SecretAccessKey', secret),
        ]),
      ];
    },
    ListAccessKeys: (form) =>
      page(
        'AccessKeyMetadata',
        [...user(form).keys.values()].map(({ id, active, createdAt }) =>
          group('member', [
            element('AccessKeyId', id),
            element('Status', active ? 'Active' : 'Inactive'),
            element('CreateDate', new Date(createdAt).toISOString()),
          ]),
        ),
      ),
    DeleteAccessKey: (form) => {
      const id = requireParameter(form, 'AccessKeyId');
      if (!user(form).keys.delete(id)) throw absent('access key', id);
      return undefined;
    },
    GetAccessKeyLastUsed: (form) => {
      const id = requireParameter(form, 'AccessKeyId');
      const used = [...iam.users.values()].flatMap(({ keys }) => keys.get(id)?.used ?? [])[0];
      return [
        group('AccessKeyLastUsed', [
          ...(used ? [element('LastUsedDate', new Date(used.at).toISOString())] : []),
          element('ServiceName', used?.service ?? 'N/A'),
          element('Region', used?.region ?? 'N/A'),
        ]),
      ];
    },
  };
}

function holdTo(quota: keyof typeof MOST, size: number): void {
  if (size < MOST[quota]) return;
  const words = `Cannot exceed quota for ${quota}: ${MOST[quota]}`;
  throw new AwsError('LimitExceeded', words, { status: 409 });
}

function describeUser(iam: IamState, { id, name, path }: IamUser, as: string): string {
  return group(as, [
    element('UserName', name),
    element('UserId', id),
    element('Path', path),
    element('Arn', `arn:aws:iam::${iam.account}:user${path}${name}`),
  ]);
}

function page(name: string, members: readonly string[]): string[] {
  return [group(name, members), element('IsTruncated', false)];
}

function member(name: string, text: string): string {
  return group('member', [element(name, text)]);
}

function names(all: Iterable<string>): string[] {
  return [...all].map((name) => element('member', name));
}

function found<Value>(value: Value | undefined, what: string, name: string | null): Value {
  if (value === undefined) throw absent(what, name ?? '');
  return value;
}

function absent(what: string, name: string): AwsError {
  return new AwsError('NoSuchEntity', `The ${what} ${name} cannot be found.`, { status: 404 });
}
