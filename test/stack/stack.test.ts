import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wakingSuffixes } from '../../scripts/stack/object-events.ts';
import { stackOf } from '../../scripts/stack/stack.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { configOf, existingConfig, fullConfig, keepingConfig, smallestConfig } from './configs.ts';
import { deployed } from './deployed.ts';
import type { Resolved } from './resolve-template.ts';

describe('stackOf', () => {
  it('makes of the smallest config all that guards and watches a bucket', () => {
    const { region, resources } = stackOf(smallestConfig);
    expect(region).toBe('eu-west-1');
    expect(Object.keys(resources).sort()).toEqual([
      'AlertsTopic',
      'AlertsTopicPolicy',
      'AlertsTopicemailedc0424c5325',
      'AlertsUndeliveredAlarm',
      'BackupBucket',
      'BackupBucketPolicy',
      'BreakGlassRole',
      'CheckHostsErrorsAlarm',
      'CheckHostsRole',
      'CheckHostsSchedule',
      'CheckHostsThrottlesAlarm',
      'ChecksStoppedAlarm',
      'EventsWaitingAlarm',
      'FailedRuns',
      'FailedRunsAlarm',
      'HostGroup',
      'LedgerBucket',
      'LedgerBucketPolicy',
      'ObjectEvents',
      'ObjectEventsPolicy',
      'ObjectEventsToFunction',
      'OnObjectErrorsAlarm',
      'OnObjectRole',
      'OnObjectThrottlesAlarm',
      'OpsTopic',
      'OpsTopicPolicy',
      'OpsTopicemailedc0424c5325',
      'SchedulerRole',
    ]);
  });

  it('keeps the state and the records, and lets go what is old', () => {
    const { Rules } = deployed(smallestConfig).LedgerBucket.Properties.LifecycleConfiguration;
    const days = Rules.map((rule: Resolved) => [
      ...[rule.Prefix ?? '', rule.ExpirationInDays],
      rule.NoncurrentVersionExpiration?.NoncurrentDays,
    ]);
    expect(days).toEqual([
      ['', undefined, 30],
      ['reports/', 400, undefined],
      ['drills/', 400, undefined],
      ['hosts/', undefined, 7],
      ['seals/', 45, undefined],
      ['shards/', 1, 1],
    ]);
  });

  it('warns of more hosts with a user of their own than an account may have users', () => {
    expect(stackOf(configOf(5000)).warnings).toEqual([]);
    expect(stackOf(configOf(5001)).warnings).toEqual([
      expect.stringMatching(/^5001 hosts write to their own names in acme-backups.* 5000 at most/),
    ]);
    const many = configOf(10_000);
    const elsewhere = many.hosts.map((host) => ({
      ...host,
      target: { bucket: 'acme-backups', prefix: `shared/${host.name}/` },
    }));
    expect(stackOf({ ...many, hosts: elsewhere }).warnings).toEqual([]);
  });

  it('gives on-object the id of the break-glass role, where there is one', () => {
    expect(stackOf(smallestConfig).onObjectEnvironment).toEqual({
      BREAK_GLASS_ROLE_ID: { 'Fn::GetAtt': ['BreakGlassRole', 'RoleId'] },
    });
    expect(stackOf(existingConfig).onObjectEnvironment).toEqual({});
  });

  it('adds a janitor, with its own role, schedule and alarms, only to keep the last good backup', () => {
    const without = stackOf(fullConfig);
    const keeping = stackOf(keepingConfig);
    const added = Object.keys(keeping.resources).filter((id) => !(id in without.resources));
    expect(added.sort()).toEqual([
      'JanitorErrorsAlarm',
      'JanitorRole',
      'JanitorSchedule',
      'JanitorStoppedAlarm',
      'JanitorThrottlesAlarm',
    ]);
    expect([without.functions, Object.keys(keeping.functions)]).toEqual([{}, ['janitor']]);
    expect(JSON.stringify(without)).not.toMatch(/JanitorRole|JanitorLambda/);
  });

  it('is the same for five thousand hosts as for one, far below 500 resources', () => {
    const one = stackOf(configOf(1));
    expect(stackOf(configOf(5000))).toEqual(one);
    expect(Object.keys(one.resources).length).toBeLessThan(50);
  });

  it('never refers to the bucket by reference, which would close a circle', () => {
    const references = JSON.stringify(stackOf(fullConfig).resources).match(
      /"(?:Ref|Fn::GetAtt)":\[?"BackupBucket"/g,
    );
    expect(references).toBeNull();
  });

  it('takes the config that the project gives as an example', () => {
    const text = readFileSync(new URL('../../hosts.example.yml', import.meta.url), 'utf8');
    const example = stackOf(parseConfig(text, 'hosts.example.yml'));
    expect(example.resources).toHaveProperty('BackupBucket');
  });

  it('leaves a bucket alone that was there before, and listens to it by rules', () => {
    const resources = deployed(existingConfig);
    expect(resources).not.toHaveProperty('BackupBucket');
    expect(resources).not.toHaveProperty('BackupBucketPolicy');
    // `rollcall bucket-settings policy` prints the policy that the owner puts, and it names the role.
    expect(stackOf(existingConfig).outputs).toHaveProperty('BreakGlassRoleArn');
    expect(resources).toHaveProperty('BreakGlassRole');
    expect(resources.FileWrittenRule.Properties.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: ['acme-backups'] },
        object: {
          key: wakingSuffixes.map((suffix) => ({ suffix })),
        },
      },
    });
    expect(resources.ObjectDeletedRule.Properties.EventPattern.detail).toEqual({
      bucket: { name: ['acme-backups'] },
      reason: [{ 'anything-but': ['Lifecycle Expiration'] }],
    });
  });

  it('has no secret in its outputs, and makes none', () => {
    const { resources, outputs } = stackOf(fullConfig);
    const types = Object.values(resources).map((resource) => resource.Type);
    expect(types).not.toContain('AWS::IAM::User');
    expect(types).not.toContain('AWS::IAM::AccessKey');
    expect(JSON.stringify({ resources, outputs })).not.toContain('0123456789abcdef');
    expect(Object.keys(outputs).sort()).toEqual([
      'AlertsTopicArn',
      'BackupBucketName',
      'BreakGlassRoleArn',
      'FailedRunsUrl',
      'HostGroupName',
      'OpsTopicArn',
    ]);
  });

  it('names in its outputs who may do what the break-glass role may, as nothing else could show it later', () => {
    const admins = ['arn:aws:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b/*'];
    expect(stackOf(fullConfig, admins).outputs.BucketAdmins?.Value).toBe(admins.join(','));
  });
});

