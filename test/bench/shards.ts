// A config that one run cannot hold, judged by workers: the functions as they are deployed, each run a process.
import { join } from 'node:path';
import { HOSTS_A_RUN, pagesOf } from '../../shared/config/config.ts';
import { measure, runFunction, type Took } from './contenders.ts';
import { type Fleet, faultOf, NOW, nameOf, REPORT } from './fleet.ts';
import type { World } from './open-world.ts';

const WORKERS_AT_ONCE = 2;
const program = new URL('run-function.mjs', import.meta.url).pathname;

/** Prints what the run that called and its workers took. Throws when a host was called other than what it is. */
export async function measureShards(fleet: Fleet, { ground, account, onTask, close }: World) {
  const env = { ...ground.env, ...account, HOSTS_A_RUN: `${HOSTS_A_RUN}` };
  const workers: Took[] = [];
  const tasks: string[] = [];
  let busy = 0;
  const work = async () => {
    busy += 1;
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const bundle = join(ground.bundle, '../check-shard.mjs');
      workers.push(await measure([process.execPath, program, bundle, `${NOW}`, task], { env }));
    }
    busy -= 1;
  };
  onTask((task) => {
    tasks.push(task);
    if (busy < WORKERS_AT_ONCE) void work();
  });
  const caller = await runFunction({ ...ground, env });
  const { text = '{}' } = await ground.ask({ read: REPORT });
  await close();
  const { hosts } = JSON.parse(text) as { hosts: { host: string; verdict: string }[] };
  const wrong = hosts.filter(
    ({ host, verdict }, number) =>
      host !== nameOf(number) || verdict !== (faultOf(number, fleet)?.kind ?? 'ok'),
  );
  console.log(
    `\n${fleet.hosts} hosts, ${pagesOf(fleet.hosts)} pages, ${WORKERS_AT_ONCE} workers at once; ` +
      `the report has ${(text.length / 1e6).toFixed(0)} MB\n`,
  );
  console.log('| run | wall s | CPU s | peak MiB |\n| --- | --: | --: | --: |');
  const by = [...workers].sort((a, b) => a.cpuMs - b.cpuMs);
  console.log(row('the one that called', caller));
  console.log(row(`worker, the median of ${by.length}`, by[by.length >> 1]));
  console.log(row('worker, the longest', by.at(-1)));
  if (wrong.length > 0 || hosts.length !== fleet.hosts) throw new Error('the report is wrong');
}

function row(what: string, took: Took | undefined): string {
  const { wallMs = 0, cpuMs = 0, peakBytes = 0 } = took ?? {};
  const cells = [(wallMs / 1000).toFixed(1), (cpuMs / 1000).toFixed(1)];
  return `| ${[what, ...cells, (peakBytes / 2 ** 20).toFixed(0)].join(' | ')} |`;
}
