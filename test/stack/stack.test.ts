import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { manifestSuffixes } from '../../scripts/stack/object-events.ts';
import { stackOf } from '../../scripts/stack/stack.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import { type Resolved, resolveTemplate } from './resolve-template.ts';
import { existingRoll, fullRoll, rollOf, smallestRoll } from './rolls.ts';

const ofType = (resources: { [id: string]: Resolved }, type: string): Resolved[] =>
  Object.values(resources).filter((resource) => resource.Type === type);

const deployed = (roll = fullRoll) => resolveTemplate(stackOf(roll).resources);

describe('stackOf', () => {
  it('makes of the smallest roll all that guards and watches a bucket', () => {
    const { region, resources } = stackOf(smallestRoll);
    expect(region).toBe('eu-west-1');
    expect(Object.keys(resources).sort()).toEqual([
      'AlertsTopic',
      'AlertsTopicPolicy',
      'AlertsUndeliveredAlarm',
      'BackupBucket',
      'BackupBucketPolicy',
      'BreakGlassRole',
      'CheckHostsErrorsAlarm',
      'CheckHostsRole',
      'CheckHostsSchedule',
      'CheckHostsThrottlesAlarm',
      'ChecksStoppedAlarm',
      'FailedRuns',
      'FailedRunsAlarm',
      'HostGroup',
      'OnObjectErrorsAlarm',
      'OnObjectRole',
      'OnObjectThrottlesAlarm',
      'OpsTopic',
      'OpsTopicPolicy',
      'S3MayInvokeOnObject',
      'SchedulerRole',
    ]);
  });

  it('is the same for five thousand hosts as for one, far below 500 resources', () => {
    const one = stackOf(rollOf(1));
    expect(stackOf(rollOf(5000))).toEqual(one);
    expect(Object.keys(one.resources).length).toBeLessThan(50);
  });

  it('never refers to the bucket by reference, which would close a circle', () => {
    const references = JSON.stringify(stackOf(fullRoll).resources).match(
      /"(?:Ref|Fn::GetAtt)":\[?"BackupBucket"/g,
    );
    expect(references).toBeNull();
  });

  it('takes the roll that the project gives as an example', () => {
    const text = readFileSync(new URL('../../hosts.example.yml', import.meta.url), 'utf8');
    const example = stackOf(readRoster(text, 'hosts.example.yml'));
    expect(example.resources).toHaveProperty('BackupBucket');
  });

  it('leaves a bucket alone that was there before, and listens to it by rules', () => {
    const resources = deployed(existingRoll);
    expect(resources).not.toHaveProperty('BackupBucket');
    expect(resources).not.toHaveProperty('BackupBucketPolicy');
    expect(resources).not.toHaveProperty('BreakGlassRole');
    expect(stackOf(existingRoll).outputs).not.toHaveProperty('BreakGlassRoleArn');
    expect(resources.ManifestWrittenRule.Properties.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: ['acme-backups'] },
        object: {
          key: [
            { suffix: '.manifest' },
            { suffix: '.manifest.gpg' },
            { suffix: '.m' },
            { suffix: '.m.g' },
          ],
        },
      },
    });
    expect(resources.ObjectDeletedRule.Properties.EventPattern.detail).toEqual({
      bucket: { name: ['acme-backups'] },
      reason: [{ 'anything-but': ['Lifecycle Expiration'] }],
    });
  });

  it('says no secret in its outputs, and makes none', () => {
    const { resources, outputs } = stackOf(fullRoll);
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

  it('refuses a roll of more buckets than a role can hold, and fits those that it takes', () => {
    const withBuckets = (count: number) => ({
      ...fullRoll,
      hosts: Array.from({ length: count }, (_, index) => ({
        // biome-ignore lint/style/noNonNullAssertion: the full roll has hosts
        ...fullRoll.hosts[0]!,
        target: { bucket: `${index}`.padStart(63, 'b'), prefix: 'x/' },
      })),
    });
    const [policy] = deployed(withBuckets(49)).CheckHostsRole.Properties.Policies;
    expect(JSON.stringify(policy.PolicyDocument).length).toBeLessThan(10_240);
    expect(() => stackOf(withBuckets(50))).toThrow('names 51 buckets');
  });
});

