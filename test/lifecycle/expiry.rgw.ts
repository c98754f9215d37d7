import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectJanitor } from '../../shared/aws/tag-objects.ts';
import type { Config } from '../../shared/config/config.ts';
import { tagSuperseded } from '../../shared/monitor/tag-superseded.ts';
import type { Store } from '../anywhere/store.ts';
import { aConfig, aFull, aHost } from '../support/builders.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';
import { startFastDays } from './fast-days.ts';
import { startRadosgw } from './start-radosgw.ts';

const DAY_SECONDS = 10;
const DAYS = 14;
const DIED_AFTER = 3;
const region = 'us-east-1';

const configOf = (bucket: string, keepLastGood: boolean): Config =>
  aConfig(
    ['dead', 'live'].map((name) =>
      aHost({ name, target: { bucket, prefix: `${name}/` }, keepDays: 2, keepLastGood }),
    ),
    { bucket, region, keepDays: 2, keepLastGood },
  );
const plain = configOf('plain', false);
const keeping = configOf('keeping', true);
/** The rules of a config that keeps the last good backup, and nobody who tags. */
const orphaned = configOf('orphaned', true);

let radosgw: Store;
let s3: S3Client;
const written: Record<string, string[][]> = { dead: [], live: [] };

/** A full of five small files, as duplicity writes it: the manifest last. */
async function backUp(host: string, begun: string): Promise<void> {
  const names = aFull({ begun }).map(({ name }) => `${host}/${name}`);
  for (const { bucket } of [plain, keeping, orphaned]) {
    for (const Key of names)
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x'.repeat(1000) }));
  }
  written[host]?.push(names);
}

async function versionsIn(Bucket: string, Prefix: string) {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket, Prefix }),
  );
  return { Versions, DeleteMarkers };
}

/** Of each set that a host wrote, how many of its files are there to be read. */
async function there(bucket: string, host: string): Promise<number[]> {
  const { Versions } = await versionsIn(bucket, `${host}/`);
  const current = new Set(Versions.filter(({ IsLatest }) => IsLatest).map(({ Key }) => Key));
  return (written[host] ?? []).map((names) => names.filter((name) => current.has(name)).length);
}

beforeAll(async () => {
  process.env.AWS_REQUEST_CHECKSUM_CALCULATION = 'WHEN_REQUIRED';
  radosgw = await startRadosgw(DAY_SECONDS);
  const { endpoint, credentials } = radosgw;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  for (const config of [plain, keeping, orphaned]) {
    const Bucket = config.bucket;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await putLifecycle(s3, config, Bucket);
    for (const Body of ['old', 'new']) {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'overwritten', Body }));
    }
  }

  const days = startFastDays(DAY_SECONDS);
  const { list, tag } = connectJanitor({ region, endpoint });
  const janitor = { list: days.list(list), tag };
  for (let day = 0; day < DAYS; day += 1) {
    await sleep(days.until(day + 0.1));
    for (const host of day < DIED_AFTER ? ['dead', 'live'] : ['live']) {
      await backUp(host, new Date(days.now()).toISOString());
    }
    await sleep(days.until(day + 0.8));
    const round = await tagSuperseded(janitor, keeping, days.now());
    console.log(`day ${day}: ${round.sets} sets tagged, ${round.held} hosts held`);
  }
  // What was hidden on the seventh day is forgotten eight days later, and S3 may lag.
  await sleep(days.until(DAYS + 4));
});
afterAll(async () => {
  s3?.destroy();
  await radosgw?.stop();
});

describe('on an S3 whose lifecycle runs, a host that died', () => {
  it('has nothing left under the plain rule, not even to be undeleted: the trap', async () => {
    expect(await there('plain', 'dead')).toEqual([0, 0, 0]);
    expect((await versionsIn('plain', 'dead/')).Versions).toEqual([]);
  });

  it('has its last two good backups, whole, where the config keeps them', async () => {
    expect(await there('keeping', 'dead')).toEqual([0, 5, 5]);
  });

  it('has all of them where the janitor died, too', async () => {
    expect(await there('orphaned', 'dead')).toEqual([5, 5, 5]);
  });
});

describe('on an S3 whose lifecycle runs, a host that lives', () => {
  it('loses what newer backups have replaced, set by set, and no half of one', async () => {
    const left = await there('keeping', 'live');
    expect(new Set(left)).toEqual(new Set([0, 5]));
    expect(left.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(left.slice(-2)).toEqual([5, 5]);
    expect(left.lastIndexOf(0)).toBeLessThan(left.indexOf(5));
  });

  it('loses nothing where nobody tags', async () => {
    expect(new Set(await there('orphaned', 'live'))).toEqual(new Set([5]));
  });

  it.each(['plain', 'keeping', 'orphaned'])('has old versions forgotten in %s', async (bucket) => {
    const { Versions } = await versionsIn(bucket, 'overwritten');
    expect(Versions.filter(({ IsLatest }) => !IsLatest)).toEqual([]);
  });
});
