// hosts.yml -> the config, and the stack that it asks for.
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Config, ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { entriesOf, note, openYaml } from '../../shared/config/yaml.ts';
import { keyFilesNextTo } from '../public-key-file.ts';
import { type PolicySize, policySizes } from './policy-sizes.ts';
import { type Stack, stackOf } from './stack.ts';

/**
 * Where the config is: `ROLLCALL_HOSTS`, or `hosts.yml` in the project.
 */
const configFile = (projectDir: string, env: NodeJS.ProcessEnv): string =>
  resolve(projectDir, env.ROLLCALL_HOSTS || 'hosts.yml');

/**
 * Reads the config and works out its stack. `ROLLCALL_ADMINS` may hold ARNs, separated by commas, of
 * principals who may do to the bucket what the break-glass role may; `ROLLCALL_HOSTS_A_RUN` how many hosts one run
 * judges without workers.
 *
 * Throws `ConfigError` with every mistake in the config, when it cannot be read, or when AWS would refuse a policy for
 * its length.
 */
export function readStack(projectDir: string, env: NodeJS.ProcessEnv): Stack {
  const file = configFile(projectDir, env);
  const admins = (env.ROLLCALL_ADMINS ?? '').split(',').flatMap((arn) => arn.trim() || []);
  const [text, name] = [readConfigFile(file), relative(projectDir, file)];
  const config = parseConfig(text, name, keyFilesNextTo(file), 'deploy', Date.now());
  const stackFor = (part: Config) => stackOf(part, admins, readHostsARun(env));
  const stack = stackFor(config);
  const [tooLong] = tooLongOf(stack);
  if (tooLong === undefined) return stack;
  const { id, size, most } = tooLong;
  const words = `${id} would have a policy of ${size} characters, and AWS takes ${most}`;
  const last = findOneTooMany(config, (part) => tooLongOf(stackFor(part)).length > 0);
  throw new ConfigError([
    last === undefined
      ? `${words}: name fewer principals in ROLLCALL_ADMINS (${admins.length}), or several by one with a "*"`
      : atHost(text, name, last.host, `${words}: the ${last.fit} buckets before the one of `),
  ]);
}

const tooLongOf = ({ resources, region }: Stack): PolicySize[] =>
  policySizes(resources, region).filter(({ size, most }) => size > most);

/** The first host whose bucket does not fit any more, and how many did; `undefined` where buckets are not the cause. */
function findOneTooMany(
  config: Config,
  isTooLong: (part: Config) => boolean,
): { readonly host: string; readonly fit: number } | undefined {
  const fitting = new Set([config.bucket]);
  // As many hosts, so that a config in shards stays one; those in other buckets as if they were in the stack's.
  const part = (): Config => ({
    ...config,
    hosts: config.hosts.map(({ target: { bucket, prefix }, ...host }) => ({
      ...host,
      target: { bucket: fitting.has(bucket) ? bucket : config.bucket, prefix },
    })),
  });
  if (isTooLong(part())) return undefined;
  for (const { name, target } of config.hosts) {
    const fit = fitting.size;
    if (fit < fitting.add(target.bucket).size && isTooLong(part())) return { host: name, fit };
  }
  return undefined;
}

/** The problem with the line of that host. */
function atHost(text: string, file: string, host: string, problem: string): string {
  const yaml = openYaml(text, file);
  const [, hosts = yaml.root] = entriesOf(yaml, yaml.root).find(([key]) => key === 'hosts') ?? [];
  const [, , place = hosts] = entriesOf(yaml, hosts).find(([key]) => key === host) ?? [];
  note(
    yaml,
    place,
    `${problem}${host} fit. Split the config in two files (ROLLCALL_HOSTS), each deployed with a --stage of its own`,
  );
  return yaml.issues.join('\n');
}

/** The config alone, which each function carries along. Throws `ConfigError`. */
export function readStackConfig(projectDir: string, env: NodeJS.ProcessEnv): Config {
  const file = configFile(projectDir, env);
  return parseConfig(readConfigFile(file), relative(projectDir, file), keyFilesNextTo(file));
}

function readHostsARun({ ROLLCALL_HOSTS_A_RUN: text = '' }: NodeJS.ProcessEnv): number | undefined {
  if (text === '') return undefined;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new ConfigError([`ROLLCALL_HOSTS_A_RUN is "${text}", but must be a number of hosts`]);
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([
      `${file}: cannot be read (${(cause as NodeJS.ErrnoException).code}): ` +
        'copy hosts.example.yml to hosts.yml, or name another file in ROLLCALL_HOSTS',
    ]);
  }
}
