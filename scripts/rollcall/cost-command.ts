// `rollcall cost`: what a month of this config costs on AWS, line by line, and what would make it less.
import type { Config } from '../../shared/config/config.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { readConfig } from './config-file.ts';
import { toAsciiJson } from './format-report.ts';
import { type CostLine, costOf, DAYS } from './month-cost.ts';
import { PRICES } from './prices.ts';
import { chooseFormat, UsageError } from './terminal.ts';

const HELP = `rollcall cost - what does a month of this config cost on AWS?

Examples
  rollcall cost                        for hosts whose fulls have 50 volumes
  rollcall cost --volumes 500          for larger ones
  rollcall cost --as-if 1000           as if the config had so many hosts like its first one
  rollcall cost --format json | jq .usd

It asks nothing of AWS. It counts what the stack of this config is made of, and the requests of its functions, which were
counted one by one. Prices are the list prices of us-east-1, with the day on which they were noted; no free tier is taken
off. The backups themselves are not in it, nor what only an alarm costs, as an SMS.

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --volumes N           volumes of a full; default 50
  --as-if N             as if it had so many hosts
  --format FORMAT       table (default) or json
  --json                the same as --format json
  -h, --help            this

Exit status
  0  printed      3  the config cannot be read, or wrong usage
`;

export const costCommand = defineCommand({
  help: HELP,
  options: { hosts: TEXT, volumes: TEXT, 'as-if': TEXT, format: TEXT, json: FLAG },
  run: async (options) => {
    const format = chooseFormat(options, ['table', 'json']);
    const volumes = parseNumber('--volumes', options.volumes) ?? 50;
    const config = asIf(await readConfig(options.hosts), parseNumber('--as-if', options['as-if']));
    const lines = costOf(config, volumes);
    const about = { hosts: config.hosts.length, volumes };
    process.stdout.write(
      format === 'json' ? `${toAsciiJson(toJson(lines, about))}\n` : composeTable(lines, about),
    );
    return 0;
  },
});

function parseNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text))
    return text === undefined ? text : Number(text);
  throw new UsageError(
    `${option} ${JSON.stringify(text)} is not a number from 1 to 999999`,
    `write it like: rollcall cost ${option} 100`,
  );
}

/** So many hosts like the first one. */
function asIf(config: Config, many: number | undefined): Config {
  const [first] = config.hosts;
  if (many === undefined || first === undefined) return config;
  const hosts = Array.from({ length: many }, (_, number) => ({
    ...first,
    name: `host-${number}`,
    target: { ...first.target, prefix: `host-${number}/` },
  }));
  return { ...config, hosts };
}

type About = { readonly hosts: number; readonly volumes: number };

function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { usd }) => sum + usd, 0);
}

function toJson(lines: readonly CostLine[], about: About): object {
  const { notedOn, region } = PRICES;
  const rounded = lines.map((line) => ({ ...line, usd: Number(line.usd.toFixed(4)) }));
  const usd = Number(totalOf(lines).toFixed(2));
  return { version: 1, ...about, days: DAYS, prices: { notedOn, region }, usd, lines: rounded };
}

function composeTable(lines: readonly CostLine[], { hosts, volumes }: About): string {
  const total = totalOf(lines);
  const each = total / hosts;
  const rows = lines.map(({ what, count, unit, usd }) =>
    [
      usd.toFixed(2).padStart(8),
      ` ${what.padEnd(34)}`,
      `${count.toLocaleString('en')} ${unit}`,
    ].join(' '),
  );
  const advice = new Map(
    lines.flatMap(({ less, usd }) => (less === undefined || usd < 0.005 ? [] : [[less, true]])),
  );
  return `${total.toFixed(2)} USD a month for ${hosts} ${hosts === 1 ? 'host' : 'hosts'}, ${each.toFixed(3)} each, with fulls of ${volumes} volumes
(list prices of ${PRICES.region}, noted on ${PRICES.notedOn}, ${DAYS} days, no free tier; without the backups and without SMS)

     USD  for
${rows.join('\n')}

What would make it less:
${[...advice.keys()].map((line) => `  ${line}`).join('\n')}
`;
}
