// A config that one run cannot hold, judged in shards: the functions as they are deployed, each run in a process of its
// own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { formatPackedConfig, HOSTS_A_RUN, pagesOf } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type Fleet, faultOf, nameOf } from './fleet.ts';
import { configTextOf, STATE_BUCKET } from './shard-fleet.ts';
import type { Took } from './shard-run.ts';
import type { News } from './shard-world.ts';

const WORKERS_AT_ONCE = 2;
const TIMEOUTS = { run: 900_000, worker: 300_000 };

const file = (name: string) => new URL(name, import.meta.url);

/** Prints what the run that called and its workers took. Throws when a host was called other than what it is. */
export async function measureShards(fleet: Fleet): Promise<void> {
  const world = fork(file('shard-world.ts'), [JSON.stringify(fleet)]);
  const [ready] = (await once(world, 'message')) as [Extract<News, { objects: number }>];
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const CONFIG_FILE = join(folder, 'config.json');
  const config = parseConfig(configTextOf(fleet.hosts), 'hosts.yml');
  writeFileSync(CONFIG_FILE, formatPackedConfig(config));
  const env = { ...process.env, ...ready.env, CONFIG_FILE, HOSTS_A_RUN: `${HOSTS_A_RUN}` };
  const run = async (timeoutMs: number, body?: string): Promise<Took> => {
    const child = fork(file('shard-run.ts'), { env });
    child.send({ body, timeoutMs });
    const [took] = (await once(child, 'message')) as [Took];
    return took;
  };

  const workers: Took[] = [];
  const calls: string[] = [];
  let busy = 0;
  const work = async () => {
    for (busy += 1; calls.length > 0; ) workers.push(await run(TIMEOUTS.worker, calls.shift()));
    busy -= 1;
  };
  world.on('message', (news: Extract<News, { body: string }>) => {
    calls.push(news.body);
    if (busy < WORKERS_AT_ONCE) void work();
  });
  const reducer = await run(TIMEOUTS.run);
  const { report, bytes } = await readReport(ready.env);
  world.kill();
  rmSync(folder, { recursive: true });

  let wrong = 0;
  for (const [number, { host, verdict }] of report.hosts.entries()) {
    if (host !== nameOf(number) || verdict !== (faultOf(number)?.kind ?? 'ok')) wrong += 1;
  }
  const { hosts, days, volumes } = fleet;
  const bad = report.hosts.filter(({ verdict }) => verdict !== 'ok').length;
  console.log(
    `${hosts} x ${days} x ${volumes}: ${ready.objects} objects, ${pagesOf(hosts)} pages, ${WORKERS_AT_ONCE} workers at once; ` +
      `${bad} bad hosts found, ${wrong} called other than they are; the report has ${(bytes / 1e6).toFixed(0)} MB\n`,
  );
  console.log('| run | wall s | CPU s | peak MiB |\n| --- | --: | --: | --: |');
  console.log(row('the one that called', reducer));
  const by = [...workers].sort((a, b) => a.cpuMs - b.cpuMs);
  console.log(row(`worker, the median of ${by.length}`, by[Math.floor(by.length / 2)]));
  console.log(row('worker, the longest', by.at(-1)));
  console.log(`<!-- ${JSON.stringify(reducer.answered)} -->`);
  if (wrong > 0 || report.hosts.length !== hosts) throw new Error('the report is wrong');
}

type StoredReport = { readonly hosts: readonly { host: string; verdict: string }[] };

async function readReport(env: Readonly<Record<string, string>>) {
  const client = new S3Client({
    ...{ endpoint: env.AWS_ENDPOINT_URL ?? '', region: 'eu-west-1', forcePathStyle: true },
    credentials: { accessKeyId: 'AKIABENCH', secretAccessKey: 'not-checked' },
  });
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: STATE_BUCKET, Key: 'reports/2026/11/23.json' }),
  );
  const text = (await Body?.transformToString()) ?? '';
  return { report: JSON.parse(text) as StoredReport, bytes: text.length };
}

function row(what: string, took: Took | undefined): string {
  const { wallMs = 0, cpuMs = 0, peakBytes = 0 } = took ?? {};
  const cells = [
    (wallMs / 1000).toFixed(1),
    (cpuMs / 1000).toFixed(1),
    (peakBytes / 2 ** 20).toFixed(0),
  ];
  return `| ${[what, ...cells].join(' | ')} |`;
}
