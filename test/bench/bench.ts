// Rollcall next to `duplicity collection-status` and the way of its nearest peer: the same bucket, the same machine, one run.
//
//   npm run bench                              all of it: half an hour on a quiet machine
//   npm run bench -- --quick                   one host and 100, once each
//   npm run bench -- --part fleets --hosts 1 --days 30 --volumes 5000 --latency 50 --runs 3
//   npm run bench -- --part memory             as Lambdas of less memory, and with more or fewer hosts at once
//   npm run bench -- --part start              what a cold start loads
//   npm run bench -- --part shards --days 3 --volumes 10   50,000 hosts or --hosts, in shards: docs/past-one-run.md
//
// Times are of this machine and of this hour; only their ratios travel. docs/performance.md says what they mean.
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../../shared/duplicity/volumes.ts';
import { type Cost, findDuplicity, runDuplicity, runMonitor, serve } from './contenders.ts';
import type { Fleet } from './fleet.ts';
import { CORE_MIB, holdTo } from './hold.ts';
import { measureShards } from './shards.ts';
import { measureStart } from './start.ts';
import { costLines, goalLines, growthLines, type Measured, nameFleet, table } from './tables.ts';

const PARTS = ['fleets', 'memory', 'start'];
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    part: { type: 'string', multiple: true, default: PARTS },
    hosts: { type: 'string' },
    days: { type: 'string', default: '7' },
    volumes: { type: 'string', default: '50' },
    runs: { type: 'string' },
    latency: { type: 'string', multiple: true, default: ['0', '50'] },
  },
});

const latencies = values.latency.map(Number);
const many = (hosts: number): Fleet => ({ hosts, days: 7, volumes: 50 });
const ONE: readonly Fleet[] = [
  many(1),
  { hosts: 1, days: 7, volumes: 5000 },
  { hosts: 1, days: 30, volumes: 5000 },
];
const one = {
  hosts: Number(values.hosts),
  days: Number(values.days),
  volumes: Number(values.volumes),
};
const fleets =
  values.hosts !== undefined
    ? [one]
    : values.quick
      ? [many(1), many(100)]
      : [...ONE, many(100), many(1000), many(10_000)];
// Of many hosts so many are asked of duplicity, bad ones among them; the rest is multiplication, and says so.
const SAMPLE = [0, 5, 15, 25];
/** Above, a run takes so long that one must do. */
const ONCE_FROM = 1000;

async function medianOf(times: number, run: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < times; round += 1) costs.push(await run());
  const [first] = costs as [Cost];
  const middle = (pick: (cost: Cost) => number) => median(costs.map(pick));
  return {
    ...first,
    wallMs: middle(({ wallMs }) => wallMs),
    cpuMs: middle(({ cpuMs }) => cpuMs),
    peakBytes: middle(({ peakBytes }) => peakBytes),
  };
}

/** The three of them, each against the same bucket. */
async function compare(fleet: Fleet): Promise<Measured[]> {
  const server = await serve(fleet);
  const few = fleet.hosts < ONCE_FROM && !values.quick;
  const times = Number(values.runs ?? (few ? 3 : 1));
  const measured: Measured[] = [];
  const keep = (latencyMs: number, who: Measured['who'], cost: Cost, factor = 1) => {
    const one = { fleet, latencyMs, who, cost, factor };
    measured.push(one);
    console.log(table([one]).at(-1));
  };
  for (const latencyMs of latencies) {
    await server.ask({ latencyMs });
    for (const [who, name] of [
      ['rollcall', 'Rollcall'],
      ['peer', 'whole bucket'],
    ] as const) {
      keep(latencyMs, name, await medianOf(times, () => runMonitor(server, { who, fleet })));
    }
    if (findDuplicity() === undefined) continue;
    const sample = fleet.hosts === 1 ? [0] : SAMPLE;
    const theirs = await medianOf(times, () => runDuplicity(server, sample));
    keep(latencyMs, 'duplicity', theirs, fleet.hosts / sample.length);
  }
  await server.stop();
  return measured;
}

/** 1,000 hosts as Lambdas of these sizes, and with these numbers of hosts at once. */
async function compareMemory(): Promise<void> {
  const fleet = values.quick ? many(100) : many(1000);
  const server = await serve(fleet);
  await server.ask({ latencyMs: 50 });
  console.log(
    `\n| ${nameFleet(fleet)} at 50 ms, as a Lambda of | hosts at once | wall s | CPU s | peak MiB | GiB s |`,
  );
  console.log('| --- | --: | --: | --: | --: | --: |');
  const line = (as: string, atOnce: number, cost: Cost, memoryMiB?: number) => {
    const [wall, cpu] = [cost.wallMs / 1000, cost.cpuMs / 1000];
    const paid = memoryMiB === undefined ? '-' : ((wall * memoryMiB) / 1024).toFixed(1);
    const peak = (cost.peakBytes / 2 ** 20).toFixed(0);
    console.log(
      `| ${as} | ${atOnce} | ${wall.toFixed(1)} | ${cpu.toFixed(1)} | ${peak} | ${paid} |`,
    );
  };
  const run = (atOnce: number, as?: Parameters<typeof runMonitor>[2]) =>
    runMonitor(server, { who: 'rollcall', fleet, atOnce }, as);
  for (const memoryMiB of [512, 1024, CORE_MIB]) {
    const hold = holdTo(memoryMiB / CORE_MIB);
    if (hold === undefined) {
      console.log(
        `| ${memoryMiB} MiB | not measured: this machine has no cgroups that may be made |`,
      );
      continue;
    }
    line(`${memoryMiB} MiB`, 32, await run(32, { memoryMiB, hold }), memoryMiB);
    await hold.release();
  }
  for (const atOnce of [8, 16, 32, 50]) line('no bound', atOnce, await run(atOnce));
  await server.stop();
}

const [cpu] = cpus();
console.log(
  `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${findDuplicity() ?? 'no duplicity'}, load ${loadavg()[0]?.toFixed(1)}\n`,
);
if (values.part.includes('fleets')) {
  for (const line of table([])) console.log(line);
  const measured: Measured[] = [];
  for (const fleet of fleets) measured.push(...(await compare(fleet)));
  for (const line of [...growthLines(measured), ...goalLines(measured), ...costLines(measured)]) {
    console.log(line);
  }
}
if (values.part.includes('shards')) {
  await measureShards({ ...one, hosts: Number(values.hosts ?? 50_000) });
}
if (values.part.includes('memory')) await compareMemory();
if (values.part.includes('start')) {
  console.log('');
  for (const line of await measureStart(values.quick ? 5 : 15)) console.log(line);
}