describe.each([
  ['the smallest config', smallestConfig],
  ['a full config', fullConfig],
  ['an existing bucket', existingConfig],
  ['one that keeps the last good backup', keepingConfig],
])('the roles of the functions for %s', (_, config) => {
  const resources = deployed(config);
  const statements = ['CheckHostsRole', 'OnObjectRole', 'SchedulerRole'].flatMap((id) =>
    resources[id].Properties.Policies.flatMap(
      (policy: Resolved) => policy.PolicyDocument.Statement,
    ),
  );

  it('allow actions by name, on resources by name but for questions that have none', () => {
    const actions = (some: typeof statements) => some.flatMap(({ Action }) => [Action].flat());
    const wide = statements.filter(({ Resource }) => [Resource].flat().includes('*'));
    const ofAccount = [
      'ses:GetAccount',
      'ses:GetSuppressedDestination',
      'sns:CheckIfPhoneNumberIsOptedOut',
      'sns:GetSMSAttributes',
      'sns:GetSMSSandboxAccountStatus',
      // Only as SNS asks for them.
      'sms-voice:DescribeAccountAttributes',
      'sms-voice:DescribeOptedOutNumbers',
      'sms-voice:DescribeSpendLimits',
    ];
    expect(actions(statements).join()).not.toContain('*');
    expect(actions(wide).filter((action) => !ofAccount.includes(action))).toEqual([]);
  });

  it('allow nothing in a backup bucket but to list, see how long it lasts, and read a manifest, or where recipients are compared', () => {
    const s3 = statements
      .filter(({ Resource }) => !JSON.stringify(Resource).includes('ledgerbucket'))
      .flatMap(({ Action }) => [Action].flat())
      .filter((one) => /^s3:/.test(one));
    expect([...new Set(s3)].sort()).toEqual([
      's3:GetLifecycleConfiguration',
      's3:GetObject',
      's3:ListBucket',
      's3:ListBucketVersions',
    ]);
    const compares = config.hosts.some(({ recipients }) => recipients.length > 0);
    const read = statements
      .filter(({ Sid }) => /^(?:ReadWho|SeeWhen)/.test(Sid))
      .flatMap(({ Resource }) => Resource);
    expect(read.every((arn) => compares || /\*\.manifest(?:\.gpg)?$/.test(arn))).toBe(true);
  });

  it('allow to mail only when the config names a sender', () => {
    const mailing = statements.filter(({ Sid }) => Sid === 'SpeakByMail');
    expect(mailing.length).toBe(config.alerts.from === undefined ? 0 : 2);
  });
});
