// Holds AWS itself to the contract, and to what no emulator can show.
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll } from 'vitest';
import { contract, describeContract } from '../local-aws/test/contract.ts';
import { stackChecks, type Trial } from './stack-checks.ts';

const { ROLLCALL_SMOKE, ROLLCALL_CONTRACT_RUN } = process.env;
if (ROLLCALL_SMOKE === undefined) throw new Error('run it by: npm run smoke-aws -- --help');
const trial = JSON.parse(ROLLCALL_SMOKE) as Trial & { emulator: '' | 'ministack' };
const QUARTER = 15 * 60_000;
const patienceMs = trial.emulator === '' ? QUARTER : 0;

/**
 * Buckets with versions, made before they are needed. Source: PutBucketVersioning, S3 API Reference ("wait for 15 minutes
 * after enabling versioning before issuing write operations").
 */
const made: { readonly name: string; readonly usableAt: number }[] = [];
let count = 0;
const s3 = new S3Client({ ...trial, forcePathStyle: true });

async function makeVersioned(): Promise<void> {
  count += 1;
  const name = `contract-${ROLLCALL_CONTRACT_RUN}-versions-${count}`;
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  made.push({ name, usableAt: Date.now() + patienceMs });
}

const target = {
  endpoint: trial.endpoint,
  region: trial.region,
  credentials: undefined,
  patienceMs,
  // Nobody's mailbox is asked anything here.
  click: () => {},
  versionedBucket: async () => {
    if (made.length === 0) await makeVersioned();
    const [next] = made.splice(0, 1);
    if (next === undefined) throw new Error('no bucket with versions was made');
    const wait = Math.max(0, next.usableAt - Date.now());
    if (wait > 0) process.stdout.write(`   waiting ${Math.ceil(wait / 60_000)} min for versions\n`);
    await sleep(wait);
    return next.name;
  },
};

const AS_MANY_AS_CHECKS_ASK_FOR = 16;
beforeAll(async () => {
  for (let one = 0; one < AS_MANY_AS_CHECKS_ASK_FOR; one += 1) await makeVersioned();
});

describeContract(
  'AWS',
  () => target,
  trial.emulator || undefined,
  [...contract.filter(({ emulatedOnly }) => emulatedOnly === undefined), ...stackChecks(trial)],
  ({ name, matters }) => `${name}. What hangs on it: ${matters}`,
);
