// `rollcall remove-host`: its keys, its user, its line on the roll; never its archive.
import { parseArgs } from 'node:util';
import type { HostUsers } from '../../shared/aws/host-users.ts';
import type { HostUser } from '../../shared/doctor/host-users.ts';
import { removeHost } from '../../shared/roster/edit-roll.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import type { Host, Roster } from '../../shared/roster/roster.ts';
import { hostGroupName } from '../stack/host-group.ts';
import { confirm } from './confirm.ts';
import { isNear, nearestName, onlyName } from './find-host.ts';
import { isShared, planRemoval, type Step } from './removal.ts';
import { composeChange, readRollToChange, replaceRoll } from './roll-file.ts';
import { sayArchive } from './say-archive.ts';
import { UsageError } from './usage-error.ts';

export const REMOVE_HOST_HELP = `rollcall remove-host - take a host off the roll, and its key away; its archive stays

Examples
  rollcall remove-host web --dry-run     says what would go, and what stays until when
  rollcall remove-host web               asks first
  rollcall remove-host web --yes         does not ask

Its keys go first, then the IAM user, then the line on the roll. When something fails on the way, run it again:
it does what is left.

Options
  --hosts FILE          the roll; default $ROLLCALL_HOSTS, else hosts.yml
  --no-iam              change the roll only
  --dry-run             change nothing
  --yes                 do not ask
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  --help                this

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
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(REMOVE_HOST_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'remove-host');
  const roll = await readRollToChange(options.hosts);
  const roster = readRoster(roll.text, roll.file, roll.readKeyFile);
  const host = roster.hosts.find((one) => one.name === name);
  const after = host === undefined ? roll.text : withoutHost(roll, roster, name);
  const { connect } = await import('./connection.ts');
  const connection = await connect(roster.region, options['endpoint-url']);

  const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
  const users = connectHostUsers(connection);
  const user = options['no-iam'] || name.includes('/') ? undefined : await users.find(name);
  const steps = planRemoval(user, hostGroupName(roster.bucket));
  sayUser(user, name, roster);
  if (host === undefined && steps.length === 0) {
    const near = isNear(roster, name) ? `; did you mean ${nearestName(roster, name)}?` : '';
    say(`${name} is not on the roll, and nothing of it is in IAM: nothing to do${near}`);
    return 0;
  }

  for (const { says } of steps) say(`${options['dry-run'] ? 'would ' : 'to do: '}${says}`);
  if (host !== undefined) {
    process.stdout.write(`${roll.file}:\n${composeChange(roll.text, after)}`);
    const { connectBuckets } = await import('../../shared/aws/connect-buckets.ts');
    say(await sayArchive(connectBuckets(connection), host, roster, Date.now()));
  }
  if (options['dry-run']) return sayUnchanged();
  if (!options.yes) await confirm(`${name} goes from the roll and loses its keys`, name);
  await carryOut(steps, users);
  await replaceRoll(roll, after);
  say(
    `${name} is removed${host === undefined ? '' : '; to put the roll into force: npx serverless deploy'}`,
  );
  return 0;
}

function withoutHost(
  roll: Parameters<typeof removeHost>[0],
  { hosts }: Roster,
  name: Host['name'],
): string {
  if (hosts.length > 1) return removeHost(roll, name).text;
  throw new UsageError(
    `${name} is the last host on the roll, and an empty roll would call nobody`,
    'add another host first, or take all of it down: npx serverless remove',
  );
}

async function carryOut(steps: readonly Step[], users: HostUsers): Promise<void> {
  for (const { says, run } of steps) {
    await run(users);
    say(`done: ${says}`);
  }
}

/** Where the user is not simply deleted, why not. */
function sayUser(user: HostUser | undefined, name: string, { bucket }: Roster): void {
  if (user === undefined) return;
  const group = hostGroupName(bucket);
  if (planRemoval(user, group).length === 0 && !isShared(user, group)) {
    say(`the IAM user ${name} is no host's (its path is ${user.path}): it stays`);
  } else if (isShared(user, group)) {
    say(
      `the IAM user ${name} is in ${user.groups.join(' and ')}: it stays, with its keys, for the other stack`,
    );
  }
}

function sayUnchanged(): number {
  say('nothing is changed (--dry-run)');
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
