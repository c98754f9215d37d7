// The config as a file: where it is, what is in it, and how it is replaced without ever being half written.
import { existsSync } from 'node:fs';
import { link, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import type { Connection } from '../../shared/aws/client.ts';
import type { Config, Host } from '../../shared/config/config.ts';
import type { ConfigText } from '../../shared/config/edit-config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { nameOf } from '../../shared/doctor/deployment.ts';
import { MINUTE } from '../../shared/duplicity/time.ts';
import type { RecordStore } from '../../shared/monitor/state.ts';
import { keyFilesNextTo } from '../public-key-file.ts';
import { stateBucket } from '../stack/state-bucket.ts';
import { STACK, TEXT, type ValuesOf } from './command.ts';
import { findStatePlace, openRecords } from './state-place.ts';
import { readInput, UsageError, writeTo } from './terminal.ts';

/** The config of `configFileOf`. Throws `UsageError` and `ConfigError`. */
export async function readConfig(option: string | undefined): Promise<Config> {
  return configOf(await readConfigFile(option));
}

/** Throws `ConfigError`. */
export function configOf({ text, file, readKeyFile }: ConfigText): Config {
  return parseConfig(text, file, readKeyFile, 'read', Date.now());
}

/** Where the config is: what `--hosts` says, else `$ROLLCALL_HOSTS`, else hosts.yml. */
export function configFileOf(option: string | undefined): string {
  return option ?? (process.env.ROLLCALL_HOSTS || 'hosts.yml');
}

async function readConfigFile(option: string | undefined): Promise<ConfigText> {
  const file = configFileOf(option);
  const hint = 'give the config with --hosts FILE, or: cp hosts.example.yml hosts.yml';
  const text = await readInput(file, hint);
  if (text.includes('\0')) throw notUtf8(file);
  return { file, text, readKeyFile: keyFilesNextTo(file) };
}

/** Its text, to be changed: standard input cannot be. */
export async function readConfigToChange(option: string | undefined): Promise<ConfigText> {
  if (option === '-') {
    throw new UsageError('the config on standard input cannot be changed', 'name it: --hosts FILE');
  }
  const file = await readConfigFile(option);
  // Anything that was not understood would be lost, be it in a comment.
  if (file.text.includes('\ufffd')) throw notUtf8(file.file);
  return file;
}

function notUtf8(file: string): UsageError {
  return new UsageError(`${file} is not a text in UTF-8`, 'save it again as UTF-8');
}

/**
 * Puts the new text in the place of the old, whole or not at all: a file next to it, then a rename. A link
 * stays a link. Throws `UsageError` when somebody else has changed the config since it was read.
 */
export async function replaceConfig(
  { file, text: before }: ConfigText,
  after: string,
): Promise<void> {
  if (after === before) return;
  const hint = 'it is as it was; put that right, and run it again';
  await writeTo(file, hint, () => unbroken(() => replaceFile(file, before, after)));
}

async function replaceFile(file: string, before: string, after: string): Promise<void> {
  const path = await realpath(file);
  const meanwhile = new UsageError(
    `${file} was changed meanwhile; it is as the other left it`,
    'run it again',
  );
  // One name for all: of two at once, one is refused. One that is old was left by a process that was killed.
  const draft = join(dirname(path), '.new.hosts.yml');
  const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (Date.now() - mtimeMs > MINUTE) await rm(draft, { force: true });
  const { mode } = await stat(path);
  const handle = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? meanwhile : error;
  });
  try {
    await handle.writeFile(after);
    // Not when it is made, where the umask would take away from it.
    await handle.chmod(mode & 0o777);
    await handle.sync();
    await handle.close();
    if ((await readFile(path, 'utf8')) !== before) throw meanwhile;
    await rename(draft, path);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

/** Writes a new config, whole or not at all, and over no other file. Throws `UsageError`. */
export async function createConfig(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `.${process.pid}.hosts.yml`);
  const create = async () => {
    try {
      await writeFile(draft, text, { flag: 'wx', flush: true });
      await link(draft, file);
    } finally {
      await rm(draft, { force: true });
    }
  };
  await writeTo(file, 'name another file: --out FILE', () => unbroken(create));
}

/** Anyone who presses Ctrl-C meanwhile finds it done, and nothing half done. */
export async function unbroken(work: () => Promise<void>): Promise<void> {
  const wait = () => void process.stderr.write('rollcall: what has begun is done first\n');
  process.on('SIGINT', wait);
  try {
    await work();
  } finally {
    process.off('SIGINT', wait);
  }
}