describe('the bucket', () => {
  const { BackupBucket } = deployed();

  it('outlives its stack, except a first deployment that fails', () => {
    expect(BackupBucket.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(BackupBucket.UpdateReplacePolicy).toBe('Retain');
  });

  it('keeps versions, is encrypted, and is nobody else’s', () => {
    expect(BackupBucket.Properties).toMatchObject({
      BucketName: 'acme-backups',
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('expires after keepDays, keeps what expired for 8 days more, and sweeps behind itself', () => {
    expect(BackupBucket.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'expire',
        Status: 'Enabled',
        ExpirationInDays: 30,
        NoncurrentVersionExpiration: { NoncurrentDays: 8 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
      { Id: 'sweep-markers', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
    ]);
  });

  it('has a policy that fits into the 20 KB that S3 takes', () => {
    const document = deployed().BackupBucketPolicy.Properties.PolicyDocument;
    expect(JSON.stringify(document).length).toBeLessThan(20_480);
  });
});

describe('the events', () => {
  const { NotificationConfiguration } = deployed().BackupBucket.Properties;

  it('come for each manifest and for each removal, and for nothing that lifecycle does', () => {
    const events = NotificationConfiguration.LambdaConfigurations.map((one: Resolved) => [
      one.Event,
      one.Filter?.S3Key.Rules[0].Value,
    ]);
    expect(events).toEqual([
      ['s3:ObjectCreated:*', '.manifest'],
      ['s3:ObjectCreated:*', '.manifest.gpg'],
      ['s3:ObjectCreated:*', '.m'],
      ['s3:ObjectCreated:*', '.m.g'],
      ['s3:ObjectRemoved:*', undefined],
    ]);
  });

  it('have suffixes of which none ends another, which S3 would refuse as ambiguous', () => {
    const overlaps = manifestSuffixes.flatMap((one) =>
      manifestSuffixes.filter((other) => other !== one && other.endsWith(one)),
    );
    expect(overlaps).toEqual([]);
  });

  it('come for every manifest that duplicity was recorded to write', () => {
    const recorded = new URL('../fixtures/listings/', import.meta.url);
    const keys = readdirSync(recorded).flatMap(
      (file) => readFileSync(new URL(file, recorded), 'utf8').match(/(?<="Key": ?")[^"]+/g) ?? [],
    );
    const manifests = keys.filter((key) => /manifest|\.m(\.|$)/.test(key));
    const unseen = manifests.filter((key) => !manifestSuffixes.some((end) => key.endsWith(end)));
    expect(manifests.length).toBeGreaterThan(30);
    expect(unseen).toEqual([]);
  });

  it('are taken from this bucket of this account alone', () => {
    expect(deployed().S3MayInvokeOnObject.Properties).toMatchObject({
      Principal: 's3.amazonaws.com',
      SourceArn: 'arn:aws:s3:::acme-backups',
      SourceAccount: '111122223333',
    });
    expect(deployed().BackupBucket.DependsOn).toEqual(['S3MayInvokeOnObject']);
  });
});

describe('the schedule', () => {
  const { Properties } = deployed().CheckHostsSchedule;

  it('ticks on every quarter of an hour, and says which one it was', () => {
    expect(Properties.ScheduleExpression).toBe('cron(0/15 * * * ? *)');
    expect(JSON.parse(Properties.Target.Input)).toEqual({
      scheduledAt: '<aws.scheduler.scheduled-time>',
    });
  });

  it('tries again until the next tick, and keeps what it could not start', () => {
    expect(Properties.Target.RetryPolicy.MaximumEventAgeInSeconds).toBe(900);
    expect(Properties.Target.DeadLetterConfig.Arn).toContain(':rollcall-prod-FailedRuns');
  });
});

describe('the topics', () => {
  const subscriptions = (roll = fullRoll) =>
    ofType(deployed(roll), 'AWS::SNS::Subscription').map(({ Properties }) => [
      Properties.TopicArn.split('-').at(-1),
      Properties.Protocol,
      Properties.Endpoint,
      Properties.FilterPolicy?.urgency,
    ]);

  it('have one subscription an address, and text nobody but for an alert', () => {
    expect(subscriptions()).toEqual([
      ['AlertsTopic', 'https', 'https://chat.example.net/hook', undefined],
      ['AlertsTopic', 'sms', '+31600000000', ['alert']],
      ['AlertsTopic', 'sms', '+31600000001', ['alert']],
      ['OpsTopic', 'email', 'admin@example.net', undefined],
    ]);
  });

  it('carry the mail only when no sender is named, so that nobody gets it twice', () => {
    const { from: _, ...alerts } = fullRoll.alerts;
    const mails = subscriptions({ ...fullRoll, alerts }).filter(
      ([topic, protocol]) => topic === 'AlertsTopic' && protocol === 'email',
    );
    expect(mails.map(([, , address]) => address)).toEqual(['ops@example.net', 'boss@example.net']);
  });

  it('tell somebody of trouble with the checks even when the roll has no mail address', () => {
    const alerts = { ...fullRoll.alerts, mail: [], ops: [] };
    const ops = subscriptions({ ...fullRoll, alerts }).filter(([topic]) => topic === 'OpsTopic');
    expect(ops.map(([, protocol]) => protocol)).toEqual(['sms', 'sms', 'https']);
  });

  it('keep their subscriptions when the roll puts its addresses in another order', () => {
    const alerts = { ...fullRoll.alerts, sms: [...fullRoll.alerts.sms].reverse() };
    expect(deployed({ ...fullRoll, alerts })).toEqual(deployed());
  });
});

describe('the alarms', () => {
  const alarms = ofType(deployed(), 'AWS::CloudWatch::Alarm').map((alarm) => alarm.Properties);

  it('ring the ops topic, and say what to do', () => {
    expect(alarms.map((alarm) => alarm.AlarmName.replace('rollcall-prod-', '')).sort()).toEqual([
      'alerts-undelivered',
      'check-hosts-errors',
      'check-hosts-throttled',
      'checks-stopped',
      'on-object-errors',
      'on-object-throttled',
      'runs-given-up',
    ]);
    for (const alarm of alarms) {
      expect(alarm.AlarmActions).toEqual([expect.stringContaining('-OpsTopic')]);
      expect(alarm.AlarmDescription.length).toBeGreaterThan(60);
    }
  });

  it('miss a check after an hour, also when there is no metric at all', () => {
    const stopped = alarms.find((alarm) => alarm.AlarmName.endsWith('checks-stopped'));
    const [sum, ...counts] = stopped.Metrics;
    expect(sum.Expression).toBe('FILL(runs, 0) - FILL(errors, 0)');
    const minutes = counts.map(
      (count: Resolved) => (count.MetricStat.Period * stopped.EvaluationPeriods) / 60,
    );
    expect(minutes).toEqual([60, 60]);
    expect(stopped.TreatMissingData).toBe('breaching');
    expect(stopped.OKActions).toEqual(stopped.AlarmActions);
  });
});

describe.each([
  ['the smallest roll', smallestRoll],
  ['a full roll', fullRoll],
  ['an existing bucket', existingRoll],
])('the roles of the functions for %s', (_, roll) => {
  const resources = deployed(roll);
  const statements = ['CheckHostsRole', 'OnObjectRole', 'SchedulerRole'].flatMap((id) =>
    resources[id].Properties.Policies.flatMap(
      (policy: Resolved) => policy.PolicyDocument.Statement,
    ),
  );

  it('allow actions by name, on resources by name', () => {
    const wide = statements.filter(
      ({ Action, Resource }) =>
        [Action].flat().join().includes('*') || [Resource].flat().includes('*'),
    );
    // CloudWatch has no ARN for a metric: AWS takes nothing but `*` there.
    expect(wide.map(({ Sid }) => Sid)).toEqual(['SayThatTheRunWasGood']);
  });

  it('allow nothing in S3 but to list', () => {
    const s3 = statements
      .flatMap(({ Action }) => [Action].flat())
      .filter((one) => /^s3:/.test(one));
    expect([...new Set(s3)].sort()).toEqual(['s3:ListBucket', 's3:ListBucketVersions']);
  });

  it('allow to mail only when the roll names a sender', () => {
    const mailing = statements.filter(({ Sid }) => Sid === 'SpeakByMail');
    expect(mailing.length).toBe(roll.alerts.from === undefined ? 0 : 2);
  });
});
