// The three that are compared, each run in a process of its own, and what each took.
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUCKET, type Fleet, faultOf, nameOf } from './fleet.ts';
import type { Hold } from './hold.ts';
import type { Outcome, Task } from './monitor.ts';
import type { Answer, Order } from './serve.ts';

/** What one run took, and how many of the bad hosts it found; `wrong` = good ones that it called bad. */
export type Cost = {
  readonly requests: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly bad: number;
  readonly found: number;
  readonly wrong: number;
};

const credentials = { AWS_ACCESS_KEY_ID: 'AKIABENCH', AWS_SECRET_ACCESS_KEY: 'not-checked' };
const env = { ...process.env, ...credentials };

/** A bucket that is filled, in its own process. */
export type Server = {
  readonly ask: (order: Order) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

/** Starts the bucket and fills it. */
export async function serve(fleet: Fleet): Promise<Server & { readonly filled: Answer }> {
  const child = fork(new URL('serve.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  const ask = async (order: Order): Promise<Answer> => {
    child.send(order);
    const [answer] = await once(child, 'message');
    return answer;
  };
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  };
  return { ask, stop, filled: await ask({ fill: fleet }) };
}

/** As a Lambda of this memory: so much of a core, and a heap of nine tenths of it. */
type As = { readonly memoryMiB: number; readonly hold: Hold };

/** Rollcall's check, or the way of the nearest peer. Throws where Rollcall says what is not so. */
export async function runMonitor(
  server: Server,
  task: Omit<Task, 'endpoint'>,
  as?: As,
): Promise<Cost> {
  const { who } = task;
  const { endpoint } = await server.ask({ count: true });
  const heap = as && `--max-old-space-size=${Math.floor(as.memoryMiB * 0.9)}`;
  const execArgv = heap === undefined ? [] : [heap];
  const child = fork(new URL('monitor.ts', import.meta.url), { env, execArgv });
  if (child.pid !== undefined) as?.hold.enter(child.pid);
  child.send({ ...task, endpoint } satisfies Task);
  const ended = once(child, 'exit');
  const [outcome] = (await once(child, 'message')) as [Outcome];
  await ended;
  const faults = outcome.said.map((_, number) => faultOf(number)?.kind);
  const found = outcome.said.filter((printed, number) => printed !== 'ok' && faults[number]).length;
  const wrong = outcome.said.filter(
    (printed, number) => printed !== 'ok' && !faults[number],
  ).length;
  // What it says must be right to the kind, or the numbers are of something else.
  if (who === 'rollcall') {
    const off = outcome.said.findIndex((printed, number) => printed !== (faults[number] ?? 'ok'));
    if (off >= 0)
      throw new Error(`${nameOf(off)} is ${faults[off]}, and was called ${outcome.said[off]}`);
  }
  const { wallMs, cpuMs, peakBytes } = outcome;
  return {
    ...(await asked(server)),
    wallMs,
    cpuMs,
    peakBytes,
    ...{ bad: faults.filter(Boolean).length, found, wrong },
  };
}

/** The version of duplicity; `undefined` where there is none. */
export function findDuplicity(): string | undefined {
  const { status, stdout } = spawnSync('duplicity', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** `duplicity collection-status`, one host after the other. It knows no days: what it finds is an incomplete set. */
export async function runDuplicity(server: Server, hosts: readonly number[]): Promise<Cost> {
  const { endpoint } = await server.ask({ count: true });
  const cache = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const sum = { wallMs: 0, cpuMs: 0, peakBytes: 0, found: 0, wrong: 0 };
  for (const number of hosts) {
    const target = `boto3+s3://${BUCKET}/${nameOf(number)}`;
    const measured = execFileSync(
      '/usr/bin/python3',
      [
        new URL('measure.py', import.meta.url).pathname,
        ...['duplicity', 'collection-status', '--archive-dir', cache],
        ...['--s3-endpoint-url', endpoint, target],
      ],
      { encoding: 'utf8', env: { ...env, PASSPHRASE: '' } },
    );
    const { wallMs, cpuMs, peakBytes, status, output } = JSON.parse(measured);
    if (status !== 0) throw new Error(`duplicity ended with ${status}: ${output.slice(-500)}`);
    sum.wallMs += wallMs;
    sum.cpuMs += cpuMs;
    sum.peakBytes = Math.max(sum.peakBytes, peakBytes);
    const complains = !/No orphaned or incomplete backup sets found/.test(output);
    if (complains) sum[faultOf(number) ? 'found' : 'wrong'] += 1;
  }
  rmSync(cache, { recursive: true });
  const bad = hosts.filter((number) => faultOf(number)).length;
  return { ...(await asked(server)), ...sum, bad };
}

async function asked(server: Server): Promise<Pick<Cost, 'requests' | 'kinds' | 'bytes'>> {
  const { requests: kinds, bytesOut: bytes } = await server.ask({ count: true });
  return { requests: Object.values(kinds).reduce((a, b) => a + b, 0), kinds, bytes };
}
