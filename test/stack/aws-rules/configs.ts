// The kinds of configs whose templates are held to the rules.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resources, Value } from '../../../scripts/stack/cloudformation.ts';
import { onObjectTimeout } from '../../../scripts/stack/object-events.ts';
import { readStack } from '../../../scripts/stack/package-stack.ts';
import type { Stack } from '../../../scripts/stack/stack.ts';

/** A config, and the environment that it is packaged in. */
export type Config = {
  readonly region?: string;
  readonly lines?: readonly string[];
  readonly hosts?: number;
  readonly env?: NodeJS.ProcessEnv;
};

const otherBuckets = (count: number) =>
  Array.from(
    { length: count },
    (_, at) => `  b${at}: { target: s3://${`${at}`.padStart(63, 'b')}/x/ }`,
  );
const admins = Array.from({ length: 20 }, (_, at) => `arn:*:iam::111122223333:role/admin-${at}`);

/** `holds` shows that the template is of this config. */
export const configs: { readonly [name: string]: Config & { readonly holds: RegExp } } = {
  'the smallest config': { holds: /"BucketName":"acme-backups"/ },
  'an existing bucket': { lines: ['existing: true'], holds: /"FileWrittenRule"/ },
  'the last good backup kept': { lines: ['keepLastGood: true'], holds: /"JanitorSchedule"/ },
  'an existing bucket, and the last good backup kept': {
    lines: ['existing: true', 'keepLastGood: true'],
    holds: /"FileWrittenRule"[\s\S]*"JanitorRole"/,
  },
  '50 hosts': { hosts: 50, holds: /"BackupBucket"/ },
  '500 hosts': { hosts: 500, holds: /"BackupBucket"/ },
  '5,000 hosts': { hosts: 5000, holds: /"BackupBucket"/ },
  'a bucket with the longest name': {
    lines: [`bucket: ${'a'.repeat(63)}`, 'keepDays: 99999'],
    holds: /a{63}-hosts/,
  },
  'recipients, SMS, webhooks and a sender': {
    lines: [
      'alerts:',
      '  from: backups@example.net',
      '  mail: [ops@example.net, boss@example.net]',
      '  sms: ["+31600000000", "+31600000001"]',
      '  https: [https://chat.example.net/hook]',
      '  ops: [admin@example.net]',
      'recipients: [0123456789ABCDEF]',
    ],
    holds: /"Endpoint":"\+31600000001"/,
  },
  'hosts as metrics of CloudWatch': {
    lines: ['metrics: cloudwatch', `bucket: ${'m'.repeat(63)}`],
    hosts: 5000,
    holds: /"AWS::CloudWatch::Dashboard"/,
  },
  'as many buckets as fit': {
    lines: ['recipients: [0123456789ABCDEF]', 'hosts:', '  own: {}', ...otherBuckets(40)],
    holds: /b{61}39/,
  },
  'workers, and the last good backup kept': {
    lines: ['keepLastGood: true'],
    hosts: 3,
    env: { ROLLCALL_HOSTS_A_RUN: '2' },
    holds: /"ShardCalls"/,
  },
  'workers for 1,000 hosts': {
    hosts: 1000,
    env: { ROLLCALL_HOSTS_A_RUN: '20' },
    holds: /"MaximumConcurrency":2\b/,
  },
  China: { region: 'cn-north-1', lines: ['keepLastGood: true'], holds: /"BackupBucket"/ },
  GovCloud: {
    region: 'us-gov-west-1',
    hosts: 3,
    env: { ROLLCALL_HOSTS_A_RUN: '2' },
    holds: /"ShardCalls"/,
  },
  'the European Sovereign Cloud': { region: 'eusc-de-east-1', holds: /"BackupBucket"/ },
  'a region that is newer than the list': {
    region: '{ new: eu-southwest-9 }',
    holds: /"BackupBucket"/,
  },
  'an existing bucket, workers and a janitor': {
    lines: ['existing: true', 'keepLastGood: true'],
    hosts: 3,
    env: { ROLLCALL_HOSTS_A_RUN: '2' },
    holds: /"FileWrittenRule"[\s\S]*"ShardCalls"/,
  },
  'administrators besides': { env: { ROLLCALL_ADMINS: admins.join() }, holds: /role\/admin-19/ },
};

export function configOf({ region = 'eu-west-1', lines = [], hosts = 1 }: Config): string {
  const has = (key: string) => lines.some((line) => line.startsWith(`${key}:`));
  const names = Array.from({ length: hosts }, (_, at) => `  host-${at}: {}`);
  return [
    ...(has('bucket') ? [] : ['bucket: acme-backups']),
    `region: ${region}`,
    ...(has('alerts') ? [] : ['alerts: { mail: [ops@example.net] }']),
    ...lines,
    ...(has('hosts') ? [] : ['hosts:', ...names]),
    '',
  ].join('\n');
}

export const regionOf = ({ region = 'eu-west-1' }: Config): string =>
  region.replace(/^.* (\S+) \}$/, '$1');

/** The stack, as `serverless.yml` gets it. */
export function stackFor(config: Config): Stack {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
  try {
    writeFileSync(join(dir, 'hosts.yml'), configOf(config));
    return readStack(dir, config.env ?? {});
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What stands for the functions that the framework makes; aws-rules.slow.test.ts holds it to the real ones. */
export function functionsOf({ functions, ...stack }: Stack): Resources {
  const timeouts: { readonly [id: string]: Value | undefined } = {
    CheckHosts: 900,
    OnObject: onObjectTimeout,
    Janitor: (functions.janitor as Settings)?.timeout,
    CheckShard: (functions.checkShard as Settings)?.timeout,
  };
  const environments: { readonly [id: string]: Value } = {
    CheckHosts: stack.checkHostsEnvironment,
    OnObject: stack.onObjectEnvironment,
  };
  return Object.fromEntries(
    Object.entries(timeouts).flatMap(([id, Timeout]) => {
      if (Timeout === undefined) return [];
      const Environment = { Variables: environments[id] ?? {} };
      const Role = { 'Fn::Sub': `\${${id}Role.Arn}` };
      return [
        [
          `${id}LambdaFunction`,
          { Type: 'AWS::Lambda::Function', Properties: { Timeout, Role, Environment } },
        ],
        [`${id}LogGroup`, { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 90 } }],
      ];
    }),
  );
}

type Settings = { readonly timeout: number } | undefined;
