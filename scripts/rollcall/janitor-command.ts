// `rollcall janitor`: shows what the janitor would tag now, and which hosts it would leave as they are.
import pMap from 'p-map';
import type { Host } from '../../shared/config/config.ts';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';
import { count, formatBytes } from '../../shared/messages/plain-text.ts';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { planTags, type TagPlan } from '../../shared/monitor/tag-superseded.ts';
import { defineCommand, TEXT, TEXTS } from './command.ts';
import { findHost, openStore, readConfig } from './config-file.ts';
import { startProgress } from './terminal.ts';

const HELP = `rollcall janitor - what would the janitor tag now, for lifecycle to hide?

Examples
  rollcall janitor                 the whole config
  rollcall janitor --host web      this host only

It only looks, with your AWS credentials: nothing is ever tagged by it. With "keepLastGood: true" in hosts.yml a function
does that once a day. A set may go when two newer good fulls, of two days, have stood for keepDays.

Options
  --host NAME           this host only; may be given again
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --endpoint-url URL    an S3-compatible endpoint; default $AWS_ENDPOINT_URL, else the config's
  --region REGION       in place of the config's
  -h, --help            this

Exit status
  0  shown      3  a host could not be looked at, or wrong usage
`;

const HOSTS_AT_ONCE = 8;
const REASONS = {
  tampered: 'tampered with',
  poisoned: 'poisoned',
  denied: 'its versions may not be listed',
  'not offered': 'the server lists no versions',
  'not kept': 'the bucket keeps no versions',
} as const;

export const janitorCommand = defineCommand({
  help: HELP,
  options: { host: TEXTS, hosts: TEXT, 'endpoint-url': TEXT, region: TEXT },

  run: async (options) => {
    const now = Date.now();
    const config = await readConfig(options.hosts);
    const hosts = options.host?.map((name) => findHost(config, name)) ?? config.hosts;
    const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
    const { list } = connectBuckets(await openStore(config, options));

    const progress = startProgress('host');
    let done = 0;
    const told = await pMap(
      hosts,
      async (host) => {
        const isLeft = config.keepLastGood && !host.keepLastGood;
        const plan = isLeft ? undefined : await planTags({ list }, host, now).catch(asUnreadable);
        done += 1;
        progress.show(done, hosts.length);
        return { lines: formatPlan(host, plan), looked: !(plan instanceof Error) };
      },
      { concurrency: HOSTS_AT_ONCE },
    ).finally(progress.end);
    const lines = told.flatMap((one) => one.lines);
    if (!config.keepLastGood) {
      lines.push(
        'hosts.yml does not say "keepLastGood: true": there is no janitor, and lifecycle goes by age alone',
      );
    }
    process.stdout.write(`${lines.join('\n')}\n`);
    return told.every(({ looked }) => looked) ? 0 : 3;
  },
});

function asUnreadable(error: unknown): TargetUnreadableError {
  if (error instanceof TargetUnreadableError) return error;
  throw error;
}

function formatPlan(host: Host, plan: TagPlan | TargetUnreadableError | undefined): string[] {
  if (plan === undefined) return [`${host.name}: left alone, as its target is in another bucket`];
  if (plan instanceof Error) return [`${host.name}: not looked at: ${plan.message}; ${plan.hint}`];
  const { sets, keys, held } = plan;
  if (held !== undefined) return [`${host.name}: held as it is: ${REASONS[held]}`];
  if (sets.length === 0) return [`${host.name}: nothing may go`];
  return [
    `${host.name}: ${count(sets.length, 'set')} may go`,
    ...sets.map(({ type, startedAt, bytes }, index) => {
      const files = count(keys[index]?.length ?? 0, 'file');
      return `  ${formatWrittenTime(startedAt)}  ${type.padEnd(4)}  ${files}, ${formatBytes(bytes)}`;
    }),
  ];
}
