// Do the hosts in the config and the users in IAM agree, and how old and how used are their keys?

import { otherHostGroups, whyNoUser } from '../config/aws-names.ts';
import type { Config, Host } from '../config/config.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { quoteWord } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { type Asked, command, rollcallLine, step } from './fix.ts';

/** A user and all that hangs on it. */
export type HostUser = {
  readonly name: string;
  /** Its unique ID, which a user that is made again does not get again; an AWS that has none is not the real one. */
  readonly id?: string | undefined;
  readonly path: string;
  readonly groups: readonly string[];
  readonly keys: readonly HostKey[];
  /** Names of policies of its own, and ARNs of attached ones: a host needs neither. */
  readonly inlinePolicies: readonly string[];
  readonly attachedPolicies: readonly string[];
};

/** A user with the last use of each of its keys. */
export type AuditedUser = HostUser & UsedKeys;

const SHOWN = 10;

/** `group` is the one that makes a user a host of this config. */
export function judgeHostUsers(
  reading: Reading<readonly AuditedUser[]>,
  { hosts, bucket, region }: Config,
  group: string,
  now: Instant,
  asked: Asked = {},
): readonly Check[] {
  return judgeReading('host users', reading, (users) => {
    const owing = hosts.filter((host) => whyNoUser(host, bucket) === undefined);
    const known = new Map(users.map((user) => [user.name, user]));
    const checks = [
      ...owing.flatMap((host) => judgeHost(host, known.get(host.name), group, asked)),
      ...users
        .filter(
          ({ name, groups }) => groups.includes(group) && !owing.some((host) => host.name === name),
        )
        .map(({ name }) =>
          warn(
            'host users',
            `${name} can write, and is not in the config`,
            step('decide', `npx rollcall remove-host ${name}, or: npx rollcall add-host ${name}`),
          ),
        ),
    ];
    const keys = owing.flatMap((host) => {
      const user = known.get(host.name);
      return user === undefined ? [] : judgeKeys(host, user, region, now);
    });
    return [
      ...(checks.length > 0
        ? few(checks)
        : [
            ok(
              'host users',
              `all ${owing.length} hosts that write by their name have a user, and nobody else has`,
            ),
          ]),
      ...(keys.length > 0
        ? few(keys)
        : [
            ok(
              'host keys',
              `none is older than ${OLD_DAYS} days, nor idle for more than ${IDLE_DAYS}`,
            ),
          ]),
    ];
  });
}

function judgeHost(
  { name, userId }: Host,
  user: AuditedUser | undefined,
  group: string,
  { hosts }: Asked,
): Check[] {
  const check = 'host users';
  const add = command(
    'add-host',
    rollcallLine(`add-host ${name}`, hosts === undefined ? {} : { hosts }),
  );
  const aws = (call: string, more: string) =>
    `aws iam ${call} --user-name ${quoteWord(name)} ${more}`;
  if (user === undefined)
    return [fail(check, `${name} is in the config and has no IAM user: it cannot write`, add)];
  const stacks = otherHostGroups(user.groups, group);
  const others = user.groups.filter((one) => one !== group && !stacks.includes(one));
  const more = [...others, ...user.inlinePolicies, ...user.attachedPolicies];
  return [
    ...(user.groups.includes(group)
      ? []
      : [
          fail(
            check,
            `${name} is not in the group ${group}: it cannot write`,
            command('join-group', aws('add-user-to-group', `--group-name ${quoteWord(group)}`)),
          ),
        ]),
    ...(stacks.length === 0
      ? []
      : [
          warn(
            check,
            `${name} is a host of another stack too, by the group ${stacks.join(', ')}: one key writes to both buckets`,
            step(
              'decide',
              `npx rollcall remove-host ${name}, which leaves the other stack its user, then: npx rollcall add-host ${name}-2`,
            ),
          ),
        ]),
    ...(more.length === 0
      ? []
      : [
          warn(
            check,
            `${name} has more than a host needs: ${more.join(', ')}`,
            command(
              'strip-user',
              [
                ...others.map((one) =>
                  aws('remove-user-from-group', `--group-name ${quoteWord(one)}`),
                ),
                ...user.inlinePolicies.map((one) =>
                  aws('delete-user-policy', `--policy-name ${quoteWord(one)}`),
                ),
                ...user.attachedPolicies.map((one) =>
                  aws('detach-user-policy', `--policy-arn ${quoteWord(one)}`),
                ),
              ].join(' && '),
            ),
          ),
        ]),
    ...(user.id === undefined || user.id === userId
      ? []
      : [
          warn(
            check,
            userId === undefined
              ? `hosts.yml has no userId for ${name}: an alarm cannot say that it was ${name}'s own key`
              : `hosts.yml has another userId for ${name} than its IAM user: an alarm would not know ${name}'s own key`,
            add,
          ),
        ]),
  ];
}

