// `rollcall add-reader` and `remove-reader`: an IAM user that can read the backups of some hosts, for anyone who restores.
import { type Config, type Host, kitName } from '../../shared/config/config.ts';
import { isEqual } from '../../shared/config/edit-config.ts';
import type { HostUser } from '../../shared/doctor/host-keys.ts';
import { DAY } from '../../shared/duplicity/time.ts';
import { quoteWord } from '../../shared/messages/plain-text.ts';
import {
  readerPolicy,
  readerPolicyBound,
  readerPolicyName,
  readerUserPath,
} from '../stack/reader-policy.ts';
import { defineCommand, FLAG, STACK, TEXT, TEXTS, type ValuesOf } from './command.ts';
import {
  askStateBucket,
  findHost,
  formatTarget,
  onlyName,
  openAws,
  readConfig,
} from './config-file.ts';
import { placeWords } from './hand-over.ts';
import { confirm, parseDay, print, UsageError } from './terminal.ts';
import {
  carryOut,
  checkKeyCount,
  deleteKeyLine,
  formatKey,
  formatSteps,
  stepsToRemove,
  workAndHandOver,
} from './user-plan.ts';

const HELP = `rollcall add-reader - make the key that restores read with; it can read, and nothing else

Examples
  rollcall add-reader restore-web --host web --credentials-file restore-web.aws
      makes the IAM user restore-web, writes its key to that file (0600), and prints what to run where you restore
  rollcall add-reader desk --host web --host db --credentials-file desk.aws --drills
      one key for two hosts, which may also leave the receipts of restore-drill --ledger
  rollcall add-reader receipts --host web --only-drills --credentials-file receipts.aws
      a key that may leave receipts, and read nothing: for restore-drill --ledger-credentials
  rollcall add-reader auditor --host web --expires 30d --require-mfa --credentials-file auditor.aws
      a key that reads until the end of that day (UTC), and only with a second factor
  rollcall add-reader restore-web --host web --rotate --credentials-file new.aws
      makes a second key; the first goes on working until you delete it
  rollcall add-reader restore-web --host web --dry-run
      says what it would do, and changes nothing

Run again, it does what is still missing. With other hosts or terms it changes what the user may read to exactly these.

Options
  --host NAME               whose backups; may be given again
  --credentials-file FILE   write the key here (0600, a new file), and do not show it
  --expires DAY             the last day, in UTC, on which it reads: 30d, or a date
  --require-mfa             only in a session that began with a second factor: aws sts get-session-token
  --drills                  it may also write drills/HOST/ in the state bucket
  --only-drills             it may do that, and nothing else
  --ledger BUCKET           the state bucket; default the one of the stack
  --stack NAME              the stack that has it; default rollcall-prod
  --rotate                  make a new key next to the one it has
  --hosts FILE              the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run                 change nothing
  --endpoint-url URL        an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help                this

Exit status
  0  done, or nothing to do      3  refused, or could not be done; the message says what is done and what is not
`;

const OPTIONS = {
  hosts: TEXT,
  host: TEXTS,
  'credentials-file': TEXT,
  expires: TEXT,
  'require-mfa': FLAG,
  drills: FLAG,
  'only-drills': FLAG,
  stack: STACK,
  ledger: TEXT,
  rotate: FLAG,
  'dry-run': FLAG,
  'endpoint-url': TEXT,
};
type Options = ValuesOf<typeof OPTIONS>;

export const addReaderCommand = defineCommand({
  help: HELP,
  options: OPTIONS,
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'add-reader');
    const config = await readConfig(options.hosts);
    checkName(name, config);
    const hosts = readHosts(options.host, config);
    const connection = await openAws(config, options);
    const lastDay =
      options.expires === undefined ? undefined : lastDayOf(options.expires, Date.now());
    const policy = readerPolicy(hosts, partitionOf(config.region), {
      requireMfa: options['require-mfa'],
      until: lastDay && endOf(lastDay),
      reads: !options['only-drills'],
      drillsIn:
        options.drills || options['only-drills']
          ? await askStateBucket(connection, options.stack, options.ledger)
          : undefined,
    });
    checkSize(policy);

    const { connectHostUsers } = await import('../../shared/aws/host-users.ts');
    const users = connectHostUsers(connection);
    const found = await users.find(name);
    checkFound(name, found, options.rotate);
    const keys = found?.keys ?? [];
    const makeKey = keys.length === 0 || options.rotate;
    const known = found?.inlinePolicies.includes(readerPolicyName)
      ? await users.readPolicy(name, readerPolicyName)
      : undefined;
    const grant = !isEqual(known, policy);

    if (options['dry-run']) print('nothing is changed (--dry-run); this is what would be done:');
    print(
      found === undefined
        ? `make the IAM user ${readerUserPath}${name}`
        : `the IAM user ${name} is there`,
    );
    const what = options['only-drills']
      ? `leave receipts of drills of ${hosts.map(({ name }) => name).join(' and ')}${formatTerms(options, lastDay)}`
      : `read ${hosts.map(formatTarget).join(' and ')}${formatTerms(options, lastDay)}`;
    print(
      `${grant ? (known === undefined ? 'let it' : 'change what it may do: from now on it may') : 'it may'} ${what}`,
    );
    const shared = options['only-drills'] ? [] : hosts.filter(({ others }) => others !== undefined);
    for (const host of shared) {
      print(`in ${formatTarget(host)} other hosts write too: their backups it may read as well`);
    }
    print(
      makeKey
        ? 'make a key for it'
        : `it has the key ${keys.map(formatKey).join(' and ')}, whose secret nobody can show again; a new one: --rotate`,
    );
    if (options['dry-run']) return 0;

    const file = options['credentials-file'];
    await workAndHandOver(users, name, { makeKey, file }, async () => {
      if (found === undefined && (await users.create(name, readerUserPath)) === undefined) {
        throw new UsageError(
          `IAM has a user ${name} already, in other capitals`,
          'give the reader another name',
        );
      }
      if (grant) await users.putPolicy(name, readerPolicyName, policy);
    });
    const newFile = makeKey ? file : undefined;
    if (options['only-drills']) {
      print(
        `\ngive it to restore-drill: --ledger-credentials ${quoteWord(newFile ?? `${name}.aws`)}\n`,
      );
    } else
      printRest({
        name,
        hosts,
        config,
        endpoint: connection.endpoint,
        file: newFile,
      });
    for (const key of makeKey ? keys : []) {
      print(`when the new key restores: ${deleteKeyLine(name, key)}`);
    }
    if (options['require-mfa']) formatMfa(name);
    return 0;
  },
});

