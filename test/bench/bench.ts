// Rollcall beside `duplicity collection-status` and the way of its nearest peer: the same bucket, the same machine, one run.
//
//   npm run bench                     one host, 100 and 1,000 hosts: some minutes
//   npm run bench -- --quick          one host and 100, once each
//   npm run bench -- --hosts 10000    a fleet of this size alone
//   npm run bench -- --shards         50,000 hosts, in shards; --hosts for as many as you like
//
// Times are of this machine and of this hour; only their ratios travel. docs/performance.md says what they mean.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../../shared/duplicity/volumes.ts';
import { type Cost, findDuplicity, runDuplicity, runMonitor, serve } from './contenders.ts';
import type { Fleet } from './fleet.ts';
import { measureShards } from './shards.ts';
import { measureStart } from './start.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    hosts: { type: 'string' },
    shards: { type: 'boolean', default: false },
    runs: { type: 'string' },
    latency: { type: 'string', multiple: true },
  },
});

if (values.shards) {
  await measureShards({ hosts: Number(values.hosts ?? 50_000), days: 3, volumes: 10 });
  process.exit();
}

const LATENCIES_MS = (values.latency ?? ['0', '50']).map(Number);
const ONE: readonly Fleet[] = [
  { hosts: 1, days: 7, volumes: 50 },
  { hosts: 1, days: 7, volumes: 5000 },
  { hosts: 1, days: 30, volumes: 5000 },
];
const many = (hosts: number): Fleet => ({ hosts, days: 7, volumes: 50 });
const fleets =
  values.hosts !== undefined
    ? [many(Number(values.hosts))]
    : values.quick
      ? [...ONE.slice(0, 1), many(100)]
      : [...ONE, many(100), many(1000)];
// Of many hosts so many are asked of duplicity, bad ones among them; the rest is multiplication, and says so.
const SAMPLE = 4;
// Above, reading the whole bucket takes minutes a run: it is done once, and without latency.
const PEER_ONCE_FROM = 1000;

async function medianOf(times: number, run: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let turn = 0; turn < times; turn += 1) costs.push(await run());
  const [first] = costs as [Cost];
  const middle = (pick: (cost: Cost) => number) => median(costs.map(pick));
  return {
    ...first,
    wallMs: middle(({ wallMs }) => wallMs),
    cpuMs: middle(({ cpuMs }) => cpuMs),
    peakBytes: middle(({ peakBytes }) => peakBytes),
  };
}

function row(fleet: Fleet, latency: number, who: string, cost: Cost, note = ''): string {
  const { hosts, days, volumes } = fleet;
  const kinds = Object.entries(cost.kinds).map(([kind, count]) => `${count} ${kind}`);
  const found = cost.bad === 0 ? '-' : `${cost.found} of ${cost.bad}`;
  return `| ${[
    `${hosts} x ${days} x ${volumes}`,
    latency,
    who + note,
    kinds.join(', '),
    (cost.bytes / 1e6).toFixed(2),
    (cost.wallMs / 1000).toFixed(2),
    (cost.cpuMs / 1000).toFixed(2),
    (cost.peakBytes / 2 ** 20).toFixed(0),
    found,
  ].join(' | ')} |`;
}

async function compare(fleet: Fleet): Promise<void> {
  const server = await serve(fleet);
  const times = Number(values.runs ?? (values.quick || fleet.hosts >= 10_000 ? 1 : 3));
  for (const latencyMs of LATENCIES_MS) {
    await server.ask({ latencyMs });
    const ours = await medianOf(times, () => runMonitor(server, 'rollcall', fleet));
    console.log(row(fleet, latencyMs, 'Rollcall', ours));
    if (fleet.hosts < PEER_ONCE_FROM || latencyMs === 0) {
      const turns = fleet.hosts < PEER_ONCE_FROM ? times : 1;
      const peer = await medianOf(turns, () => runMonitor(server, 'peer', fleet));
      console.log(row(fleet, latencyMs, 'whole bucket', peer));
    }
    if (findDuplicity() !== undefined) {
      const sample = fleet.hosts === 1 ? [0] : [0, 5, 15, 25].slice(0, SAMPLE);
      const theirs = await medianOf(fleet.hosts === 1 ? times : 1, () =>
        runDuplicity(server, sample),
      );
      const note =
        fleet.hosts === 1
          ? ''
          : ` (${sample.length} hosts; x ${fleet.hosts / sample.length} for all)`;
      console.log(row(fleet, latencyMs, 'duplicity', theirs, note));
    }
  }
  const { objects, bytesAnObject } = server.filled;
  console.log(
    `<!-- ${objects} objects, ${bytesAnObject.toFixed(0)} bytes each in the local bucket -->`,
  );
  await server.stop();
}

const [cpu] = cpus();
console.log(
  `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${findDuplicity() ?? 'no duplicity'}\n`,
);
console.log(
  '| hosts x days x volumes | latency ms | who | requests | MB | wall s | CPU s | peak MiB | bad hosts found |',
);
console.log('| --- | --: | --- | --- | --: | --: | --: | --: | --: |');
for (const fleet of fleets) await compare(fleet);

console.log('\n| bundle | kB | load ms | times an empty handler |\n| --- | --: | --: | --: |');
for (const line of await measureStart(values.quick ? 5 : 15)) console.log(line);
