// Who is compared: for each the command that is run, as a process from its start to its end, and how its answer is read.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUCKET, type Fleet, NOW, nameOf, REPORT, sampleOf } from './fleet.ts';
import type { Answer, Order } from './world.ts';

const root = new URL('../..', import.meta.url).pathname;
const here = (name: string) => new URL(name, import.meta.url).pathname;

/** Where all of them look, and what was made for the run. */
export type Ground = {
  readonly fleet: Fleet;
  readonly env: NodeJS.ProcessEnv;
  /** A folder of its own, with hosts.yml. */
  readonly folder: string;
  readonly bundle: string;
  readonly ask: (order: Order) => Promise<Answer>;
};

/** What one call of a command took. */
export type Took = {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly stdout: string;
};

/** `printed`: of each host that it was asked of, `ok` or what is wrong; of those that say nothing of hosts, nothing. */
export type Outcome = Took & { readonly printed: ReadonlyMap<number, string> };

export type Contender = {
  readonly name: string;
  /** Why it is not run here. */
  readonly missing?: string;
  /** It tells every kind of fault from the others; else only whether something is wrong. */
  readonly isExact: boolean;
  /** So many of the fleet's hosts are asked of it: the rest is multiplication. */
  readonly asked: (fleet: Fleet) => readonly number[];
  readonly run: (ground: Ground) => Promise<Outcome>;
};

/** Runs a command. Throws where it ends with another status than those. */
export async function measure(
  words: readonly string[],
  {
    env,
    stdin = '',
    statuses = [0],
  }: { env: NodeJS.ProcessEnv; stdin?: string; statuses?: number[] },
): Promise<Took> {
  const measured = await new Promise<string>((done, fail) => {
    const options = { env, maxBuffer: 2 ** 30, encoding: 'utf8' } as const;
    const command = ['/usr/bin/python3', here('measure.py'), ...words] as const;
    const child = execFile(command[0], command.slice(1), options, (error, stdout) =>
      error === null ? done(stdout) : fail(error),
    );
    child.stdin?.end(stdin);
  });
  const { status, stderr, ...took } = JSON.parse(measured);
  if (statuses.includes(status)) return took;
  throw new Error(`${words.join(' ').slice(0, 300)} ended with ${status}: ${stderr}`);
}

const all = ({ hosts }: Fleet) => Array.from({ length: hosts }, (_, number) => number);
const numberOf = (host: string) => Number(host.slice(-5));

type Judged = { readonly hosts: readonly { readonly host: string; readonly verdict: string }[] };
const verdictsOf = (json: string) =>
  new Map(
    (JSON.parse(json) as Judged).hosts.map(
      ({ host, verdict }) => [numberOf(host), verdict] as const,
    ),
  );

/** The schedule's function at the hour of the digest: with records of the day before, report, page and mail. */
export async function runFunction({ bundle, env, ask }: Ground, at = NOW): Promise<Took> {
  const took = await measure([process.execPath, here('run-function.mjs'), bundle, `${at}`], {
    env,
  });
  const { mails } = await ask({ count: true });
  if (mails !== 1) throw new Error(`the run sent ${mails} mails`);
  return took;
}

const deployed: Contender = {
  name: 'Rollcall, deployed',
  isExact: true,
  asked: all,
  run: async (ground) => {
    await ground.ask({ restore: true });
    const took = await runFunction(ground);
    const { text = '{}' } = await ground.ask({ read: REPORT });
    return { ...took, printed: verdictsOf(text) };
  },
};

const check: Contender = {
  name: 'rollcall check',
  isExact: true,
  asked: all,
  run: async ({ env, folder }) => {
    const words = ['check', '--hosts', join(folder, 'hosts.yml'), '--format', 'json'];
    const clock = ['--import', here('clock.mjs')];
    const took = await measure(
      [process.execPath, ...clock, join(root, 'dist/rollcall.mjs'), ...words],
      {
        env: { ...env, BENCH_NOW: `${NOW}` },
        statuses: [0, 1, 2],
      },
    );
    return { ...took, printed: verdictsOf(took.stdout) };
  },
};

