// How old a host's keys are, and whether somebody uses them: the host, or a thief.
import type { Instant } from '../duplicity/time.ts';
import type { Host } from '../roster/roster.ts';
import { type Check, fail, warn } from './check.ts';

/** An access key, without its secret, which IAM itself does not keep. */
export type HostKey = {
  readonly id: string;
  readonly active: boolean;
  readonly createdAt: Instant;
};

/** When, and for what, a key was last used. */
export type KeyUse = { readonly at: Instant; readonly service: string; readonly region: string };

/** The keys of a user, and the last use of each by its id; `undefined` = never. */
export type UsedKeys = {
  readonly keys: readonly HostKey[];
  readonly uses: Readonly<Record<string, KeyUse | undefined>>;
};

/** Older than this, a key is to be renewed. */
export const OLD_DAYS = 90;
/** A host that is well uses its key each night. */
export const IDLE_DAYS = 2;

const DAY = 86_400_000;

/** What is wrong with the keys of one host; nothing when all is well. */
export function judgeKeys(
  host: Host,
  { keys, uses }: UsedKeys,
  region: string,
  now: Instant,
): Check[] {
  const check = 'host keys';
  const { name } = host;
  const active = keys.filter((key) => key.active);
  const [oldest] = [...active].sort((a, b) => a.createdAt - b.createdAt);
  if (oldest === undefined) {
    return [
      fail(
        check,
        `${name} has no key that works`,
        keys.length === 0 ? `rollcall add-host ${name}` : `rollcall add-host ${name} --rotate`,
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
            `rollcall add-host ${name} --rotate, and delete the old key at once`,
          ),
        ]),
    ...(astray === undefined
      ? []
      : [
          warn(
            check,
            `a key of ${name} was last used in ${astray.region}, and the bucket is in ${region}`,
            `is it stolen, or is the region wrong in /etc/rollcall-backup/config on ${name}?`,
          ),
        ]),
    ...(days(oldest.createdAt) > OLD_DAYS && older === undefined
      ? [
          warn(
            check,
            `the key of ${name} is ${days(oldest.createdAt)} days old`,
            `rollcall add-host ${name} --rotate`,
          ),
        ]
      : []),
    ...(older === undefined
      ? []
      : [
          warn(
            check,
            `${name} has two keys`,
            `when the host uses the younger one: aws iam delete-access-key --user-name ${name} --access-key-id ${older.id}`,
          ),
        ]),
    ...(idle > IDLE_DAYS && host.paused === undefined
      ? [
          warn(
            check,
            used.length === 0
              ? `no key of ${name} was ever used`
              : `no key of ${name} was used for ${idle} days`,
            `on ${name}: sudo rollcall-backup check`,
          ),
        ]
      : []),
  ];
}
