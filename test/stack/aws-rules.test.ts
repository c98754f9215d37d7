// Holds the templates of all kinds of rolls to what AWS documents and no emulator enforces.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pMap from 'p-map';
import { beforeAll, describe, expect, it } from 'vitest';
import { readStack } from '../../scripts/stack/package-stack.ts';
import type { Stack } from '../../scripts/stack/stack.ts';
import { copyProject } from '../support/project-copy.ts';
import { bucketRules } from './aws-rules/buckets.ts';
import { identityRules } from './aws-rules/identities.ts';
import { queueRules } from './aws-rules/queues.ts';
import { type Raw, type Rule, readTemplate } from './aws-rules/rule.ts';
import { templateRules } from './aws-rules/templates.ts';
import { watchingRules } from './aws-rules/watching.ts';

const rules = [...bucketRules, ...identityRules, ...queueRules, ...watchingRules, ...templateRules];

/** A roll, and what `sls package` is told besides. */
type Config = {
  readonly region?: string;
  readonly lines?: readonly string[];
  readonly hosts?: number;
  readonly words?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
};

// A function's name has 64 characters, and ends in "-check-hosts".
const LONGEST_STAGE = 43;

const otherBuckets = (count: number) =>
  Array.from(
    { length: count },
    (_, at) => `  b${at}: { target: s3://${`${at}`.padStart(63, 'b')}/x/ }`,
  );
const admins = Array.from({ length: 20 }, (_, at) => `arn:*:iam::111122223333:role/admin-${at}`);

/** `holds` shows that the template is of this roll. */
const configs: { readonly [name: string]: Config & { readonly holds: RegExp } } = {
  'the smallest roll': { holds: /"BucketName":"acme-backups"/ },
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
  'workers for 50,000 hosts': {
    hosts: 1000,
    env: { ROLLCALL_HOSTS_A_RUN: '20' },
    holds: /"MaximumConcurrency":24/,
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
  'the longest stage': {
    lines: ['keepLastGood: true'],
    hosts: 3,
    env: { ROLLCALL_HOSTS_A_RUN: '2' },
    holds: /"FunctionName":"rollcall-s{43}-check-shard"/,
  },
  'administrators besides': { env: { ROLLCALL_ADMINS: admins.join() }, holds: /role\/admin-19/ },
};

function rollOf({ region = 'eu-west-1', lines = [], hosts = 1 }: Config): string {
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

const regionOf = ({ region = 'eu-west-1' }: Config): string =>
  region.replace(/^.* (\S+) \}$/, '$1');

/** What `sls package` writes. */
async function packageConfig(config: Config): Promise<Raw> {
  const project = copyProject(rollOf(config), { emptyBundles: true });
  try {
    await project.sls(['package', ...(config.words ?? [])], config.env);
    const file = join(project.dir, '.serverless/cloudformation-template-update-stack.json');
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    project.remove();
  }
}

function stackFor(config: Config): Stack {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
  try {
    writeFileSync(join(dir, 'hosts.yml'), rollOf(config));
    return readStack(dir, config.env ?? {});
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What the framework adds to a stack: the functions, their logs, the bucket for the zips. It depends on no host. */
const frameworks = new Map<string, Raw>();
const setOf = ({ functions }: Stack): string => Object.keys(functions).sort().join();

/** The template of a stack, from the framework's part of another one with the same functions. */
function compose(stack: Stack): Raw {
  const framework = frameworks.get(setOf(stack)) ?? { Resources: {} };
  return JSON.parse(
    JSON.stringify({
      ...framework,
      Resources: { ...framework.Resources, ...stack.resources },
      Outputs: { ...framework.Outputs, ...stack.outputs },
    }),
  );
}

/** A real template, but for when it was made. */
const timeless = (raw: Raw): Raw =>
  JSON.parse(JSON.stringify(raw).replaceAll(/\d+-\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'));

describe('the template that CloudFormation gets', () => {
  const workers = { ROLLCALL_HOSTS_A_RUN: '2' };
  beforeAll(async () => {
    const packaged: Config[] = [
      {},
      { lines: ['keepLastGood: true'] },
      { hosts: 3, env: workers },
      {
        hosts: 3,
        env: workers,
        lines: ['keepLastGood: true'],
        words: ['--stage', 's'.repeat(LONGEST_STAGE)],
      },
    ];
    await pMap(
      packaged,
      async (config) => {
        const stack = stackFor(config);
        const { Resources, Outputs = {}, ...rest } = await packageConfig(config);
        const others = (all: object, own: object) =>
          Object.fromEntries(Object.entries(all).filter(([id]) => !(id in own)));
        frameworks.set(setOf(stack), {
          ...rest,
          Resources: others(Resources, stack.resources),
          Outputs: others(Outputs, stack.outputs),
        });
      },
      { concurrency: 2 },
    );
  }, 300_000);

  it('is composed here as the framework composes it', async () => {
    const config: Config = { lines: ['existing: true', 'keepDays: 9'], region: 'us-gov-west-1' };
    const real = timeless(await packageConfig(config));
    expect(timeless(compose(stackFor(config)))).toEqual(real);
    expect(Object.keys(real.Resources)).toContain('CheckHostsLambdaFunction');
  }, 120_000);

  it.each(Object.keys(configs))('breaks no rule of AWS for %s', (name) => {
    const { holds, ...config } = configs[name] as (typeof configs)[string];
    const raw = compose(stackFor(config));
    expect(JSON.stringify(raw)).toMatch(holds);
    const template = readTemplate(raw, regionOf(config));
    const found = rules.flatMap(({ says, find }) =>
      find(template).map((what) => `${says}: ${what}`),
    );
    expect(found).toEqual([]);
  });
});

describe('each rule of AWS', () => {
  it.each(rules.map((rule): [string, Rule] => [rule.says, rule]))(
    'finds what breaks it: %s',
    (_, rule) => {
      const { broken, brokenTemplates = [], source, find } = rule;
      expect(source).toMatch(/^".+"/);
      const templates = [...broken.map((Resources) => ({ Resources }) as Raw), ...brokenTemplates];
      expect(templates.length).toBeGreaterThan(0);
      for (const raw of templates) {
        expect(find(readTemplate(raw, 'eu-west-1')), JSON.stringify(raw).slice(0, 300)).not.toEqual(
          [],
        );
      }
    },
  );
});
