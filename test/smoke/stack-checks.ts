// Says what a stack that is really deployed meets: policies, clocks, latency and events.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { readStack } from '../../shared/aws/read-stack.ts';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';
import type { ContractCheck } from '../demo/aws/contract-target.ts';

/** A stack that scripts/smoke-aws.ts has deployed; its bucket has its name. */
export type Trial = { readonly name: string; readonly region: string; readonly endpoint?: string };

const LISTINGS = 20;
const tell = (line: string) => process.stdout.write(`   measured: ${line}\n`);

/** The checks, each of which may take minutes. */
export const stackChecks = (trial: Trial): readonly ContractCheck[] => [
  {
    name: 'S3 dates an upload in parts to when it was begun',
    differs: { ministack: 'dates it to when it was finished' },
    run: async ({ s3, bucket }) => {
      const Bucket = await bucket({ versioned: true });
      const Key = 'web/parts';
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const begunAt = Date.now();
      await sleep(5000);
      const part = { Bucket, Key, UploadId, PartNumber: 1 };
      const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'x' }));
      const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
      await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }));
      const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      const after = (LastModified?.getTime() ?? Number.NaN) - begunAt;
      tell(`LastModified is ${after} ms after the upload was begun; it was finished after 5 s`);
      expect(after).toBeLessThan(3000);
    },
  },
  {
    name: 'S3 answers HeadBucket where the policy asks for a prefix if there is one, and refuses it where it always does',
    run: async ({ bucket }) => {
      const Bucket = await bucket();
      const { region, endpoint } = trial;
      const connection = { region, ...(endpoint === undefined ? {} : { endpoint }) };
      const iam = new IAMClient(connection);
      const UserName = `${trial.name}-head`;
      await iam.send(new CreateUserCommand({ UserName }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      const credentials = {
        accessKeyId: AccessKey?.AccessKeyId ?? '',
        secretAccessKey: AccessKey?.SecretAccessKey ?? '',
      };
      const s3 = new S3Client({ ...connection, credentials, forcePathStyle: true });
      const head = () =>
        s3.send(new HeadBucketCommand({ Bucket })).then(
          () => 200,
          (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
        );
      for (const [operator, status] of [
        ['StringLikeIfExists', 200],
        ['StringLike', 403],
      ] as const) {
        const Statement = {
          Effect: 'Allow',
          Action: 's3:ListBucket',
          Resource: `arn:aws:s3:::${Bucket}`,
          Condition: { [operator]: { 's3:prefix': 'web/*' } },
        };
        const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
        await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'head', PolicyDocument }));
        await expect.poll(head, { timeout: 120_000, interval: 2000 }).toBe(status);
      }
    },
  },
  {
    name: 'S3 lists in well under a second',
    run: async ({ s3, bucket, fill }) => {
      const Bucket = await bucket();
      await fill(Bucket, ['web/1', 'web/2']);
      const times: number[] = [];
      for (let listing = 0; listing < LISTINGS; listing += 1) {
        const from = performance.now();
        await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'web/', Delimiter: '.vol' }));
        times.push(Math.round(performance.now() - from));
      }
      const median = times.sort((a, b) => a - b)[LISTINGS / 2] ?? Number.NaN;
      tell(`a LIST takes ${median} ms (${times[0]} to ${times.at(-1)})`);
      expect(median).toBeLessThan(1000);
    },
  },
  {
    name: 'the bucket wakes the function within two minutes, and the function remembers what it told',
    run: async ({ s3 }) => {
      const { name, region, endpoint } = trial;
      const stack = await readStack({ region, endpoint }, name);
      const ledger = stack?.resources.find(({ id }) => id === 'LedgerBucket')?.name ?? '';
      const told = async () => {
        const object = { Bucket: ledger, Key: 'state.json' };
        const text = await s3.send(new GetObjectCommand(object)).then(
          ({ Body }) => Body?.transformToString(),
          () => '{}',
        );
        return (JSON.parse(text ?? '{}') as { told?: unknown[] }).told?.length ?? 0;
      };
      const before = await told();
      const from = Date.now();
      // Nobody on the roll writes there, so that the mail names who did, and from where.
      const Key = `nobody/duplicity-full.${formatWrittenTime(from - (from % 1000))}.manifest.gpg`;
      await s3.send(new PutObjectCommand({ Bucket: name, Key, Body: 'x' }));
      await expect.poll(told, { timeout: 120_000, interval: 500 }).toBeGreaterThan(before);
      tell(`an event is told ${((Date.now() - from) / 1000).toFixed(1)} s after the upload`);
    },
  },
];
