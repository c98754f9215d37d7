// Says what a stack that is really deployed meets: policies, clocks, latency, events, and every command of an operator.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { readStack } from '../../shared/aws/deployed-stack.ts';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';
import { GOOD_RUNS } from '../../shared/lambda/log.ts';
import { makeHost } from '../e2e/duplicity-host.ts';
import { type ContractCheck, expectRefusal } from '../local-aws/test/contract-target.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';
import { usersOf } from './account/clean-up.ts';

/** A stack that test/smoke/smoke-aws.ts has deployed; its bucket has its name. */
export type Trial = {
  readonly name: string;
  readonly region: string;
  /** `aws`, `aws-cn`, ... */
  readonly partition: string;
  readonly endpoint?: string;
};

const LISTINGS = 20;
const HOUR = 3_600_000;
const root = resolve(import.meta.dirname, '../..');
const script = join(root, 'scripts/rollcall.ts');
const print = (line: string) => process.stdout.write(`   measured: ${line}\n`);

/** The checks, each of which may take minutes. */
export const stackChecks = (trial: Trial): readonly ContractCheck[] => [
  {
    // "Working with object metadata", S3 User Guide: "For multipart uploads, the object creation date is the date of
    // initiation of the multipart upload."
    name: 'S3 dates an upload in parts to when it was begun',
    matters: 'the time of an event counts, and not that of the object; what each full was is kept',
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
      print(`LastModified is ${after} ms after the upload was begun; it was finished after 5 s`);
      expect(after).toBeLessThan(3000);
    },
  },
  {
    name: 'S3 answers HeadBucket where the policy asks for a prefix if there is one, and refuses it where it always does',
    matters:
      'duplicity gives up when HeadBucket is refused; so hosts can list the names of all objects',
    run: async ({ bucket, settles }) => {
      const Bucket = await bucket();
      const { region, endpoint } = trial;
      const connection = { region, ...(endpoint === undefined ? {} : { endpoint }) };
      const iam = new IAMClient(connection);
      const UserName = usersOf(trial.name).head;
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
          Resource: `arn:${trial.partition}:s3:::${Bucket}`,
          Condition: { [operator]: { 's3:prefix': 'web/*' } },
        };
        const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
        await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'head', PolicyDocument }));
        await settles(async () => expect(await head()).toBe(status));
      }
    },
  },
  {
    name: 'S3 lists in well under a second',
    matters: 'how many hosts one run can judge before its time is up',
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
      print(`a LIST takes ${median} ms (${times[0]} to ${times.at(-1)})`);
      expect(median).toBeLessThan(1000);
    },
  },
  {
    // "Amazon S3 Event Notifications", S3 User Guide: "typically delivers events in seconds but can sometimes take a minute
    // or longer".
    name: 'the bucket wakes the function, and the function remembers whom it notified',
    matters: 'a removal or an overwrite is reported within minutes',
    run: async ({ s3 }) => {
      const { name, region, endpoint } = trial;
      const stack = await readStack({ region, endpoint }, name);
      const records = stack?.resources.find(({ id }) => id === 'LedgerBucket')?.name ?? '';
      const notified = async () => {
        const object = { Bucket: records, Key: 'state.json' };
        const text = await s3.send(new GetObjectCommand(object)).then(
          ({ Body }) => Body?.transformToString(),
          () => '{}',
        );
        const { problems = [] } = JSON.parse(text ?? '{}') as { problems?: { notified: [] }[] };
        return problems.filter((problem) => problem.notified.length > 0).length;
      };
      const before = await notified();
      const from = Date.now();
      // Nobody in the config writes there, so that the mail names who did, and from where.
      const Key = `nobody/duplicity-full.${formatWrittenTime(from - (from % 1000))}.manifest.gpg`;
      await s3.send(new PutObjectCommand({ Bucket: name, Key, Body: 'x' }));
      await expect.poll(notified, { timeout: 600_000, interval: 500 }).toBeGreaterThan(before);
      print(`an event is reported ${((Date.now() - from) / 1000).toFixed(1)} s after the upload`);
    },
  },
  {
    name: 'add-host makes a key with which real duplicity writes a backup, and which deletes nothing',
    matters: 'every host backs up with such a key',
    run: async ({ s3, settles }) => {
      const { name, region, endpoint = `https://s3.${region}.${domainOf(trial)}` } = trial;
      const user = usersOf(name).host;
      const file = join(dirname(process.env.ROLLCALL_HOSTS ?? ''), 'host.aws');
      await rollcall('add-host', user, '--credentials-file', file);
      const [, accessKeyId = '', secretAccessKey = ''] =
        /key_id = (.*)\n.*secret_access_key = (.*)\n/.exec(readFileSync(file, 'utf8')) ?? [];
      const credentials = { accessKeyId, secretAccessKey };
      const asHost = new S3Client({ ...trial, credentials, forcePathStyle: true, maxAttempts: 1 });
      // A new key is not known everywhere at once.
      await settles(() => asHost.send(new HeadBucketCommand({ Bucket: name })));
      const { PATH, AWS_CA_BUNDLE } = process.env;
      const host = await makeHost({ PATH });
      try {
        const env = {
          ...{ PATH, AWS_DEFAULT_REGION: region },
          ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
          ...(AWS_CA_BUNDLE === undefined ? {} : { AWS_CA_BUNDLE }),
        };
        await host.backUp(`boto3+s3://${name}/${user}`, env, endpoint);
      } finally {
        await host.remove();
      }
      const form = { Bucket: name, Prefix: `${user}/` };
      const { Contents = [] } = await s3.send(new ListObjectsV2Command(form));
      const keys = Contents.map(({ Key = '' }) => Key);
      expect(keys.filter((key) => /\.vol\d+\.difftar\.gpg$/.test(key))).toHaveLength(3);
      const Key = keys.find((key) => key.endsWith('.manifest.gpg'));
      await expectRefusal(
        asHost.send(new DeleteObjectCommand({ Bucket: name, Key })),
        /AccessDenied/,
        403,
      );
    },
  },
  {
    name: 'the schedule comes due by itself, its good run is counted as a metric, and the alarm sees it',
    matters: 'nothing else inside the account notices that the checks have stopped',
    differs: { ministack: 'lets no schedule come due here, and makes no metric of a log' },
    run: async ({ settles }) => {
      const { name } = trial;
      const cloudwatch = new CloudWatchClient(trial);
      await settles(async () => {
        const now = Date.now();
        const { Datapoints = [] } = await cloudwatch.send(
          new GetMetricStatisticsCommand({
            ...{ Namespace: GOOD_RUNS.namespace, MetricName: GOOD_RUNS.metric },
            Dimensions: [{ Name: GOOD_RUNS.dimension, Value: `${name}-check-hosts` }],
            ...{ StartTime: new Date(now - 2 * HOUR), EndTime: new Date(now) },
            ...{ Period: 300, Statistics: ['Sum'] },
          }),
        );
        expect(Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0)).toBeGreaterThan(0);
      });
      await settles(async () => {
        const AlarmNames = [`${name}-checks-stopped`];
        const found = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames }));
        expect(found.MetricAlarms?.map(({ StateValue }) => StateValue)).toEqual(['OK']);
      });
    },
  },
  {
    name: 'test-alert is taken by every channel',
    matters: 'an alarm reaches somebody; you are asked whether this one came',
    run: async () => {
      const printed = await rollcall('test-alert', '--stack', trial.name);
      const [, word] = /the code word (.+?) at each address/.exec(printed) ?? [];
      print(`the code word is ${word}`);
      expect(printed.match(/^taken .*/gm)).toHaveLength(2);
      expect(printed).not.toContain('NOBODY is subscribed');
    },
  },
  {
    name: 'the janitor of the stack makes its round',
    matters: 'keepLastGood: without it lifecycle hides nothing, and storage grows',
    run: async () => {
      const stage = trial.name.slice('rollcall-'.length);
      const words = ['invoke', '--function', 'janitor', '--data', '{}', '--stage', stage];
      const printed = await runProgram('sls', words, { cwd: root, env: process.env });
      expect(JSON.parse(printed)).toMatchObject({ hosts: 1, held: 0, tagged: 0 });
    },
  },
  {
    name: 'the doctor can look at everything, and finds nothing wrong',
    matters: 'after each deploy it says what is not as hosts.yml asks for',
    differs: {
      ministack: 'sets no lifecycle for CloudFormation, and does not say whether SES sends',
    },
    run: async () => {
      const printed = await rollcall('doctor', '--stack', trial.name, '--format', 'json').catch(
        (error: unknown) => {
          // A warning is no reason to fail, and has its own exit status.
          if (error instanceof ProgramError) return error.printed;
          throw error;
        },
      );
      const { checks } = JSON.parse(printed) as { checks: { status: string; says: string }[] };
      const wrong = checks.filter(({ status }) => status === 'fail' || status === 'unknown');
      expect(wrong.map(({ status, says }) => `${status}: ${says}`)).toEqual([]);
    },
  },
];

const domainOf = ({ partition }: Trial) =>
  partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';

/** An operator's command, which finds hosts.yml and AWS by the environment. Rejects unless it ends with 0. */
const rollcall = (...words: string[]) =>
  runProgram('node', [script, ...words], { cwd: root, env: process.env });
