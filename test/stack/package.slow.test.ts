import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { callersName } from '../../scripts/stack/cloudformation.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';
import { copyProject } from '../support/project-copy.ts';
import { readFixture } from '../support/recorded.ts';
import { buildMessage, noise, recordedMessages } from '../support/recorded-message.ts';
import type { ProgramError } from '../support/run-program.ts';
import { cycleIn } from './cycle-in.ts';
import type { Resolved } from './resolve-template.ts';
import { zipNames } from './zip-names.ts';

const config = `bucket: acme-backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`;

/** What the function loads when it needs it is in a folder of its name. */
function expectOwnFiles(zip: Buffer, name: string): void {
  const others = zipNames(zip).filter((file) => !file.startsWith(`.bundle/${name}/`));
  expect(others.sort()).toEqual(['.bundle/config.json', `.bundle/${name}.mjs`].sort());
}

describe('sls package', () => {
  const project = copyProject(config);
  const packaged = (file: string) => readFileSync(join(project.dir, '.serverless', file));
  let template: Resolved;

  beforeAll(async () => {
    await project.sls(['package']);
    template = JSON.parse(packaged('cloudformation-template-update-stack.json').toString());
  });
  afterAll(project.remove);

  it.each(['check-hosts', 'on-object'])(
    'puts into the zip of %s only its own files and the config',
    (name) => {
      const zip = packaged(`${name.replace(/-(.)/, (_, letter) => letter.toUpperCase())}.zip`);
      expectOwnFiles(zip, name);
      expect(zip.length).toBeLessThan(440_000);
    },
  );

  it.each(['check-hosts', 'on-object'])('makes a bundle of %s that loads', async (name) => {
    const bundle = await import(join(project.dir, '.bundle', `${name}.mjs`));
    expect(bundle.handler).toBeTypeOf('function');
  });

  it('configures both functions alike, and tells them where the config is', () => {
    const roleId = { 'Fn::GetAtt': ['BreakGlassRole', 'RoleId'] };
    for (const [id, more] of Object.entries({
      CheckHosts: {},
      OnObject: { BREAK_GLASS_ROLE_ID: roleId },
    })) {
      const { Properties } = template.Resources[`${id}LambdaFunction`];
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Role: { 'Fn::Sub': `\${${id}Role.Arn}` },
      });
      expect(Properties.Environment.Variables).toEqual({
        CONFIG_FILE: '.bundle/config.json',
        ALERTS_TOPIC_ARN: { Ref: 'AlertsTopic' },
        OPS_TOPIC_ARN: { Ref: 'OpsTopic' },
        LEDGER_BUCKET: { Ref: 'LedgerBucket' },
        ...more,
      });
      const log = template.Resources[`${id}LogGroup`];
      expect(log.Properties.RetentionInDays).toBe(90);
    }
    const retries = template.Resources.CheckHostsLambdaEvConf.Properties;
    expect(retries.MaximumRetryAttempts).toBe(2);
    expect(retries.DestinationConfig.OnFailure.Destination).toEqual({
      'Fn::GetAtt': ['FailedRuns', 'Arn'],
    });
  });

  it('makes a template without circles, of few resources', () => {
    expect(cycleIn(template.Resources)).toBeUndefined();
    expect(template.Resources).not.toHaveProperty('JanitorLambdaFunction');
    expect(Object.keys(template.Resources).length).toBeLessThan(50);
  });

  it('leaves the name of the caller for IAM to fill in', () => {
    const names = JSON.stringify(template.Resources.HostGroup).split(callersName).length - 1;
    expect(names).toBe(2);
  });
});

