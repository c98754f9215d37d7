// Keeps IAM's users, groups and keys: who exists and what hangs on them. What they may do is not enforced by them.
import { AwsError } from '../aws-error.ts';
import { type QueryActions, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';

/** A key; `secret` is told once, by CreateAccessKey. */
export type IamKey = {
  readonly id: string;
  readonly secret: string;
  readonly createdAt: number;
  active: boolean;
  used?: { readonly at: number; readonly service: string; readonly region: string };
};

/** A user with all that hangs on it. */
export type IamUser = {
  readonly name: string;
  readonly path: string;
  readonly groups: Set<string>;
  readonly keys: Map<string, IamKey>;
  readonly inline: Map<string, string>;
  readonly attached: Set<string>;
};

/** The part of the account that is IAM; a group is its inline policies by name. */
export type IamState = {
  readonly now: () => number;
  readonly account: string;
  readonly users: Map<string, IamUser>;
  readonly groups: Map<string, { readonly path: string; readonly policies: Map<string, string> }>;
};

/** The actions of IAM that hosts need. Source: the errors of the IAM API Reference. */
export function createIamActions(iam: IamState): QueryActions {
  const user = (form: URLSearchParams) =>
    found(iam.users.get(requireParameter(form, 'UserName')), 'user', form.get('UserName'));
  const groupOf = (form: URLSearchParams) =>
    found(iam.groups.get(requireParameter(form, 'GroupName')), 'group', form.get('GroupName'));
  return {
    CreateUser: (form) => {
      const name = requireParameter(form, 'UserName');
      if (iam.users.has(name))
        throw new AwsError('EntityAlreadyExists', undefined, { status: 409 });
      const made: IamUser = {
        ...{ name, path: form.get('Path') ?? '/' },
        ...{ groups: new Set(), keys: new Map(), inline: new Map(), attached: new Set() },
      };
      iam.users.set(name, made);
      return [describeUser(iam, made, 'User')];
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
      const { name, groups, keys, inline, attached } = user(form);
      if (groups.size + keys.size + inline.size + attached.size > 0) {
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
      user(form).groups.add(form.get('GroupName') ?? '');
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
      if (keys.size >= 2) throw new AwsError('LimitExceeded', undefined, { status: 409 });
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

function describeUser(iam: IamState, { name, path }: IamUser, as: string): string {
  return group(as, [
    element('UserName', name),
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
