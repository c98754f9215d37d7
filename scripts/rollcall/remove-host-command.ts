// `rollcall remove-host`: its keys, its user, its line in the config; never its archive.
import type { Config, Host } from '../../shared/config/config.ts';
import { removeHost } from '../../shared/config/edit-config.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';
import { DAY, type Instant } from '../../shared/duplicity/time.ts';
import { count, formatBytes, formatDate, formatInstant } from '../../shared/messages/plain-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { ObjectStore } from '../../shared/monitor/object-store.ts';
import { expiryAfter } from '../../shared/rules/lifecycle.ts';
import { undeleteDays } from '../stack/backup-bucket.ts';
import { hostGroupName } from '../stack/host-group.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import {
  askWhetherMeant,
  composeChange,
  configOf,
  formatTarget,
  onlyName,
  openAws,
  readConfigToChange,
  replaceConfig,
} from './config-file.ts';
import { confirm, print, UsageError } from './terminal.ts';
import { carryOut, formatSteps, isShared, planRemoval } from './user-plan.ts';

const HELP = `rollcall remove-host - take a host out of the config, and its key away; its archive stays

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

export const removeHostCommand = defineCommand({
  help: HELP,
  options: { hosts: TEXT, 'no-iam': FLAG, 'dry-run': FLAG, yes: FLAG, 'endpoint-url': TEXT },
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'remove-host');
    const configFile = await readConfigToChange(options.hosts);
    const config = configOf(configFile);
    const host = config.hosts.find((one) => one.name === name);
    const after = host === undefined ? configFile.text : withoutHost(configFile, config, name);
    const connection = await openAws(config, options);

    const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
    const users = connectHostUsers(connection);
    const user = options['no-iam'] || name.includes('/') ? undefined : await users.find(name);
    const steps = planRemoval(user, hostGroupName(config.bucket));
    formatUser(user, name, config);
    if (host === undefined && steps.length === 0) {
      const near = askWhetherMeant(config, name);
      print(`${name} is not in the config, and nothing of it is in IAM: nothing to do${near}`);
      return 0;
    }

    formatSteps(steps, options['dry-run']);
    if (host !== undefined) {
      process.stdout.write(`${configFile.file}:\n${composeChange(configFile.text, after)}`);
      const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
      print(await formatArchive(connectBuckets(connection), host, config, Date.now()));
    }
    const what = `${name} goes from the config and loses its keys`;
    if (!(await confirm(options, what, name))) return 0;
    await carryOut(steps, users);
    await replaceConfig(configFile, after);
    print(
      `${name} is removed${host === undefined ? '' : '; to put the config into force: npx serverless deploy'}`,
    );
    return 0;
  },
});

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

/** One or two sentences. What cannot be looked at is said to be so. */
async function formatArchive(
  store: ObjectStore,
  host: Host,
  config: Config,
  now: Instant,
): Promise<string> {
  const where = formatTarget(host);
  const [judgement] = await checkHosts(store, [host], { now, depth: 'recent' });
  const unreadable = judgement?.findings.find(({ kind }) => kind === 'unreadable');
  const last = judgement?.lastGood;
  if (unreadable !== undefined)
    return `its archive stays in ${where}; it could not be looked at now`;
  if (last === undefined) return `there is no complete full in ${where}; what is there stays`;
  const size = `${count(last.volumes?.count ?? 0, 'volume')}, ${formatBytes(last.bytes)}`;
  const newest = `its archive stays in ${where}: the newest full is of ${formatInstant(last.startedAt, config.timezone, now)} ${config.timezone} (${size})`;
  if (host.keepLastGood) {
    return `${newest}, until somebody removes it: docs/runbook.md#janitor`;
  }
  if (config.existing || host.target.bucket !== config.bucket) {
    return `${newest}, until the lifecycle of that bucket takes it`;
  }
  const hidden = expiryAfter(last.startedAt, config.keepDays);
  const on = (at: number) => formatDate(at, config.timezone, now);
  return `${newest}; lifecycle hides it from ${on(hidden)} on, and it can be brought back until ${on(hidden + undeleteDays * DAY)}`;
}
