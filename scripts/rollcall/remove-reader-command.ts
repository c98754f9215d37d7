// `rollcall remove-reader`: its keys and its user.
import { readerUserPath } from '../stack/reader-policy.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { onlyName, openAws, readConfig } from './config-file.ts';
import { carryOut, formatSteps, stepsToRemove } from './remove-user.ts';
import { confirm, print, UsageError } from './terminal.ts';

const HELP = `rollcall remove-reader - take away a key that restores read with

Examples
  rollcall remove-reader restore-web --dry-run     says what would go
  rollcall remove-reader restore-web               asks first
  rollcall remove-reader restore-web --yes         does not ask

Its keys go first, then the IAM user. When something fails on the way, run it again: it does what is left.
Profiles that restore-add-host made with the key stay where they are: restore-remove-host takes them away.

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run             change nothing
  --yes                 do not ask
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  done, or nothing was left to do      3  refused, or could not be done to the end
`;

export const removeReaderCommand = defineCommand({
  help: HELP,
  options: { hosts: TEXT, 'dry-run': FLAG, yes: FLAG, 'endpoint-url': TEXT },
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'remove-reader');
    const config = await readConfig(options.hosts);
    const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
    const users = connectHostUsers(await openAws(config, options));
    const user = await users.find(name);
    if (user === undefined) {
      print(`there is no IAM user ${name}: nothing to do`);
      return 0;
    }
    if (!user.path.startsWith(readerUserPath)) {
      throw new UsageError(
        `the IAM user ${name} is no reader (its path is ${user.path}): it stays`,
        'readers are below /backup-readers/; for a host: rollcall remove-host',
      );
    }
    const steps = stepsToRemove(user);
    formatSteps(steps, options['dry-run']);
    const what = `${name} loses its keys, and restores with them end`;
    if (!(await confirm(options, what, name))) return 0;
    await carryOut(steps, users);
    print(`${name} is removed`);
    return 0;
  },
});