/** An age of 28 hours: a day, and what a backup may take longer than the one before. */
const peer: Contender = {
  name: 'whole bucket, boto3',
  ...(canImportBoto() ? {} : { missing: 'python3-boto3 is not installed' }),
  isExact: false,
  asked: all,
  run: async ({ env, fleet }) => {
    const took = await measure(
      ['/usr/bin/python3', here('peer.py'), BUCKET, `${NOW / 1000}`, '28', '-'],
      {
        env,
        stdin: JSON.stringify(all(fleet).map(nameOf)),
      },
    );
    const printed = Object.entries(JSON.parse(took.stdout) as Record<string, string>);
    return { ...took, printed: new Map(printed.map(([host, what]) => [numberOf(host), what])) };
  },
};

/** `duplicity collection-status` or `duply status`, one host after the other, with an empty cache. */
function perHost(name: string, program: string, words: (target: Target) => string[]): Contender {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return {
    name: `${name} ${/\d+(?:\.\d+)+/.exec(stdout ?? '')?.[0] ?? ''}`.trim(),
    ...(status === 0 ? {} : { missing: `${program} is not installed` }),
    isExact: false,
    asked: sampleOf,
    run: async ({ env, folder, fleet }) => {
      const printed = new Map<number, string>();
      const sum = { wallMs: 0, cpuMs: 0, peakBytes: 0 };
      for (const number of sampleOf(fleet)) {
        const cache = mkdtempSync(join(folder, 'cache-'));
        const endpoint = env.AWS_ENDPOINT_URL ?? '';
        const took = await measure([program, ...words({ number, endpoint, cache })], {
          env: { ...env, PASSPHRASE: '', HOME: cache },
        });
        rmSync(cache, { recursive: true });
        sum.wallMs += took.wallMs;
        sum.cpuMs += took.cpuMs;
        sum.peakBytes = Math.max(sum.peakBytes, took.peakBytes);
        const isFine = /No orphaned or incomplete backup sets found/.test(took.stdout);
        printed.set(number, isFine ? 'ok' : 'incomplete');
      }
      return { ...sum, stdout: '', printed };
    },
  };
}

type Target = { readonly number: number; readonly endpoint: string; readonly cache: string };
const statusOf =
  (scheme: string) =>
  ({ number, endpoint, cache }: Target) => [
    ...['collection-status', '--archive-dir', cache, '--s3-endpoint-url', endpoint],
    `${scheme}://${BUCKET}/${nameOf(number)}`,
  ];

/** A profile of duply's: the same target, in a file of settings. */
function duplyProfile({ number, endpoint, cache }: Target): string[] {
  const profile = join(cache, 'profile');
  spawnSync('mkdir', ['-p', profile]);
  writeFileSync(
    join(profile, 'conf'),
    `GPG_KEY='disabled'
TARGET='boto3+s3://${BUCKET}/${nameOf(number)}'
SOURCE='/tmp'
ARCH_DIR='${cache}/archive'
DUPL_PARAMS="$DUPL_PARAMS --s3-endpoint-url ${endpoint}"
`,
  );
  return [profile, 'status'];
}

/** The same requests as a check, and nothing made of the answers. */
const floor = (name: string, how: 'raw' | 'sdk'): Contender => ({
  name,
  isExact: false,
  asked: () => [],
  run: async ({ env, fleet }) => {
    const setOf = (back: number) => {
      const date = new Date(NOW - back * 86_400_000).toISOString().slice(0, 10);
      return `duplicity-full.${date.replaceAll('-', '')}`;
    };
    // As a check asks: the newest four sets where a page holds them, else the newest one.
    const isPage = 4 * (fleet.volumes + 2) <= 1000;
    const words = [how, `${fleet.hosts}`, ...(isPage ? ['duplicity-full.', setOf(3)] : [setOf(0)])];
    return {
      ...(await measure([process.execPath, here('floor.mjs'), ...words], { env })),
      printed: new Map(),
    };
  },
});

export const CONTENDERS: readonly Contender[] = [
  deployed,
  check,
  floor('plain HTTP, same requests', 'raw'),
  floor('bare SDK, same requests', 'sdk'),
  peer,
  perHost('duplicity', 'duplicity', statusOf('boto3+s3')),
  perHost(
    'duplicity',
    process.env.DUPLICITY3 ?? join(root, '.venv-duplicity3/bin/duplicity'),
    statusOf('s3'),
  ),
  perHost('duply status', 'duply', duplyProfile),
];

function canImportBoto(): boolean {
  return spawnSync('/usr/bin/python3', ['-c', 'import boto3']).status === 0;
}
