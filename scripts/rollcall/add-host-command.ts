// `rollcall add-host`: a line in the config, an IAM user that can only append, and the line to run on the host.
import { whyNoUser } from '../../shared/config/aws-names.ts';
import { ConfigError, type Host, kitName } from '../../shared/config/config.ts';
import {
  addHost,
  ConfigEditError,
  type ConfigText,
  type EditedConfig,
  setUserId,
} from '../../shared/config/edit-config.ts';
import type { HostKey } from '../../shared/doctor/host-keys.ts';
import { quoteWord } from '../../shared/messages/plain-text.ts';
import { windowToOpen } from '../../shared/rules/window.ts';
import { checkPublicKey } from '../public-key-file.ts';
import { hostUserPath } from '../stack/bucket-policy.ts';
import { hostGroupName } from '../stack/host-group.ts';
import { defineCommand, FLAG, TEXT, type ValuesOf } from './command.ts';
import {
  composeChange,
  configOf,
  findHost,
  formatTarget,
  onlyName,
  openAws,
  readConfigToChange,
  replaceConfig,
} from './config-file.ts';
import { lineFromHere, lineOnHost, type PublicKey } from './hand-over.ts';
import { print, UsageError } from './terminal.ts';
import { deleteKeyLine, makeUser, planUser, workAndHandOver } from './user-plan.ts';

const HELP = `rollcall add-host - add a host to the config, and give it a key that can only append

Examples
  rollcall add-host web
      adds a line to hosts.yml, makes the IAM user web, shows its key once, and prints what to run on web
  rollcall add-host web --credentials-file web.aws --public-key web.pub.asc --fingerprint 0123...4567
      writes the key to web.aws (0600), and prints one line to run here: it sets web up over ssh
  rollcall add-host web --dry-run
      says what it would do, and changes nothing
  rollcall add-host web --rotate
      makes a second key; the first goes on working until you delete it
  rollcall add-host nas --target s3://other-bucket/office/nas/
      in the config only: a host that writes elsewhere than to its own name brings its own credentials

A second time it does what is still missing, and says what is there already. The id of the IAM user goes into
hosts.yml (userId), so that an alarm can say that it was web's own key.

Options
  --hosts FILE              the config; default $ROLLCALL_HOSTS, else hosts.yml
  --since DATE              the first day that owes a backup; default the next window that opens
  --target s3://B/PREFIX/   where it writes, if not to s3://BUCKET/NAME/
  --public-key FILE         the public key that its backups are encrypted to, for the line
  --fingerprint FPR         that key's fingerprint, for the line
  --credentials-file FILE   write the key here (0600, a new file that git does not track), and do not show it
  --rotate                  make a new key next to the one it has
  --no-iam                  change the config only
  --dry-run                 change nothing
  --endpoint-url URL        an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help                this

Exit status
  0  done, or nothing to do      3  refused, or could not be done; the message says what is done and what is not
`;

const OPTIONS = {
  hosts: TEXT,
  since: TEXT,
  target: TEXT,
  'public-key': TEXT,
  fingerprint: TEXT,
  'credentials-file': TEXT,
  rotate: FLAG,
  'no-iam': FLAG,
  'dry-run': FLAG,
  'endpoint-url': TEXT,
};
type Options = ValuesOf<typeof OPTIONS>;

export const addHostCommand = defineCommand({
  help: HELP,
  options: OPTIONS,
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'add-host');
    const key = { file: options['public-key'], fingerprint: options.fingerprint };
    const piped = options['credentials-file'] !== undefined;
    checkPublicKey(key.file, key.fingerprint, { piped });
    const configFile = await readConfigToChange(options.hosts);
    const { text, config } = putInConfig(configFile, name, options, Date.now());
    const endpoint = options['endpoint-url'] ?? (process.env.AWS_ENDPOINT_URL || undefined);
    const job = { configFile, text, config, host: findHost(config, name), options, key, endpoint };
    const without = options['no-iam'] ? 'as asked by --no-iam' : whyNoUser(job.host, config.bucket);
    await (without === undefined ? addWithUser(job) : addToConfig(job, without));
    return 0;
  },
});

type Job = EditedConfig & {
  readonly configFile: ConfigText;
  readonly host: Host;
  readonly options: Options;
  readonly key: PublicKey;
  readonly endpoint: string | undefined;
};

async function addToConfig(job: Job, why: string): Promise<void> {
  const { configFile: file, text, host, config, key, endpoint, options } = job;
  if (options.rotate || options['credentials-file'] !== undefined) {
    throw new UsageError(
      `no key is made for ${host.name}: ${why}`,
      'leave --rotate and --credentials-file out',
    );
  }
  formatConfigLine(job);
  print(`no IAM user and no key: ${why}`);
  if (!options['no-iam']) {
    print(
      `it brings its own credentials, which may append to ${formatTarget(host)} and nothing else`,
    );
  }
  if (options['dry-run']) return;
  await replaceConfig(file, text);
  printLine(`Run this on ${host.name}, as root:`, lineOnHost(host, config, key, endpoint));
  printRest(job, []);
}

