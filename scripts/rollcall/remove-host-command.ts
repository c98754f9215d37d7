// `rollcall remove-host`: its keys, its user, its line in the config; never its archive.
import { parseArgs } from 'node:util';
import type { HostUsers } from '../../shared/aws/host-users.ts';
import { otherHostGroups } from '../../shared/config/aws-names.ts';
import type { Config, Host } from '../../shared/config/config.ts';
import { removeHost } from '../../shared/config/edit-config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import { count, formatBytes, formatDate, formatInstant } from '../../shared/messages/plain-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { ObjectStore } from '../../shared/monitor/object-store.ts';
import { expiryAfter } from '../../shared/rules/lifecycle.ts';
import { undeleteDays } from '../stack/backup-bucket.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { hostGroupName } from '../stack/host-group.ts';
import {
  composeChange,
  isNear,
  nearestName,
  onlyName,
  readConfigToChange,
  replaceConfig,
} from './config-file.ts';
import { confirm, UsageError } from './terminal.ts';

export const REMOVE_HOST_HELP = `rollcall remove-host - take a host out of the config, and its key away; its archive stays

Examples
  rollcall remove-host web --dry-run     says what would go, and what stays until when
  rollcall remove-host web               asks first
  rollcall remove-host web --yes         does not ask

Its keys go first, then the IAM user, then the line in the config. When something fails on the way, run it again:
it does what is left.

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --no-iam              change the config only
  --dry-run             change nothing
  --yes                 do not ask
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  done, or nothing was left to do      3  refused, or could not be done to the end
`;