/** The lines that go and come, as `diff` marks them; nothing when nothing changes. */
export function composeChange(before: string, after: string): string {
  const [old, young] = [before.split('\n'), after.split('\n')];
  const isSame = (from: number, to: number) => old.at(from) === young.at(to);
  const most = Math.min(old.length, young.length);
  let head = 0;
  while (head < most && isSame(head, head)) head += 1;
  let tail = 0;
  while (tail < most - head && isSame(-1 - tail, -1 - tail)) tail += 1;
  const lines = [
    ...old.slice(head, old.length - tail).map((line) => `  - ${line}`),
    ...young.slice(head, young.length - tail).map((line) => `  + ${line}`),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** Shows a change, makes it unless it is only a try, and prints what puts it into force. */
export async function changeConfig(
  file: ConfigText,
  after: string,
  dryRun: boolean,
): Promise<void> {
  if (after === file.text) {
    process.stdout.write(`${file.file} says so already\n`);
    return;
  }
  process.stdout.write(`${file.file}:\n${composeChange(file.text, after)}`);
  if (dryRun) process.stdout.write('nothing is changed (--dry-run); otherwise:\n');
  else await replaceConfig(file, after);
  process.stdout.write('to put it into force: npx serverless deploy\n');
}

/** Throws `UsageError` for a name that is not in the config. */
export function findHost(config: Config, name: string): Host {
  const host = config.hosts.find((one) => one.name === name);
  if (host !== undefined) return host;
  throw new UsageError(
    `there is no host ${JSON.stringify(name)} in the config`,
    `did you mean ${nearestName(config, name)}?`,
  );
}

function nearestName({ hosts }: Config, name: string): string {
  return closest(
    name,
    hosts.map((one) => one.name),
  );
}

/** A question for a name that is not in the config, and so like one there that it was probably mistyped. */
export function askWhetherMeant(config: Config, name: string): string {
  const nearest = nearestName(config, name);
  return nearest !== name && distance(name, nearest) <= 2 ? `; did you mean ${nearest}?` : '';
}

/** The one word that a command takes. Throws `UsageError`. */
export function onlyName(positionals: readonly string[], command: string): string {
  const [name, ...more] = positionals;
  if (name !== undefined && name !== '' && more.length === 0) return name;
  throw new UsageError(
    name === undefined ? 'no host was named' : `one host at a time, please: ${command} NAME`,
    `see: rollcall ${command} --help`,
  );
}

type Where = Pick<Config, 'region' | 'endpoint' | 'endpointStyle'>;
type WhereOptions = {
  readonly region?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
};

/** The store of the backups as the options say, else the config. Who asks for the help must not wait for the SDK. */
export async function openStore(
  { region, endpoint, endpointStyle }: Where,
  options: WhereOptions,
): Promise<Connection> {
  const { connect } = await import('./connection.ts');
  const asked = options['endpoint-url'] ?? (process.env.AWS_ENDPOINT_URL || undefined);
  const isVirtual = endpointStyle === 'virtual';
  return { ...(await connect(options.region ?? region, asked ?? endpoint)), isVirtual };
}

/** AWS, where the stack is. Throws `UsageError` for a config whose backups are in another store, which has no stack. */
export async function openAws(config: Where, options: WhereOptions): Promise<Connection> {
  if (config.endpoint === undefined) return openStore(config, options);
  throw new UsageError(
    `the config has an endpoint (${config.endpoint}), and this command is for the stack on AWS`,
    'for this store: rollcall check, rollcall run, and with --state PLACE doctor, status, history, ack and mute; docs/setup-anywhere.md',
  );
}

/** `s3://BUCKET/PREFIX`, where a host writes. */
export function formatTarget({ target }: Host): string {
  return `s3://${target.bucket}/${target.prefix}`;
}

/** The options of each command that reads what runs remember, and their lines in its help. */
export const STATE_OPTIONS = {
  ...{ hosts: TEXT, state: TEXT, stack: STACK, ledger: TEXT },
  'endpoint-url': TEXT,
};
export const STATE_HELP = `  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --state PLACE         the folder or s3://BUCKET/PREFIX of rollcall run; default $ROLLCALL_STATE
  --stack NAME          the stack that has the state bucket; default rollcall-prod
  --ledger BUCKET       this bucket, without asking the stack
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this`;

/**
 * Opens what runs remember: the place of a run on a machine of one's own, else the bucket that was named, else the
 * stack's. Throws `UsageError`, or `AwsCallError`.
 */
export async function openState(
  config: Where,
  options: ValuesOf<typeof STATE_OPTIONS>,
): Promise<RecordStore> {
  const place = options.ledger === undefined ? findStatePlace(options.state) : undefined;
  if (place !== undefined) {
    // A mistyped one would be made, and look as if nobody were muted.
    if ('folder' in place && !existsSync(place.folder)) {
      throw new UsageError(
        `there is no state in ${place.folder}: there is no such folder`,
        'name the place of rollcall run: --state PLACE; its first run makes it',
      );
    }
    return openRecords(place, () => openStore(config, options));
  }
  const connection = await openAws(config, options);
  const { s3Records } = await import('../../shared/stores/s3-records.ts');
  return s3Records(connection, await askStateBucket(connection, options.stack, options.ledger));
}

/** Its name. Throws `UsageError`, or `AwsCallError`. */
export async function askStateBucket(
  connection: Connection,
  stackName: string,
  bucket: string | undefined,
): Promise<string> {
  if (bucket !== undefined) return bucket;
  const { readStack } = await import('../../shared/aws/deployed-stack.ts');
  const name = nameOf(await readStack(connection, stackName), stateBucket);
  if (name !== undefined) return name;
  throw new UsageError(
    `there is no stack ${stackName} with a state bucket in ${connection.region}`,
    'deploy it: npx serverless deploy; or name it: --stack NAME; or its bucket: --ledger BUCKET',
  );
}