async function addWithUser(first: Job): Promise<void> {
  const { configFile, host, config, key, endpoint, options } = first;
  const { name } = host;
  const group = hostGroupName(config.bucket);
  const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
  const users = connectHostUsers(await openAws(config, options));
  if (!(await users.hasGroup(group))) {
    throw new UsageError(
      `there is no IAM group ${group}: the stack that makes it is not deployed`,
      'deploy it first: npx serverless deploy; or change the config only: --no-iam',
    );
  }
  const found = await users.find(name);
  const plan = planUser({ name, group, rotate: options.rotate }, found);
  const job = { ...first, text: withUserId(first, found?.id) };
  formatConfigLine(job);
  for (const line of plan.lines) print(line);
  if (options['dry-run']) return;

  const file = options['credentials-file'];
  await workAndHandOver(users, name, { makeKey: plan.makeKey, file }, async () => {
    // The user before the config: whether IAM takes its name, and one more user, only IAM can say.
    const id = await makeUser(users, plan, hostUserPath);
    await replaceConfig(configFile, withUserId(job, id));
  });
  if (!plan.makeKey) {
    const line = lineOnHost(host, config, key, endpoint);
    printLine(`To set ${name} up again, run this on it, as root:`, line);
  } else if (file === undefined) {
    const line = lineOnHost(host, config, key, endpoint);
    printLine(`Run this on ${name}, as root, next to the public key; it asks for both:`, line);
  } else {
    const line = lineFromHere(host, config, key, endpoint, file);
    printLine(`Run this here; it sets ${name} up over ssh:`, `${line} && rm ${quoteWord(file)}`);
  }
  printRest(job, plan.makeKey ? plan.keys : []);
}

/** The config with the id of the host's user; where its line cannot be edited, the line to write by hand is printed. */
function withUserId({ configFile: file, text, host }: Job, id: string | undefined): string {
  if (id === undefined || id === host.userId) return text;
  try {
    return setUserId({ ...file, text }, host.name, id).text;
  } catch (error) {
    if (!(error instanceof ConfigEditError)) throw error;
    print(`${file.file} is written in a form that cannot be edited safely: ${error.hint}`);
    return text;
  }
}

function formatConfigLine({ configFile: file, text, host, options }: Job): void {
  if (options['dry-run']) print('nothing is changed (--dry-run); this is what would be done:');
  if (text === file.text) print(`${host.name} is in the config (${file.file})`);
  else process.stdout.write(`${file.file}:\n${composeChange(file.text, text)}`);
}

function printRest({ key, host }: Job, old: readonly HostKey[]): void {
  if (key.file === undefined || key.fingerprint === undefined) {
    print(
      `the public key and its FINGERPRINT come from: scripts/keys/rollcall-keygen ${host.name} --out ${kitName(host)}-key`,
    );
  }
  for (const one of old) {
    print(`when ${host.name} has backed up with the new key: ${deleteKeyLine(host.name, one)}`);
  }
  print('then put the config into force: npx serverless deploy');
}

function printLine(what: string, line: string): void {
  process.stdout.write(`\n${what}\n\n  ${line}\n\n`);
}

/**
 * The config with the host on it; one that is on it already stays as it is. Without `since` it owes its first backup in
 * the next window that opens. Throws `UsageError`, also for a name or a target that no config may have.
 */
function putInConfig(
  file: ConfigText,
  name: string,
  { since, target }: { readonly since?: string | undefined; readonly target?: string | undefined },
  now: number,
): EditedConfig {
  const hosts = hostsIn(file);
  const on = (date: string) => {
    try {
      return addHost(file, name, { since: date, ...(target === undefined ? {} : { target }) });
    } catch (error) {
      if (!(error instanceof ConfigError) || hosts.length === 0) throw error;
      // What is wrong was named here: the line that it would be is in no file.
      const faults = error.issues.map((issue) =>
        issue.replace(`${file.file}:`, '').replace(/^\d+: /, ''),
      );
      throw new UsageError(faults.join('; '), `name it otherwise; ${file.file} is as it was`);
    }
  };
  const known = hosts.find((one) => one.name === name);
  if (known !== undefined) {
    const says = formatTarget(known);
    const other = target !== undefined && target.replace(/\/*$/, '/') !== says;
    if (other || (since !== undefined && since !== known.since)) {
      throw new UsageError(
        `${name} is in the config already, with other words`,
        `change its line in ${file.file} by hand, or leave --target and --since out`,
      );
    }
    return { text: file.text, config: configOf(file) };
  }
  if (since !== undefined) return on(since);
  // Its zone and window are the config's: known only once it is on it.
  const host = findHost(on('2000-01-01').config, name);
  return on(windowToOpen(host, now).date);
}

/** A config whose list is still empty is wrong, but a host can be added to it. */
function hostsIn(file: ConfigText): readonly Host[] {
  try {
    return configOf(file).hosts;
  } catch {
    return [];
  }
}
