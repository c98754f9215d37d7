import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SETTINGS, type Setting } from '../../scripts/stack/bucket-settings.ts';
import { wakingSuffixes } from '../../scripts/stack/object-events.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { deployStack } from '../support/local-stack.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-settings-'));
const hosts = join(folder, 'hosts.yml');
const Bucket = 'acme-backups';
let aws: LocalAws;
let s3: S3Client;

const config = (more = '') =>
  `bucket: ${Bucket}\nregion: eu-west-1\nkeepDays: 30\n${more}alerts: { from: b@example.net, mail: [o@example.net] }\nhosts: { web: {} }\n`;
const writeConfig = (more = '') => {
  writeFileSync(hosts, config(more));
  return parseConfig(config(more), 'hosts.yml');
};
const words = (...args: string[]) => ['bucket-settings', '--hosts', hosts, ...args];
const run = (...args: string[]) => runRollcall(aws, words(...args));
/** Prints a setting. */
const print = async (what: Setting) => {
  const { stdout, stderr, status } = await run(what);
  expect([status, stderr]).toEqual([0, expect.stringContaining('to put it into force: aws ')]);
  return JSON.parse(stdout);
};
/** Puts it as `aws s3api put-...` does. */
const put: { [what in Setting]: (printed: never) => Promise<unknown> } = {
  policy: (one) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(one) })),
  lifecycle: (LifecycleConfiguration) =>
    s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration })),
  notification: (NotificationConfiguration) =>
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration })),
  versioning: (VersioningConfiguration) =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })),
  'public-access-block': (PublicAccessBlockConfiguration) =>
    s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration })),
};
/** Reads it as `aws s3api get-...` does. */
const read: { [what in Setting]: () => Promise<unknown> } = {
  policy: async () =>
    JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? ''),
  lifecycle: async () => {
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    return { Rules };
  },
  notification: async () => {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket });
    const { $metadata, ...all } = await s3.send(command);
    return all;
  },
  versioning: async () => {
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    return { Status };
  },
  'public-access-block': async () =>
    (await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration,
};
const all = Object.keys(SETTINGS) as Setting[];

beforeAll(async () => {
  aws = await startLocalAws();
  const { endpoint, region, credentials } = aws;
  s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
});
beforeEach(() => {
  aws.stacks.clear();
  aws.faults.clear();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  s3.destroy();
  await aws.close();
});

describe.each(['', 'keepLastGood: true\n'])(
  'rollcall bucket-settings for a bucket of the stack, with %j in hosts.yml',
  (more) => {
    beforeEach(() => {
      aws.createBucket(Bucket);
      deployStack(aws, writeConfig(more));
    });

    it.each(all)(
      'prints the %s so that S3 takes it, and says the same afterwards',
      async (what) => {
        const printed = await print(what);
        expect(JSON.stringify(printed)).not.toMatch(/"(?:Ref|Fn::\w+)":|AWS::|undefined/);
        await put[what](printed as never);
        expect(await read[what]()).toEqual(printed);
      },
    );
  },
);

