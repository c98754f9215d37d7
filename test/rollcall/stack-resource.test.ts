import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { keepingConfig } from '../stack/configs.ts';
import { deployStack } from '../support/local-stack.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-stack-resource-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;
let nameOf: (id: string) => string;

const run = (...words: string[]) =>
  runRollcall(aws, ['stack-resource', ...words, '--hosts', hosts]);
const inputOf = async (id: string) => JSON.parse((await run(id)).stdout);

beforeAll(async () => {
  aws = await startLocalAws();
  nameOf = deployStack(aws, keepingConfig);
  writeFileSync(hosts, 'bucket: acme-backups\nregion: eu-west-1\nhosts: { web: {} }\n');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall stack-resource', () => {
  it('prints an alarm with all its properties and real names', async () => {
    expect(await inputOf('OnObjectErrorsAlarm')).toEqual({
      AlarmName: 'rollcall-prod-on-object-errors',
      AlarmDescription: expect.stringContaining('A run of on-object failed'),
      AlarmActions: [nameOf('OpsTopic')],
      ...{ Namespace: 'AWS/Lambda', MetricName: 'Errors', Statistic: 'Sum', Period: 300 },
      Dimensions: [{ Name: 'FunctionName', Value: nameOf('OnObjectLambdaFunction') }],
      ...{ ComparisonOperator: 'GreaterThanThreshold', Threshold: 0, EvaluationPeriods: 1 },
      TreatMissingData: 'notBreaching',
    });
    const { Metrics } = await inputOf('ChecksStoppedAlarm');
    expect(Metrics).toHaveLength(2);
    expect(Metrics[1].MetricStat.Metric.Dimensions[0].Value).toBe(
      nameOf('CheckHostsLambdaFunction'),
    );
  });

  it('prints a schedule that is switched on', async () => {
    expect(await inputOf('JanitorSchedule')).toMatchObject({
      ...{ Name: nameOf('JanitorSchedule'), State: 'ENABLED' },
      ScheduleExpression: 'cron(30 20 * * ? *)',
      Target: {
        Arn: `arn:aws:lambda:eu-west-1:${aws.account}:function:${nameOf('JanitorLambdaFunction')}`,
        RoleArn: `arn:aws:iam::${aws.account}:role/${nameOf('SchedulerRole')}`,
      },
    });
  });

  it.each([
    ['HostGroup', 'PolicyDocument', 'GroupName'],
    ['CheckHostsRole', 'PolicyDocument', 'RoleName'],
    ['OpsTopicPolicy', 'AttributeValue', 'TopicArn'],
  ])('prints the policy of %s as the text that its service takes', async (id, policy, owner) => {
    const input = await inputOf(id);
    expect(JSON.parse(input[policy]).Statement).not.toHaveLength(0);
    expect(input[policy]).not.toMatch(/Fn::|"Ref"|\$\{AWS/);
    expect(input).toHaveProperty(owner, expect.stringMatching(/./));
  });

  it('prints the policy of a queue, and a trigger that is switched on', async () => {
    const { QueueUrl, Attributes } = await inputOf('ObjectEventsPolicy');
    expect(QueueUrl).toBe(nameOf('ObjectEvents'));
    expect(JSON.parse(Attributes.Policy).Statement[0].Sid).toBe('OnlyTheSourceOfThisStackSends');
    const trigger = await inputOf('ObjectEventsToFunction');
    expect(trigger).toMatchObject({ UUID: nameOf('ObjectEventsToFunction'), Enabled: true });
    expect(trigger).not.toHaveProperty('EventSourceArn');
  });

  it.each([
    ['no name', [], 'one resource is to be named'],
    [
      'a name that the stack has not',
      ['Nothing'],
      'the stack rollcall-prod has no resource "Nothing"',
    ],
    ['a name of every object', ['constructor'], 'has no resource "constructor"'],
    ['another stack', ['HostGroup', '--stack', 'x'], 'there is no stack x in eu-west-1'],
    [
      'what no call puts back',
      ['OpsTopic'],
      'no command puts OpsTopic back: it is a AWS::SNS::Topic',
    ],
  ])('reports what to do about %s, and prints nothing', async (_, words, says) => {
    const { status, stdout, stderr } = await run(...words);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain(says);
    expect(stderr).toMatch(/^rollcall: hint: ./m);
  });
});