/** A fleet that was set up on one day grows old on one day: the first ten, and how many more. */
function few(checks: readonly Check[]): readonly Check[] {
  const worst = [...checks].sort(
    (a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'),
  );
  const last = worst[SHOWN - 1];
  if (worst.length <= SHOWN || last === undefined || last.status === 'ok') return worst;
  const rest = worst.length - SHOWN + 1;
  return [
    ...worst.slice(0, SHOWN - 1),
    { ...last, says: `${last.says}; and ${rest - 1} more like these` },
  ];
}

/** An access key, without its secret, which IAM itself does not keep. */
export type HostKey = {
  readonly id: string;
  readonly active: boolean;
  readonly createdAt: Instant;
};

/** When, and for what, a key was last used. */
export type KeyUse = { readonly at: Instant; readonly service: string; readonly region: string };

/** The keys of a user, and the last use of each by its id; `undefined` = never. */
type UsedKeys = {
  readonly keys: readonly HostKey[];
  readonly uses: Readonly<Record<string, KeyUse | undefined>>;
};

/** Older than this, a key is to be renewed. */
const OLD_DAYS = 90;
/** A host that is well uses its key each night. */
const IDLE_DAYS = 2;

/** What is wrong with the keys of one host; nothing when all is well. */
function judgeKeys(host: Host, { keys, uses }: UsedKeys, region: string, now: Instant): Check[] {
  const check = 'host keys';
  const { name } = host;
  const rotate = `npx rollcall add-host ${name} --rotate`;
  const active = keys.filter((key) => key.active);
  const [oldest] = [...active].sort((a, b) => a.createdAt - b.createdAt);
  if (oldest === undefined) {
    return [
      fail(
        check,
        `${name} has no key that works`,
        step('rotate-key', keys.length === 0 ? `npx rollcall add-host ${name}` : rotate),
      ),
    ];
  }
  const days = (at: Instant) => Math.floor((now - at) / DAY);
  const used = active.flatMap(({ id }) => uses[id] ?? []);
  const idle = days(
    Math.max(...used.map(({ at }) => at), Math.max(...active.map((key) => key.createdAt))),
  );
  const stolen = used.find(({ service }) => service !== 's3');
  const astray = used.find((use) => /-\d$/.test(use.region) && use.region !== region);
  const older = active.length > 1 ? oldest : undefined;
  return [
    ...(stolen === undefined
      ? []
      : [
          fail(
            check,
            `a key of ${name} was used for ${stolen.service}, which no backup needs: it may be stolen`,
            step('rotate-key', `${rotate}, and delete the old key at once`),
          ),
        ]),
    ...(astray === undefined
      ? []
      : [
          warn(
            check,
            `a key of ${name} was last used in ${astray.region}, and the bucket is in ${region}`,
            step(
              'decide',
              `is it stolen, or is the region wrong in /etc/rollcall-backup/config on ${name}?`,
            ),
          ),
        ]),
    ...(days(oldest.createdAt) > OLD_DAYS && older === undefined
      ? [
          warn(
            check,
            `the key of ${name} is ${days(oldest.createdAt)} days old`,
            step('rotate-key', rotate),
          ),
        ]
      : []),
    ...(older === undefined
      ? []
      : [
          warn(
            check,
            `${name} has two keys`,
            step(
              'rotate-key',
              `when the host uses the younger one: aws iam delete-access-key --user-name ${name} --access-key-id ${older.id}`,
            ),
          ),
        ]),
    ...(idle > IDLE_DAYS && host.paused === undefined
      ? [
          warn(
            check,
            used.length === 0
              ? `no key of ${name} was ever used`
              : `no key of ${name} was used for ${idle} days`,
            step('look', `on ${name}: sudo rollcall-backup check`),
          ),
        ]
      : []),
  ];
}
