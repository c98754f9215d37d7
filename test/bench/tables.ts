// What was measured, in tables: every run, how each way grows, what the goals say to it, and what a run costs.
import type { Cost } from './contenders.ts';
import type { Fleet } from './fleet.ts';

/** One way to look at one fleet; of a sample all is to be taken `factor` times. */
export type Measured = {
  readonly fleet: Fleet;
  readonly latencyMs: number;
  readonly who: 'Rollcall' | 'whole bucket' | 'duplicity';
  readonly cost: Cost;
  readonly factor: number;
};

/** `7 x 50`: days and volumes, and before them the hosts. */
export function nameFleet({ hosts, days, volumes }: Fleet): string {
  return [hosts, days, volumes].map((n) => n.toLocaleString('en')).join(' x ');
}

/** One line a run, below a head. */
export function table(measured: readonly Measured[]): string[] {
  return [
    '| hosts x days x volumes | latency ms | who | requests | MB | wall s | CPU s | peak MiB | bad hosts found | called bad |',
    '| --- | --: | --- | --- | --: | --: | --: | --: | --: | --: |',
    ...measured.map(({ fleet, latencyMs, who, cost, factor }) =>
      row([
        nameFleet(fleet),
        latencyMs,
        factor === 1 ? who : `${who}, ${fleet.hosts / factor} hosts (x ${factor})`,
        Object.entries(cost.kinds)
          .map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`)
          .join(', '),
        (cost.bytes / 1e6).toFixed(2),
        (cost.wallMs / 1000).toFixed(2),
        (cost.cpuMs / 1000).toFixed(2),
        (cost.peakBytes / 2 ** 20).toFixed(0),
        cost.bad === 0 ? '-' : `${cost.found} of ${cost.bad}`,
        cost.wrong,
      ]),
    ),
  ];
}

/** How requests, CPU time and memory grow from one fleet to another that differs in one thing. */
export function growthLines(measured: readonly Measured[]): string[] {
  const lines = measured.flatMap((to) => {
    const from = measured.findLast(
      ({ fleet, who, latencyMs }) =>
        who === to.who && latencyMs === to.latencyMs && differsInOne(fleet, to.fleet),
    );
    if (from === undefined) return [];
    const grew = (pick: (one: Measured) => number) => `x ${(pick(to) / pick(from)).toFixed(1)}`;
    return row([
      `${nameFleet(from.fleet)} to ${nameFleet(to.fleet)}`,
      to.latencyMs,
      to.who,
      grew(({ cost, factor }) => cost.requests * factor),
      grew(({ cost, factor }) => cost.cpuMs * factor),
      grew(({ cost, factor }) => cost.wallMs * factor),
      grew(({ cost }) => cost.peakBytes),
    ]);
  });
  if (lines.length === 0) return [];
  return [
    '',
    '| from, to | latency ms | who | requests | CPU | wall | peak memory |',
    '| --- | --: | --- | --: | --: | --: | --: |',
    ...lines,
  ];
}

/** The smaller fleet before the greater. */
function differsInOne(from: Fleet, to: Fleet): boolean {
  const keys = ['hosts', 'days', 'volumes'] as const;
  const differing = keys.filter((key) => from[key] !== to[key]);
  return differing.length === 1 && differing.every((key) => from[key] < to[key]);
}

/** Requests a host next to 2 + V/1000, and how many times less Rollcall asks and takes than each peer. */
export function goalLines(measured: readonly Measured[]): string[] {
  const lines = measured
    .filter(({ who }) => who === 'Rollcall')
    .map((ours) => {
      const { fleet, latencyMs, cost } = ours;
      const against = (who: Measured['who']) => {
        const theirs = measured.find(
          (one) => one.who === who && one.fleet === fleet && one.latencyMs === latencyMs,
        );
        if (theirs === undefined) return '-';
        const { factor } = theirs;
        const asked = (theirs.cost.requests * factor) / cost.requests;
        const took = (theirs.cost.wallMs * factor) / cost.wallMs;
        const worked = (theirs.cost.cpuMs * factor) / cost.cpuMs;
        return `${asked.toFixed(1)}, ${took.toFixed(1)}, ${worked.toFixed(1)}`;
      };
      const listings = cost.requests - (cost.kinds.GetBucketLifecycleConfiguration ?? 0);
      return row([
        nameFleet(fleet),
        latencyMs,
        (listings / fleet.hosts).toFixed(2),
        (2 + fleet.volumes / 1000).toFixed(2),
        against('whole bucket'),
        against('duplicity'),
      ]);
    });
  return [
    '',
    '| fleet | latency ms | requests a host | 2 + V/1000 | times fewer requests, less wall, less CPU than the whole bucket | than duplicity |',
    '| --- | --: | --: | --: | --: | --: |',
    ...lines,
  ];
}

// List prices of us-east-1. Sources: https://aws.amazon.com/s3/pricing/ and https://aws.amazon.com/lambda/pricing/ (arm64)
const LIST = 0.005 / 1000;
const GIB_SECOND = 0.0000133334;
const GIB = 1769 / 1024;

/** What a run and a month of daily runs cost, by the greatest fleet of 7 x 50 that was measured, and its CPU time. */
export function costLines(measured: readonly Measured[]): string[] {
  const [most] = measured
    .filter(({ who, fleet }) => who === 'Rollcall' && fleet.days === 7 && fleet.volumes === 50)
    .sort((a, b) => b.fleet.hosts - a.fleet.hosts || b.latencyMs - a.latencyMs);
  if (most === undefined) return [];
  const { cost, fleet } = most;
  const lines = [1, 100, 1000, 10_000, 100_000].map((hosts) => {
    const requests = Math.round((cost.requests * hosts) / fleet.hosts);
    const list = requests * LIST;
    const lambda = ((cost.cpuMs / 1000) * hosts * GIB * GIB_SECOND) / fleet.hosts;
    return row([
      hosts.toLocaleString('en'),
      requests.toLocaleString('en'),
      dollars(list),
      dollars(lambda),
      dollars(((list + lambda) * 30) / hosts),
    ]);
  });
  return [
    '',
    '| hosts | requests | LIST | Lambda | a month of daily runs, each host |',
    '| --: | --: | --: | --: | --: |',
    ...lines,
  ];
}

function dollars(amount: number): string {
  return `$${amount < 0.0001 ? amount.toFixed(6) : amount.toPrecision(2)}`;
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
