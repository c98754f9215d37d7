// One monitor in a process of its own: Rollcall's check, or the way of its nearest peer. What it cost is its last message.
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { connectBuckets } from '../../shared/aws/s3-objects.ts';
import type { Host } from '../../shared/config/config.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import { addNews } from '../../shared/monitor/record-page.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import type { HostMemory } from '../../shared/rules/record.ts';
import { BUCKET, configOf, type Fleet, fingerprintOfYesterday, NOW } from './fleet.ts';

/** What is run: by whom, against what. */
export type Task = {
  readonly who: 'rollcall' | 'peer';
  readonly endpoint: string;
  readonly fleet: Fleet;
  /** Instead of as many as the check itself takes at once. */
  readonly atOnce?: number;
};

/** What it said of every host, and what it took. */
export type Outcome = {
  readonly said: readonly string[];
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly heapBytes: number;
};

const connection = (endpoint: string) => ({ region: 'eu-west-1', endpoint });

function memoryOf(fleet: Fleet): HostMemory {
  return {
    recall: async (host) =>
      addNews(placeOf(host), {}, { fulls: [fingerprintOfYesterday(host, fleet)] }),
    learn: () => {},
    close: async () => undefined,
  };
}

async function askRollcall({ endpoint, fleet, atOnce }: Task): Promise<string[]> {
  const store = connectBuckets(connection(endpoint));
  const memory = memoryOf(fleet);
  const check = (hosts: readonly Host[]) =>
    checkHosts(store, hosts, { now: NOW, depth: 'recent', memory });
  const hosts = configOf(fleet);
  const judgements =
    atOnce === undefined
      ? await check(hosts)
      : (await pMap(hosts, (host) => check([host]), { concurrency: atOnce })).flat();
  return judgements.map(({ verdict }) => verdict);
}

/**
 * The nearest peer reads every page of the bucket, takes the newest manifest's name below each prefix for the
 * last backup, and nothing else. Source: `backup-monitor` of rhasselbaum/duplicity-unattended.
 */
async function askPeer({ endpoint, fleet }: Task): Promise<string[]> {
  const client = new S3Client({ ...connection(endpoint), forcePathStyle: true });
  const newest = new Map<string, string>();
  for (let token: string | undefined; ; ) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: token }),
    );
    for (const { Key = '' } of page.Contents ?? []) {
      const [, prefix = '', time = ''] =
        /^(.*)\/duplicity-(?:full|inc\..*\.to)\.(\d{8}T\d{6}Z)\.manifest/.exec(Key) ?? [];
      if (time > (newest.get(prefix) ?? '')) newest.set(prefix, time);
    }
    token = page.NextContinuationToken;
    if (token === undefined) break;
  }
  return configOf(fleet).map(({ name }) => {
    const today = (newest.get(name) ?? '').startsWith('20261123');
    return today ? 'ok' : 'missing';
  });
}

process.once('message', async (task: Task) => {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const printed = await (task.who === 'rollcall' ? askRollcall(task) : askPeer(task));
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const heapBytes = process.memoryUsage().heapUsed;
  const outcome: Outcome = {
    said: printed,
    wallMs,
    cpuMs: (user + system) / 1000,
    peakBytes,
    heapBytes,
  };
  process.send?.(outcome, () => process.exit(0));
});