describe('sls package where the last good backup is kept', () => {
  const project = copyProject(`${config}keepLastGood: true\n`);
  afterAll(project.remove);

  it('makes a third function, configured like the others, with its own role', async () => {
    await project.sls(['package']);
    const folder = join(project.dir, '.serverless');
    expectOwnFiles(readFileSync(join(folder, 'janitor.zip')), 'janitor');
    const file = join(folder, 'cloudformation-template-update-stack.json');
    const { Resources } = JSON.parse(readFileSync(file, 'utf8'));
    expect(Resources.JanitorLambdaFunction.Properties).toMatchObject({
      FunctionName: 'rollcall-prod-janitor',
      Handler: '.bundle/janitor.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::Sub': `\${JanitorRole.Arn}` },
      Environment: { Variables: { CONFIG_FILE: '.bundle/config.json' } },
    });
    expect(Resources.JanitorLogGroup.Properties.RetentionInDays).toBe(90);
    expect(Resources.JanitorLambdaEvConf.Properties).toMatchObject({
      MaximumRetryAttempts: 2,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': ['FailedRuns', 'Arn'] } },
      },
    });
    expect(cycleIn(Resources)).toBeUndefined();
    const { handler } = await import(join(project.dir, '.bundle/janitor.mjs'));
    expect(handler).toBeTypeOf('function');
  });
});

describe('sls package where IAM cannot have a user for each host', () => {
  const hosts = Array.from({ length: 5001 }, (_, number) => `  host-${number}: {}\n`).join('');
  const project = copyProject(config.replace('hosts: { web: {} }\n', `hosts:\n${hosts}`));
  afterAll(project.remove);

  it('reports that once, and packages: they may share credentials', async () => {
    const printed = await project.sls(['package']);
    expect(printed.split('5001 hosts write to their own names in acme-backups')).toHaveLength(2);
    expect(printed).toContain('docs/past-one-run.md#users');
  });
});

describe('sls package where the config is too big for one run', () => {
  const project = copyProject(config.replace('{ web: {} }', '{ web: {}, db: {}, nas: {} }'));
  afterAll(project.remove);

  it('makes the function of the workers, and tells the schedule’s of their queue', async () => {
    await project.sls(['package'], { ROLLCALL_HOSTS_A_RUN: '2' });
    const folder = join(project.dir, '.serverless');
    expectOwnFiles(readFileSync(join(folder, 'checkShard.zip')), 'check-shard');
    const file = join(folder, 'cloudformation-template-update-stack.json');
    const { Resources } = JSON.parse(readFileSync(file, 'utf8'));
    expect(Resources.CheckShardLambdaFunction.Properties).toMatchObject({
      FunctionName: 'rollcall-prod-check-shard',
      Handler: '.bundle/check-shard.handler',
      Timeout: 300,
      Role: { 'Fn::Sub': `\${CheckShardRole.Arn}` },
    });
    expect(Resources.CheckHostsLambdaFunction.Properties.Environment.Variables).toMatchObject({
      SHARD_QUEUE_URL: { Ref: 'ShardCalls' },
      HOSTS_A_RUN: '2',
    });
    expect(cycleIn(Resources)).toBeUndefined();
    const { handler } = await import(join(project.dir, '.bundle/check-shard.mjs'));
    expect(handler).toBeTypeOf('function');
  });

  it('refuses a bound that is no number', async () => {
    const wrong = { ROLLCALL_HOSTS_A_RUN: 'many' };
    const { printed } = (await project.sls(['package'], wrong).catch((e) => e)) as ProgramError;
    expect(printed).toContain('ROLLCALL_HOSTS_A_RUN is "many", but must be a number of hosts');
  });
});