describe('rollcall bucket-settings', () => {
  beforeEach(() => aws.createBucket(Bucket));

  it('names the roles, the queue and the admins of the deployed stack, and its account', async () => {
    const sso = 'arn:aws:iam::123456789012:role/sso/*';
    const nameOf = deployStack(aws, writeConfig('keepLastGood: true\n'), { admins: [sso] });
    const { Statement } = await print('policy');
    const roleArn = (id: string) => `arn:aws:iam::${aws.account}:role/${nameOf(id)}`;
    const names = JSON.stringify(Statement);
    for (const arn of [roleArn('BreakGlassRole'), roleArn('JanitorRole'), sso]) {
      expect(names).toContain(JSON.stringify(arn));
    }
    expect(names).toContain(`"arn:aws:iam::${aws.account}:user/backup-hosts/*"`);
    // IAM fills this one in, and not CloudFormation.
    expect(names).toContain(`"arn:aws:s3:::${Bucket}/\${aws:username}/*"`);
    const { QueueConfigurations } = await print('notification');
    expect(QueueConfigurations).toHaveLength(wakingSuffixes.length + 1);
    for (const { QueueArn } of QueueConfigurations) {
      const [queue] = nameOf('ObjectEvents').split('/').slice(-1);
      expect(QueueArn).toBe(`arn:aws:sqs:eu-west-1:${aws.account}:${queue}`);
    }
  });

  it('prints the command that puts it into force, as the role that may', async () => {
    deployStack(aws, writeConfig());
    const { stderr } = await run('public-access-block');
    expect(stderr).toBe(
      'to put it into force: aws --profile break-glass s3api put-public-access-block ' +
        `--bucket ${Bucket} --public-access-block-configuration file://FILE\n`,
    );
  });

  it.each<Setting>(['policy', 'notification'])(
    'reports that there is no stack, and what to do, where the %s names a part of it',
    async (what) => {
      writeConfig();
      const { status, stdout, stderr } = await run(what);
      expect([status, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/error: there is no stack rollcall-prod in eu-west-1/);
      expect(stderr).toMatch(
        /hint: deploy it: npx serverless deploy; or name another: --stack NAME/,
      );
    },
  );

  it.each<Setting>(['lifecycle', 'versioning', 'public-access-block'])(
    'needs neither a stack nor AWS for the %s',
    async (what) => {
      writeConfig();
      aws.faults.add({ fault: { error: 'AccessDenied' } });
      expect((await run(what)).status).toBe(0);
      const nobody = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
      expect((await runRollcall(aws, words(what), nobody)).status).toBe(0);
    },
  );

  it('reports what a stack lacks that is older than hosts.yml', async () => {
    deployStack(aws, writeConfig());
    writeConfig('keepLastGood: true\n');
    const { status, stderr } = await run('policy');
    expect([status, stderr]).toEqual([3, expect.stringMatching(/has no JanitorRole[\s\S]*deploy/)]);
  });

  it('refuses a stack that is for another bucket', async () => {
    deployStack(aws, { ...writeConfig(), bucket: 'former-backups' });
    const { status, stderr } = await run('policy');
    expect(status).toBe(3);
    expect(stderr).toContain(
      `the stack rollcall-prod is for the bucket former-backups, and hosts.yml says ${Bucket}`,
    );
  });

  it('reports which permission is missing', async () => {
    deployStack(aws, writeConfig());
    aws.faults.add({ operation: 'DescribeStacks', fault: { error: 'AccessDenied' } });
    const { status, stderr } = await run('policy');
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/could not read the stack[\s\S]*allow cloudformation:DescribeStacks/),
    ]);
  });

  it.each([
    [[], /which setting is to be printed\?[\s\S]*name one of policy, lifecycle/],
    [['polices'], /there is no setting "polices"[\s\S]*name one of policy, lifecycle/],
    [['constructor'], /there is no setting "constructor"/],
    [['policy', 'lifecycle'], /one setting at a time/],
  ])('exits 3 with what to write for %j', async (args, problem) => {
    writeConfig();
    const { status, stdout, stderr } = await run(...args);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(problem);
  });

  it('shows the whole aws line for each setting in its help, with the profile that may', async () => {
    const { status, stdout } = await run('--help');
    expect(status).toBe(0);
    const lines = stdout.replaceAll('\\\n    ', '');
    for (const what of all) {
      const [call, option] = SETTINGS[what].split(' ');
      expect(lines).toContain(`rollcall bucket-settings ${what} > ${what}.json\n`);
      expect(lines).toContain(
        `aws --profile break-glass s3api ${call} --bucket acme-backups ${option} file://${what}.json\n`,
      );
    }
  });
});

