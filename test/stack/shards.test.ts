import { describe, expect, it } from 'vitest';
import { stackOf } from '../../scripts/stack/stack.ts';
import { checkShardTimeout } from '../../scripts/stack/worker-resources.ts';
import { HOSTS_A_RUN } from '../../shared/config/config.ts';
import { configOf, fullConfig } from './configs.ts';
import { deployed, ofType } from './deployed.ts';
import { account, accountWith, type Call } from './stack-account.ts';

const BOUND = 2;
const resources = deployed(fullConfig, BOUND);

describe('the stack of a config that one run can hold', () => {
  it('has no workers, and costs nothing for them', () => {
    for (const config of [fullConfig, configOf(HOSTS_A_RUN)]) {
      const { functions, checkHostsEnvironment } = stackOf(config);
      expect(functions).toEqual({});
      expect(checkHostsEnvironment).toEqual({});
      expect(Object.keys(deployed(config)).filter((id) => /Shard/.test(id))).toEqual([]);
    }
  });
});

describe('the stack of a config that one run cannot hold', () => {
  it('has workers from the first host too many on, and is as large for any number of them', () => {
    const { functions, checkHostsEnvironment } = stackOf(configOf(HOSTS_A_RUN + 1));
    expect(Object.keys(functions)).toEqual(['checkShard']);
    expect(checkHostsEnvironment).toMatchObject({ HOSTS_A_RUN: '8000' });
    const sizes = [HOSTS_A_RUN + 1, 50_000].map(
      (hosts) => JSON.stringify(stackOf(configOf(hosts)).resources).length,
    );
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(10);
  });

  it('gives a task out again while the run still waits, and keeps one that cannot be read in the queue of failed runs', () => {
    const { VisibilityTimeout, RedrivePolicy, MessageRetentionPeriod } =
      resources.ShardCalls.Properties;
    expect(RedrivePolicy.deadLetterTargetArn).toContain('-FailedRuns');
    // AWS makes no mapping to a queue that shows a message again while it is worked on.
    expect(VisibilityTimeout).toBe(checkShardTimeout);
    const run = stackOf(fullConfig, [], BOUND);
    expect(run.functions.checkShard).toMatchObject({ timeout: checkShardTimeout });
    expect(2 * VisibilityTimeout).toBeLessThan(900 * 0.8);
    expect(RedrivePolicy.maxReceiveCount).toBe(5);
    expect(RedrivePolicy.maxReceiveCount * VisibilityTimeout).toBeLessThan(MessageRetentionPeriod);
  });

  it.each([
    [HOSTS_A_RUN + 1, 3],
    [50_000, 17],
    [100_000, 24],
  ])('has for %i hosts at most %i workers at once', (hosts, atOnce) => {
    expect(deployed(configOf(hosts)).ShardCallsToFunction.Properties).toMatchObject({
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: atOnce },
    });
  });

  it('rings for a worker that fails', () => {
    const names = ofType(resources, 'AWS::CloudWatch::Alarm').map(
      ({ Properties }) => Properties.AlarmName,
    );
    expect(names).toEqual(
      expect.arrayContaining([
        'rollcall-prod-check-shard-errors',
        'rollcall-prod-check-shard-throttled',
      ]),
    );
  });

  it('forgets after a day what workers answered before their reports were on the records', () => {
    const { Rules } = resources.LedgerBucket.Properties.LifecycleConfiguration;
    expect(Rules).toContainEqual(
      expect.objectContaining({ Prefix: 'shards/', ExpirationInDays: 1, Status: 'Enabled' }),
    );
  });
});

const stack = accountWith(fullConfig, [], BOUND);
const records = 'arn:aws:s3:::rollcall-prod-ledgerbucket';
const answer = `${records}/shards/2026/11/23T081500Z/1795421701234/3of8.json`;
const earlier = `${records}/seals/2026/11/23T081500Z.3of8.json`;
const page = `${records}/hosts/3of8.json`;
const volume = 'arn:aws:s3:::acme-backups/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg';
const queue = (id: string) => `arn:aws:sqs:eu-west-1:${account}:rollcall-prod-${id}`;
const once = { 's3:if-none-match': '*' };

describe('a worker', () => {
  it.each<Call>([
    ['takes calls', 'sqs:ReceiveMessage', queue('ShardCalls')],
    ['says that it has answered one', 'sqs:DeleteMessage', queue('ShardCalls')],
    ['lists the backups', 's3:ListBucket', 'arn:aws:s3:::acme-backups'],
    ['lists their versions', 's3:ListBucketVersions', 'arn:aws:s3:::other-bucket'],
    ['reads who can open them', 's3:GetObject', volume],
    ['finds pages of another cut', 's3:ListBucket', records],
    ['reads what earlier versions remembered', 's3:GetObject', earlier],
    ['reads a page of records', 's3:GetObject', page],
    ['writes a page of records', 's3:PutObject', page],
  ])('%s', async (_, action, resource, context) => {
    expect(await stack.may(stack.checkShard, action, resource, context)).toBe(true);
  });

  it.each<Call>([
    ['write what nobody reads any more', 's3:PutObject', answer, once],
    ['write there', 's3:PutObject', earlier, once],
    ['take a page of records away', 's3:DeleteObject', page],
    ['read what operators said', 's3:GetObject', `${records}/operator/said.json`],
    ['know what was sent', 's3:GetObject', `${records}/state.json`],
    ['say what was judged', 's3:PutObject', `${records}/state.json`, once],
    ['write a report', 's3:PutObject', `${records}/reports/2026/11/23.json`, once],
    ['call', 'sqs:SendMessage', queue('ShardCalls')],
    [
      'speak by the topic',
      'sns:Publish',
      `arn:aws:sns:eu-west-1:${account}:rollcall-prod-AlertsTopic`,
    ],
    [
      'speak by mail',
      'ses:SendRawEmail',
      `arn:aws:ses:eu-west-1:${account}:identity/backups@example.net`,
    ],
    ['take the events of the bucket', 'sqs:ReceiveMessage', queue('ObjectEvents')],
    ['write a backup', 's3:PutObject', volume],
    ['delete a backup', 's3:DeleteObject', volume],
  ])('cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(stack.checkShard, action, resource, context)).toBe(false);
  });
});

describe('the run that calls', () => {
  it.each<Call>([
    ['calls', 'sqs:SendMessage', queue('ShardCalls')],
    ['reads their reports', 's3:GetObject', page],
  ])('%s', async (_, action, resource) => {
    expect(await stack.may(stack.checkHosts, action, resource)).toBe(true);
  });

  it.each<Call>([
    ['write what nobody reads any more', 's3:PutObject', answer, once],
    ['take calls', 'sqs:ReceiveMessage', queue('ShardCalls')],
  ])('cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(stack.checkHosts, action, resource, context)).toBe(false);
  });

  it('is the only one that calls', async () => {
    for (const other of [stack.onObject, stack.scheduler, stack.host('web')]) {
      expect(await stack.may(other, 'sqs:SendMessage', queue('ShardCalls'))).toBe(false);
    }
  });
});
