// `rollcall remove-reader`: the keys of a reader, its second factor, its policy and its IAM user.
import { parseArgs } from 'node:util';
import { readRoster } from '../../shared/roster/read-roster.ts';
import { readerUserPath } from '../stack/reader-policy.ts';
import { confirm } from './confirm.ts';
import { onlyName } from './find-host.ts';
import { stepsToRemove } from './removal.ts';
import { readRoll } from './roll-file.ts';
import { UsageError } from './usage-error.ts';

export const REMOVE_READER_HELP = `rollcall remove-reader - take away a key that restores read with

Examples
  rollcall remove-reader restore-web --dry-run     says what would go
  rollcall remove-reader restore-web               asks first
  rollcall remove-reader restore-web --yes         does not ask

Its keys go first, then the IAM user. When something fails on the way, run it again: it does what is left.
Profiles that restore-add-host made with the key stay where they are: restore-remove-host takes them away.

Options
  --hosts FILE          the roll; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run             change nothing
  --yes                 do not ask
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  --help                this

Exit status
  0  done, or nothing was left to do      3  refused, or could not be done to the end
`;

/** Runs the command; returns its exit status. Throws errors with a hint. */
export async function runRemoveReader(args: readonly string[]): Promise<number> {
  const { values: options, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      hosts: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      'endpoint-url': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(REMOVE_READER_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'remove-reader');
  const roll = await readRoll(options.hosts);
  const { region } = readRoster(roll.text, roll.file, roll.readKeyFile);
  const { connect } = await import('./connection.ts');
  const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
  const users = connectHostUsers(await connect(region, options['endpoint-url']));
  const user = await users.find(name);
  if (user === undefined) {
    say(`there is no IAM user ${name}: nothing to do`);
    return 0;
  }
  if (!user.path.startsWith(readerUserPath)) {
    throw new UsageError(
      `the IAM user ${name} is no reader (its path is ${user.path}): it stays`,
      'readers are below /backup-readers/; for a host: rollcall remove-host',
    );
  }
  const steps = stepsToRemove(user);
  for (const { says } of steps) say(`${options['dry-run'] ? 'would ' : 'to do: '}${says}`);
  if (options['dry-run']) {
    say('nothing is changed (--dry-run)');
    return 0;
  }
  if (!options.yes) await confirm(`${name} loses its keys, and restores with them end`, name);
  for (const { says, run } of steps) {
    await run(users);
    say(`done: ${says}`);
  }
  say(`${name} is removed`);
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