describe('sls package of a config with a key file', () => {
  const named = config.replace('hosts:', 'recipients: [keys/web.asc]\nhosts:');
  const project = copyProject(named);
  const key = (file: string) => readFixture(`keys/${file}.pub.asc`);
  const put = (armoured: string) => {
    mkdirSync(join(project.dir, 'keys'), { recursive: true });
    writeFileSync(join(project.dir, 'keys/web.asc'), armoured);
  };
  let deployed: Deployed;
  beforeEach(async () => {
    deployed = await deploy(config.replace('acme-', ''));
  });
  afterEach(() => deployed.close());
  afterAll(project.remove);

  /** What the packaged function mails of a full that is encrypted to the key of curve.pub.asc. */
  async function mailed(run: string): Promise<string | undefined> {
    const message = recordedMessages.find(({ to, plain }) => to === 'curve25519' && plain === 4050);
    if (message === undefined) throw new Error('nothing recorded');
    for (const { name, modifiedAt } of aFull({ begun: '2026-11-23T03:15:02Z', volumes: 1 })) {
      const body = Buffer.from(buildMessage(message, noise(1)));
      deployed.aws.put('backups', `web/${name}`, body, { modified: modifiedAt });
    }
    vi.stubEnv('LAMBDA_TASK_ROOT', project.dir);
    vi.stubEnv('CONFIG_FILE', '.bundle/config.json');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-23T08:15:00Z') });
    const { handler } = await import(`${join(project.dir, '.bundle/check-hosts.mjs')}?${run}`);
    const context = { getRemainingTimeInMillis: () => 900_000 };
    await handler({ scheduledAt: '2026-11-23T08:15:00Z' }, context);
    return deployed.aws.outbox.mails[0]?.subject;
  }

  it('makes functions that judge by the key, without the file', async () => {
    writeFileSync(join(project.dir, 'hosts.yml'), named.replace('acme-', ''));
    put(key('curve'));
    await project.sls(['package']);
    put('gone');
    expectOwnFiles(readFileSync(join(project.dir, '.serverless/checkHosts.zip')), 'check-hosts');
    expect(await mailed('right')).toBe('[backup] 1 of 1 host OK - Mon 23 Nov (#2026-327)');
  });

  it('makes functions that alarm when a backup is encrypted to another', async () => {
    put(key('backup'));
    await project.sls(['package']);
    expect(await mailed('wrong')).toBe('[backup] 1 of 1 host FAILED: web WRONG-RECIPIENT');
  });

  it('makes nothing when the file is none', async () => {
    put(key('curve').slice(0, 300));
    const { status, printed } = (await project
      .sls(['package'])
      .catch((error) => error)) as ProgramError;
    expect(status).toBe(1);
    expect(printed).toContain('hosts.yml:4: recipients: keys/web.asc is cut off, damaged or');
  });
});

describe('sls package of a config that may not reach somebody', () => {
  const project = copyProject(
    'bucket: acme-backups\nalerts: { https: ["https://chat.example/SECRET"], sms: ["+12025550100"] }\nhosts: { web: {} }\n',
  );
  afterAll(project.remove);

  it('warns of each thing once, and makes the package', async () => {
    const printed = await project.sls(['package']);
    expect(printed.match(/^warning: .*$/gm)).toEqual([
      expect.stringMatching(/^warning: alerts\.sms: \+12025550100: carriers of the United States/),
      expect.stringMatching(/^warning: alerts\.https is the older name of webhooks/),
    ]);
    expect(printed).not.toContain('SECRET');
    const folder = join(project.dir, '.serverless');
    const template = readFileSync(
      join(folder, 'cloudformation-template-update-stack.json'),
      'utf8',
    );
    expect(template).not.toContain('SECRET');
  });
});

describe('sls package of a wrong config', () => {
  const project = copyProject('bucket: Acme_backups\nregion: mars\nhosts:\n  web: { windo: {} }\n');
  afterAll(project.remove);

  it('prints every mistake, once, with its line, and makes nothing', async () => {
    const { status, printed } = (await project
      .sls(['package'])
      .catch((error) => error)) as ProgramError;
    expect(status).toBe(1);
    expect(printed.split('\n')).toEqual([
      'The config cannot be read, and nothing was done:',
      expect.stringMatching(/^ {2}hosts\.yml:1: bucket is "Acme_backups"/),
      expect.stringMatching(/^ {2}hosts\.yml:1: nobody is notified of a bad host/),
      expect.stringMatching(/^ {2}hosts\.yml:2: region is "mars"/),
      expect.stringMatching(/^ {2}hosts\.yml:4: unknown key "windo", did you mean "window"/),
      '',
    ]);
  });

  it('reports what to do when there is no config', async () => {
    const missing = { ROLLCALL_HOSTS: 'nowhere.yml' };
    const { printed } = (await project.sls(['package'], missing).catch((e) => e)) as ProgramError;
    expect(printed).toContain('nowhere.yml: cannot be read (ENOENT): copy hosts.example.yml');
  });
});
