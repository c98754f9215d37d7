import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onObjectTimeout, wakingSuffixes } from '../../scripts/stack/object-events.ts';
import { readFileName } from '../../shared/duplicity/file-name.ts';
import { deployed } from './deployed.ts';
import type { Resolved } from './resolve-template.ts';

describe('the events', () => {
  const { NotificationConfiguration } = deployed().BackupBucket.Properties;

  it('come for each file of a backup and for each removal, and for nothing that lifecycle does', () => {
    const events = NotificationConfiguration.QueueConfigurations.map((one: Resolved) => [
      one.Event,
      one.Filter?.S3Key.Rules[0].Value,
    ]);
    expect(events).toEqual([
      ...wakingSuffixes.map((suffix) => ['s3:ObjectCreated:*', suffix]),
      ['s3:ObjectRemoved:*', undefined],
    ]);
  });

  it('have suffixes of which none ends another, which S3 would refuse as ambiguous', () => {
    const overlaps = wakingSuffixes.flatMap((one) =>
      wakingSuffixes.filter((other) => other !== one && other.endsWith(one)),
    );
    expect(overlaps).toEqual([]);
  });

  it('come for every manifest, volume and signature that duplicity was recorded to write', () => {
    const recorded = new URL('../fixtures/listings/', import.meta.url);
    const keys = readdirSync(recorded).flatMap(
      (file) => readFileSync(new URL(file, recorded), 'utf8').match(/(?<="Key": ?")[^"]+/g) ?? [],
    );
    const files = keys.filter(
      (key) => readFileName(key.replace(/^.*\/|^nas-/g, '')).kind === 'written',
    );
    const unseen = files.filter((key) => !wakingSuffixes.some((end) => key.endsWith(end)));
    expect(files.length).toBeGreaterThan(300);
    expect(unseen).toEqual([]);
  });

  it('are taken from this bucket of this account alone', () => {
    const [statement] = deployed().ObjectEventsPolicy.Properties.PolicyDocument.Statement;
    expect(statement).toMatchObject({
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: expect.stringContaining(':rollcall-prod-ObjectEvents'),
      Condition: {
        ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::acme-backups' },
        StringEquals: { 'aws:SourceAccount': '111122223333' },
      },
    });
    expect(deployed().BackupBucket.DependsOn).toEqual(['ObjectEventsPolicy']);
  });

  it('reach the function in batches, and within the two minutes that an alarm may take', () => {
    const { ObjectEvents, ObjectEventsToFunction } = deployed();
    expect(ObjectEventsToFunction.Properties).toMatchObject({
      BatchSize: 500,
      MaximumBatchingWindowInSeconds: 20,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    // A host may take 90 ms on a bad day, and each event may be of another host.
    const { BatchSize } = ObjectEventsToFunction.Properties;
    expect(BatchSize * 0.09).toBeLessThan(onObjectTimeout * 0.8);
    expect(ObjectEvents.Properties.RedrivePolicy.deadLetterTargetArn).toContain('-FailedRuns');
    const serverless = readFileSync(new URL('../../serverless.yml', import.meta.url), 'utf8');
    const [, timeout] = /onObject:.*?\n +timeout: (\d+)/s.exec(serverless) ?? [];
    expect(Number(timeout)).toBe(onObjectTimeout);
    expect(onObjectTimeout).toBe(60);
    expect(ObjectEvents.Properties.VisibilityTimeout).toBe(6 * onObjectTimeout);
    expect(ObjectEvents.Properties.RedrivePolicy.maxReceiveCount).toBe(5);
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