/** IAM does not distinguish users by upper and lower case. Source: "IAM identifiers", IAM User Guide. */
function checkName(name: string, { hosts }: Config): void {
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of an IAM user`,
      'use letters, digits and + = , . @ _ - and at most 64 of them',
    );
  }
  if (hosts.some((host) => host.name.toLowerCase() === name.toLowerCase())) {
    throw new UsageError(
      `${name} is a host in the config, and its IAM user writes`,
      `give the reader a name of its own: restore-${name}`,
    );
  }
}

function readHosts(names: readonly string[] | undefined, config: Config): Host[] {
  if (names === undefined) {
    throw new UsageError('whose backups may it read?', 'name the host, or several: --host web');
  }
  const hosts = [...new Set(names)].map((name) => findHost(config, name));
  // In a policy they are wildcards and variables, and would stand for other places.
  const wild = hosts.find(({ name, target }) => /[*?$]/.test(`${name}${target.prefix}`));
  if (wild === undefined) return hosts;
  throw new UsageError(
    `${formatTarget(wild)} has a * ? or $ in it, which a policy takes for more than that place`,
    'let that host write to a prefix without them',
  );
}

/** The day of `--expires`. Throws `UsageError`. */
function lastDayOf(text: string, now: number): string {
  const today = new Date(now).toISOString().slice(0, 10);
  const day = parseDay(text, today);
  if (day === undefined || day < today) {
    throw new UsageError(
      `--expires ${JSON.stringify(text)} is ${day === undefined ? 'not a day' : 'past'}`,
      `write a day to come, like ${parseDay('30d', today)}, or 30d`,
    );
  }
  return day;
}

/** The first instant after a day, as IAM writes it. */
function endOf(day: string): string {
  return `${new Date(Date.parse(day) + DAY).toISOString().slice(0, 19)}Z`;
}

/** Source: "Amazon Resource Names (ARNs)", IAM User Guide. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('eusc-') ? 'aws-eusc' : 'aws';
}

function checkSize(policy: object): void {
  const size = JSON.stringify(policy).replace(/\s/g, '').length;
  if (size <= readerPolicyBound) return;
  throw new UsageError(
    `so many hosts need a policy of ${size} characters, and IAM takes ${readerPolicyBound} for a user`,
    'make several readers, each for some of the hosts',
  );
}

function checkFound(name: string, found: HostUser | undefined, rotate: boolean): void {
  if (found === undefined) return;
  if (!found.path.startsWith(readerUserPath)) {
    throw new UsageError(
      `there is an IAM user ${name} already, and it is no reader: its path is ${found.path}`,
      'give the reader another name',
    );
  }
  const others = found.inlinePolicies.filter((one) => one !== readerPolicyName);
  const more = [...found.groups, ...others, ...found.attachedPolicies];
  if (more.length > 0) {
    throw new UsageError(
      `${name} has more than a reader needs: ${more.join(', ')}`,
      `take it away in IAM, or make it again: rollcall remove-reader ${name}`,
    );
  }
  if (rotate) checkKeyCount(name, found.keys);
}

function printRest({
  name,
  hosts,
  config,
  endpoint,
  file = `${name}.aws`,
}: {
  name: string;
  hosts: readonly Host[];
  config: Config;
  endpoint: string | undefined;
  file: string | undefined;
}): void {
  print('\nRun this where you restore; it tries the key, too:\n');
  for (const host of hosts) {
    const local = kitName(host);
    const words = [
      ...['restore-add-host', local, ...placeWords(host, config, endpoint, local)],
      ...['--key', `${local}.key`, '--credentials', file],
    ];
    print(`  ${words.map(quoteWord).join(' ')}`);
  }
  print('');
}

function formatMfa(name: string): void {
  print(
    `its key reads only in a session with a second factor. Give ${name} a virtual MFA device in IAM, then, with`,
  );
  print('its key as the profile, in place of --credentials FILE:');
  print(
    '  aws sts get-session-token --serial-number ARN --token-code CODE | restore-add-host HOST ... --credentials -',
  );
}

function formatTerms(options: Options, lastDay: string | undefined): string {
  return [
    ...(options.drills ? [' and leave receipts of drills'] : []),
    ...(lastDay === undefined ? [] : [` until the end of ${lastDay} (UTC)`]),
    ...(options['require-mfa'] ? [' with a second factor'] : []),
    ', and nothing else',
  ].join('');
}

const REMOVE_HELP = `rollcall remove-reader - take away a key that restores read with

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
  help: REMOVE_HELP,
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
