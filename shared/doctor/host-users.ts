// Do the hosts on the roll and the users in IAM agree, and how old and how used are their keys?
import type { Instant } from '../duplicity/time.ts';
import { otherHostGroups, whyNoUser } from '../roster/host-user.ts';
import type { Host, Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';
import { type HostKey, IDLE_DAYS, judgeKeys, OLD_DAYS, type UsedKeys } from './host-keys.ts';

/** A user and all that hangs on it. */
export type HostUser = {
  readonly name: string;
  /** Its unique ID, which a user that is made again does not get again; an AWS that tells none is not the real one. */
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

/** `group` is the one that makes a user a host of this roll. */
export function judgeHostUsers(
  reading: Reading<readonly AuditedUser[]>,
  { hosts, bucket, region }: Roster,
  group: string,
  now: Instant,
): readonly Check[] {
  return judgeReading('host users', reading, (users) => {
    const owing = hosts.filter((host) => whyNoUser(host, bucket) === undefined);
    const known = new Map(users.map((user) => [user.name, user]));
    const checks = [
      ...owing.flatMap((host) => judgeHost(host, known.get(host.name), group)),
      ...users
        .filter(
          ({ name, groups }) => groups.includes(group) && !owing.some((host) => host.name === name),
        )
        .map(({ name }) =>
          warn(
            'host users',
            `${name} can write, and is not on the roll`,
            `rollcall remove-host ${name}, or: rollcall add-host ${name}`,
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

function judgeHost({ name, userId }: Host, user: AuditedUser | undefined, group: string): Check[] {
  const check = 'host users';
  const add = `rollcall add-host ${name}`;
  if (user === undefined)
    return [fail(check, `${name} is on the roll and has no IAM user: it cannot write`, add)];
  const stacks = otherHostGroups(user.groups, group);
  const others = user.groups.filter((one) => one !== group && !stacks.includes(one));
  const more = [...others, ...user.inlinePolicies, ...user.attachedPolicies];
  return [
    ...(user.groups.includes(group)
      ? []
      : [fail(check, `${name} is not in the group ${group}: it cannot write`, add)]),
    ...(stacks.length === 0
      ? []
      : [
          warn(
            check,
            `${name} is a host of another stack too, by the group ${stacks.join(', ')}: one key writes to both buckets`,
            `rollcall remove-host ${name}, which leaves the other stack its user, then: rollcall add-host ${name}-2`,
          ),
        ]),
    ...(more.length === 0
      ? []
      : [
          warn(
            check,
            `${name} has more than a host needs: ${more.join(', ')}`,
            `take it away in IAM, or make it anew: rollcall remove-host ${name}, then ${add}`,
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