/** Runs the command; returns its exit status. Throws errors with a hint. */
export async function runRemoveHost(args: readonly string[]): Promise<number> {
  const { values: options, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      hosts: { type: 'string' },
      'no-iam': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      'endpoint-url': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(REMOVE_HOST_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'remove-host');
  const file = await readConfigToChange(options.hosts);
  const config = parseConfig(file.text, file.file, file.readKeyFile);
  const host = config.hosts.find((one) => one.name === name);
  const after = host === undefined ? file.text : withoutHost(file, config, name);
  const { connect } = await import('./connection.ts');
  const connection = await connect(config.region, options['endpoint-url']);

  const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
  const users = connectHostUsers(connection);
  const user = options['no-iam'] || name.includes('/') ? undefined : await users.find(name);
  const steps = planRemoval(user, hostGroupName(config.bucket));
  formatUser(user, name, config);
  if (host === undefined && steps.length === 0) {
    const near = isNear(config, name) ? `; did you mean ${nearestName(config, name)}?` : '';
    print(`${name} is not in the config, and nothing of it is in IAM: nothing to do${near}`);
    return 0;
  }

  for (const { action: says } of steps)
    print(`${options['dry-run'] ? 'would ' : 'to do: '}${says}`);
  if (host !== undefined) {
    process.stdout.write(`${file.file}:\n${composeChange(file.text, after)}`);
    const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
    print(await formatArchive(connectBuckets(connection), host, config, Date.now()));
  }
  if (options['dry-run']) return formatUnchanged();
  if (!options.yes) await confirm(`${name} goes from the config and loses its keys`, name);
  await carryOut(steps, users);
  await replaceConfig(file, after);
  print(
    `${name} is removed${host === undefined ? '' : '; to put the config into force: npx serverless deploy'}`,
  );
  return 0;
}

function withoutHost(
  file: Parameters<typeof removeHost>[0],
  { hosts }: Config,
  name: Host['name'],
): string {
  if (hosts.length > 1) return removeHost(file, name).text;
  throw new UsageError(
    `${name} is the last host in the config, and an empty config would check nothing`,
    'add another host first, or take all of it down: npx serverless remove',
  );
}

async function carryOut(steps: readonly Step[], users: HostUsers): Promise<void> {
  for (const { action: says, run } of steps) {
    await run(users);
    print(`done: ${says}`);
  }
}

/** Where the user is not simply deleted, why not. */
function formatUser(user: HostUser | undefined, name: string, { bucket }: Config): void {
  if (user === undefined) return;
  const group = hostGroupName(bucket);
  if (planRemoval(user, group).length === 0 && !isShared(user, group)) {
    print(`the IAM user ${name} is no host's (its path is ${user.path}): it stays`);
  } else if (isShared(user, group)) {
    print(
      `the IAM user ${name} is in ${user.groups.join(' and ')}: it stays, with its keys, for the other stack`,
    );
  }
}

function formatUnchanged(): number {
  print('nothing is changed (--dry-run)');
  return 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One step, in words, and how it is done. */
export type Step = { readonly action: string; readonly run: (users: HostUsers) => Promise<void> };

/** The steps that are left for a user as it is found; for one that is gone, or is no host's, there are none. */
export function planRemoval(user: HostUser | undefined, group: string): Step[] {
  if (user === undefined || !user.path.startsWith(hostUserPath)) return [];
  const { groups } = user;
  // A host of two stacks has one user: the other stack's host goes on backing up with its keys.
  if (isShared(user, group)) return groups.includes(group) ? [leaveGroup(user, group)] : [];
  return stepsToRemove(user);
}

/** All of a user: its keys first. */
export function stepsToRemove(user: HostUser): Step[] {
  const { name, keys, groups, inlinePolicies, attachedPolicies } = user;
  const policies = [...inlinePolicies, ...attachedPolicies];
  return [
    ...keys.map(({ id }) => ({
      action: `delete its key ${id}`,
      run: (users: HostUsers) => users.deleteKey(name, id),
    })),
    ...groups.map((group) => leaveGroup(user, group)),
    ...(policies.length === 0
      ? []
      : [
          {
            action: `take away its own policies: ${policies.join(', ')}`,
            run: (users: HostUsers) => users.dropPolicies(user),
          },
        ]),
    {
      action: `delete the IAM user ${name}`,
      run: async (users) => {
        // IAM deletes no user that has one.
        await users.dropSecondFactors(name);
        await users.remove(name);
      },
    },
  ];
}

function leaveGroup({ name }: HostUser, group: string): Step {
  return {
    action: `take it out of the group ${group}`,
    run: (users) => users.leave(name, group),
  };
}

/** True where it is a host of another stack too, by the name of that one's group. */
export function isShared({ groups }: HostUser, group: string): boolean {
  return otherHostGroups(groups, group).length > 0;
}

const DAY = 86_400_000;

/** One or two sentences. What cannot be looked at is said to be so. */
export async function formatArchive(
  store: ObjectStore,
  host: Host,
  config: Config,
  now: Instant,
): Promise<string> {
  const where = `s3://${host.target.bucket}/${host.target.prefix}`;
  const [judgement] = await checkHosts(store, [host], { now, depth: 'recent' });
  const unreadable = judgement?.findings.find(({ kind }) => kind === 'unreadable');
  const last = judgement?.lastGood;
  if (unreadable !== undefined)
    return `its archive stays in ${where}; it could not be looked at now`;
  if (last === undefined) return `there is no complete full in ${where}; what is there stays`;
  const size = `${count(last.volumes?.count ?? 0, 'volume')}, ${formatBytes(last.bytes)}`;
  const newest = `its archive stays in ${where}: the newest full is of ${formatInstant(last.startedAt, config.timezone)} ${config.timezone} (${size})`;
  if (host.keepLastGood) {
    return `${newest}, until somebody removes it: docs/runbook.md#janitor`;
  }
  if (config.existing || host.target.bucket !== config.bucket) {
    return `${newest}, until the lifecycle of that bucket takes it`;
  }
  const hidden = expiryAfter(last.startedAt, config.keepDays);
  const gone = hidden + undeleteDays * DAY;
  return `${newest}; lifecycle hides it from ${formatDate(hidden, config.timezone)} on, and it can be brought back until ${formatDate(gone, config.timezone)}`;
}