describe('rollcall bucket-settings for a bucket that was there before', () => {
  const theirs = {
    Sid: 'AuditorsMayRead',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::999900001111:root' },
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
  };
  const sameName = { ...theirs, Sid: 'TlsOnly' };
  const theirRule = {
    ID: 'expire',
    Status: 'Enabled' as const,
    Filter: { Prefix: 'logs/' },
    Expiration: { Date: new Date('2027-01-01T00:00:00Z') },
  };
  const theirTopic = {
    Id: 'their-topic',
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:theirs',
    Events: ['s3:ObjectCreated:*' as const],
  };
  const queueCalled = (name: string) => ({
    Id: name,
    QueueArn: `arn:aws:sqs:eu-west-1:123456789012:${name}`,
    Events: ['s3:ObjectRemoved:*' as const],
  });

  beforeEach(async () => {
    aws.createBucket(Bucket);
    deployStack(aws, writeConfig('existing: true\n'));
    await put.policy({ Version: '2012-10-17', Statement: [theirs, sameName] } as never);
    await put.lifecycle({ Rules: [theirRule] } as never);
    await put.notification({
      TopicConfigurations: [theirTopic],
      QueueConfigurations: [queueCalled('their-queue')],
    } as never);
  });

  it('keeps every statement of others, also one of the same name, and adds its own', async () => {
    const { Statement } = await print('policy');
    expect(Statement.slice(0, 2)).toEqual([theirs, sameName]);
    const own = Statement.slice(2).map(({ Sid }: { Sid: string }) => Sid);
    expect(own).toContain('RollcallTlsOnly');
    expect(own.every((sid: string) => sid.startsWith('Rollcall'))).toBe(true);
  });

  it('keeps every rule of others, also one of the same name, and adds its own', async () => {
    const { Rules } = await print('lifecycle');
    expect(Rules[0]).toEqual({
      ...theirRule,
      Expiration: { Date: '2027-01-01T00:00:00.000Z' },
    });
    expect(Rules.slice(1).map(({ ID }: { ID: string }) => ID)).toContain('rollcall-expire');
  });

  it('switches EventBridge on next to the notifications of others', async () => {
    expect(await print('notification')).toEqual({
      TopicConfigurations: [theirTopic],
      QueueConfigurations: [queueCalled('their-queue')],
      EventBridgeConfiguration: {},
    });
  });

  it('takes out the queue of a stack that was removed, which S3 would refuse', async () => {
    const former = queueCalled('rollcall-prod-ObjectEvents-0Z9Y8X');
    await put.notification({ QueueConfigurations: [former] } as never);
    expect(await print('notification')).toEqual({ EventBridgeConfiguration: {} });
  });

  it.each(all)(
    'prints the %s so that S3 takes it, and is the same when printed again',
    async (what) => {
      const printed = await print(what);
      const asTaken = what === 'lifecycle' ? withDates(printed) : printed;
      await put[what](asTaken as never);
      expect(await read[what]()).toEqual(asTaken);
      expect(await print(what)).toEqual(printed);
    },
  );

  it('starts from nothing on a bucket that has none of it', async () => {
    aws.createBucket('bare');
    writeFileSync(hosts, config('existing: true\n').replace(Bucket, 'bare'));
    deployStack(aws, parseConfig(config('existing: true\n').replace(Bucket, 'bare'), 'hosts.yml'));
    expect((await print('policy')).Statement[0].Sid).toBe('RollcallTlsOnly');
    expect((await print('lifecycle')).Rules[0].ID).toBe('rollcall-expire');
    expect(await print('notification')).toEqual({ EventBridgeConfiguration: {} });
  });

  it('changes nothing by itself, and says which permission is missing', async () => {
    aws.faults.add({ operation: 'GetBucketPolicy', fault: { error: 'AccessDenied' } });
    const { status, stdout, stderr } = await run('policy');
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/could not read the policy[\s\S]*allow s3:GetBucketPolicy/);
    aws.faults.clear();
    expect(await read.policy()).toEqual({ Version: '2012-10-17', Statement: [theirs, sameName] });
  });

  it('refuses to print a policy that is larger than S3 takes', async () => {
    const large = { ...theirs, Resource: `arn:aws:s3:::${Bucket}/${'x'.repeat(18_000)}` };
    await put.policy({ Version: '2012-10-17', Statement: [large] } as never);
    const { status, stdout, stderr } = await run('policy');
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/the policy would have \d+ bytes, and S3 takes 20480[\s\S]*hint: take/);
  });
});

/** The dates in JSON, as the SDK takes them; the aws command reads them itself. */
function withDates({ Rules }: { Rules: (typeof theirDated)[] }) {
  return {
    Rules: Rules.map((rule) =>
      rule.Expiration?.Date === undefined
        ? rule
        : { ...rule, Expiration: { Date: new Date(rule.Expiration.Date) } },
    ),
  };
}
const theirDated = {} as { Expiration?: { Date?: string } };
