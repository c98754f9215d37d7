// `rollcall run` over a folder, as the process that cron starts: its memory, and how big the folder gets.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { measure, type Took } from './contenders.ts';
import { configTextOf, EVE, type Fleet, faultOf, NOW, nameOf, REPORT } from './fleet.ts';
import type { World } from './open-world.ts';

const DAY = 86_400_000;
const HALF_DAY = DAY / 2;
const LIVED_DAYS = 60;
const MOST_BYTES = 512 * 2 ** 20;
/** Its days are lived one after the other, two processes each. */
const GROWN: Fleet = { hosts: 20, days: 30, volumes: 50 };
const root = new URL('../..', import.meta.url).pathname;
const clock = new URL('clock.mjs', import.meta.url).pathname;

/**
 * Prints both. Throws where a host is called other than what it is, a run takes over 512 MiB, or the folder grows by more
 * than its reports.
 */
export async function measureOwnMachine(
  fleet: Fleet,
  open: (fleet: Fleet) => Promise<World>,
): Promise<void> {
  const mail = await startMailServer();
  try {
    await measureMemory(fleet, await open(fleet), mail);
    await measureFolder(await open(GROWN), mail);
  } finally {
    await mail.stop();
  }
}

async function measureMemory(fleet: Fleet, world: World, mail: MailServer): Promise<void> {
  const { run, folder } = prepare(world, mail);
  console.log(`\n${fleet.hosts} hosts x ${fleet.days} x ${fleet.volumes}, a folder as state\n`);
  console.log('| run | wall s | CPU s | peak MiB | folder MiB |\n| --- | --: | --: | --: | --: |');
  const print = (what: string, took: Took) => {
    const cells = [took.wallMs / 1000, took.cpuMs / 1000, mib(took.peakBytes)];
    const sizes = mib(sum(sizesIn(folder).values()));
    console.log(
      `| ${[what, ...cells.map((one) => one.toFixed(1)), sizes.toFixed(1)].join(' | ')} |`,
    );
  };
  print('the first, the day before', await run(EVE));
  print('at the hour of the digest', await run(NOW));
  const { hosts } = JSON.parse(readFileSync(join(folder, REPORT), 'utf8')) as {
    hosts: { host: string; verdict: string }[];
  };
  print('with nothing due', await run(NOW + HALF_DAY));
  const wrong = hosts.filter(
    ({ host, verdict }, number) =>
      host !== nameOf(number) || verdict !== (faultOf(number, fleet)?.kind ?? 'ok'),
  );
  await world.close();
  if (wrong.length > 0 || hosts.length !== fleet.hosts) throw new Error('the report is wrong');
}

async function measureFolder(world: World, mail: MailServer): Promise<void> {
  const { run, folder } = prepare(world, mail);
  console.log(
    `\n${GROWN.hosts} hosts, each day a new set and two runs, one host in ten always bad\n`,
  );
  console.log('| after days | files | reports KiB | all else KiB |\n| --: | --: | --: | --: |');
  const rest = new Map<number, number>();
  for (let day = 0; day <= LIVED_DAYS; day += 1) {
    if (day > 0) await world.ground.ask({ live: GROWN, day });
    for (const at of [NOW, NOW + HALF_DAY]) await run(at + day * DAY);
    if (day !== 1 && day !== 30 && day !== LIVED_DAYS) continue;
    const sizes = [...sizesIn(folder)];
    const [reports, others] = [true, false].map((isReport) =>
      sum(
        sizes.filter(([name]) => name.startsWith('reports/') === isReport).map(([, size]) => size),
      ),
    );
    rest.set(day, others ?? 0);
    const cells = [reports, others].map((bytes = 0) => (bytes / 1024).toFixed(0));
    console.log(`| ${[day, sizes.length, ...cells].join(' | ')} |`);
  }
  await world.close();
  const [before = 0, after = 0] = [rest.get(30), rest.get(LIVED_DAYS)];
  // A line for each day of 400 in the history.
  if (after > before * 1.5) throw new Error('the folder grows by more than its reports');
}

function prepare({ ground: { env, folder, fleet } }: World, mail: MailServer) {
  const state = join(folder, 'state');
  mkdirSync(state);
  const hosts = join(folder, 'own.yml');
  const own = `endpoint: ${env.AWS_ENDPOINT_URL}\nsmtp: { host: 127.0.0.1, port: ${mail.port}, tls: none }\n`;
  writeFileSync(hosts, `${own}${configTextOf(fleet)}`);
  const run = async (at: number): Promise<Took> => {
    const words = ['--import', clock, join(root, 'dist/rollcall.mjs'), 'run'];
    const place = ['--hosts', hosts, '--state', state];
    const took = await measure([process.execPath, ...words, ...place], {
      env: { ...env, BENCH_NOW: `${at}` },
    });
    if (took.peakBytes > MOST_BYTES) throw new Error(`it took ${mib(took.peakBytes)} MiB`);
    return took;
  };
  return { run, folder: state };
}

const mib = (bytes: number) => bytes / 2 ** 20;
const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);

function sizesIn(folder: string): Map<string, number> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => [name, statSync(join(folder, name))] as const);
  return new Map(files.flatMap(([name, one]) => (one.isFile() ? [[name, one.size]] : [])));
}
