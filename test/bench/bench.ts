// Rollcall next to its peers: whole processes, the same bucket, the same machine, in turns. See --help.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTENDERS, type Contender, type Ground, type Outcome } from './contenders.ts';
import type { Fleet } from './fleet.ts';
import { openWorld, remember } from './open-world.ts';
import { measureOwnMachine } from './own-machine.ts';
import { measureShards } from './shards.ts';
import { bundleFunctions, measureStart } from './start.ts';
import { HEAD, type Measured, row } from './tables.ts';
import type { Answer, Order } from './world.ts';

const HELP = `npm run bench -- OPTION...: Rollcall next to its peers, as whole processes

Examples
  npm run bench -- --quick                        one host and 100, two rounds
  npm run bench                                   all fleets, and what a function loads; some hours on a busy machine
  npm run bench -- --hosts 1 --days 30 --volumes 5000 --rounds 5
  npm run bench -- --hosts 100 --only deployed --only HTTP --line tls-100
  npm run bench -- --part growth                  Rollcall alone: hosts, days, volumes, due times, bad hosts
  npm run bench -- --part shards --hosts 50000 --days 3 --volumes 10
                                                  a config that one run cannot hold: docs/past-one-run.md
  npm run bench -- --part own --hosts 1000        rollcall run over a folder: memory, and the folder after 60 days
  npm run bench -- --part start                   how long a function takes to load
  DUPLICITY3=/opt/d3/bin/duplicity npm run bench  another duplicity 3 than .venv-duplicity3 (test/kit/duplicity3-venv)

Every row is a process from its start to its end. All of a round run one after the other, and a ratio is of two that ran
in the same round, so that it holds where the machine is busy. Each is asked of the same hosts; where it is asked of a
few, the factor is in the row. What Rollcall says is checked host by host, and the bench stops where it is wrong.

Options
  --part PART     fleets, growth, shards, own or start; may be given again; default fleets and start
  --quick         little of it
  --hosts N --days N --volumes N --bad N --due-times N     one fleet; bad: one host in so many
  --line LINE     0 and 50: milliseconds that each answer is late; tls-100: TLS, and 100 megabit a second; may be given again
  --only WORD     contenders with it in their name; may be given again
  --rounds N      rounds of each; default 5, from 1,000 hosts on 2
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    quick: { type: 'boolean', default: false },
    part: { type: 'string', multiple: true },
    hosts: { type: 'string' },
    days: { type: 'string', default: '7' },
    volumes: { type: 'string', default: '50' },
    bad: { type: 'string' },
    'due-times': { type: 'string' },
    line: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}

const parts = values.part ?? ['fleets', 'start'];
const lines = values.line ?? (values.quick ? ['0'] : ['0', '50', 'tls-100']);
const many = (hosts: number, more: Partial<Fleet> = {}): Fleet => ({
  ...{ hosts, days: 7, volumes: 50 },
  ...more,
});
const asked: Fleet = many(Number(values.hosts), {
  ...{ days: Number(values.days), volumes: Number(values.volumes) },
  ...(values.bad === undefined ? {} : { bad: Number(values.bad) }),
  ...(values['due-times'] === undefined ? {} : { dueTimes: Number(values['due-times']) }),
});
const FLEETS: readonly Fleet[] = [
  ...[many(1), many(1, { volumes: 5000 }), many(1, { days: 30, volumes: 5000 })],
  ...[many(100), many(1000), many(10_000)],
];
/** Each differs from the first in one thing. */
const GROWTH: readonly Fleet[] = [
  many(100),
  ...[many(10), many(1000), many(100, { days: 30 }), many(100, { days: 400 })],
  ...[many(100, { volumes: 500 }), many(100, { dueTimes: 40 }), many(100, { bad: 1 })],
];
const isOwn = ({ name }: Contender) => /rollcall|HTTP/i.test(name);

/** Sets the line; answers where the account is reached over it, and how it is taken away again. */
async function setLine(line: string, { env, folder, ask }: Ground) {
  const [, megabits] = /^tls-(\d+)$/.exec(line) ?? [];
  await ask({ latencyMs: megabits === undefined ? Number(line) : 0 });
  if (megabits === undefined) return { env, end: () => {} };
  const { port } = new URL(env.AWS_ENDPOINT_URL ?? '');
  const words = [new URL('tls-proxy.mjs', import.meta.url).pathname, folder, port, megabits];
  const proxy = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(proxy.stdout, 'data');
  const certificate = join(folder, 'cert.pem');
  return {
    env: {
      ...env,
      AWS_ENDPOINT_URL: `https://localhost:${String(printed).trim()}`,
      ...{ NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate },
    },
    end: () => proxy.kill(),
  };
}

async function compare(fleet: Fleet, contenders: readonly Contender[], bundle: string) {
  const rounds = Number(values.rounds ?? (values.quick || fleet.hosts >= 1000 ? 2 : 5));
  const world = await openWorld(fleet, bundle);
  const { ground, close } = world;
  await remember(world);
  for (const line of lines) {
    const { env, end } = await setLine(line, ground);
    const outcomes = new Map(contenders.map((one): [Contender, Outcome[]] => [one, []]));
    const counted = new Map<Contender, Answer>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [contender, own] of outcomes) {
        const now = new Date().toISOString().slice(11, 19);
        process.stderr.write(
          `${now} round ${round + 1} of ${rounds}, ${line}: ${contender.name}\n`,
        );
        await ground.ask({ count: true });
        const requests: Answer[] = [];
        const ask = async (order: Order) => {
          const answer = await ground.ask(order);
          // What was asked until the first order that comes behind the run is the run's.
          if (!('restore' in order)) requests.push(answer);
          return answer;
        };
        own.push(await contender.run({ ...ground, env, ask }));
        counted.set(contender, requests[0] ?? (await ground.ask({ count: true })));
      }
    }
    const measured = contenders.map((contender): Measured => {
      const { requests = {}, bytesOut = 0 } = counted.get(contender) ?? {};
      return { fleet, line, contender, rounds: outcomes.get(contender) ?? [], requests, bytesOut };
    });
    for (const one of measured) console.log(row(one, measured[0]));
    end();
  }
  await close();
}

const [cpu] = cpus();
console.log(
  `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}\n`,
);
const bundle = join(await bundleFunctions(), 'check-hosts.mjs');
const wanted = CONTENDERS.filter(
  ({ name }) => values.only === undefined || values.only.some((word) => name.includes(word)),
);
for (const { name, missing } of wanted) if (missing) console.log(`not run: ${name}: ${missing}`);
const present = wanted.filter(({ missing }) => missing === undefined);
if (parts.includes('fleets')) {
  for (const line of HEAD) console.log(line);
  const quick = [many(1), many(100)];
  const fleets = values.hosts === undefined ? (values.quick ? quick : FLEETS) : [asked];
  for (const fleet of fleets) await compare(fleet, present, bundle);
}
if (parts.includes('growth')) {
  for (const line of HEAD) console.log(line);
  for (const fleet of GROWTH) await compare(fleet, present.filter(isOwn), bundle);
}
if (parts.includes('start'))
  for (const line of await measureStart(values.quick ? 5 : 15)) console.log(line);
if (parts.includes('own')) await measureOwnMachine(asked, (fleet) => openWorld(fleet, bundle));
if (parts.includes('shards')) await measureShards(asked, await openWorld(asked, bundle));
