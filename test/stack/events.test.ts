import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { manifestSuffixes } from '../../scripts/stack/object-events.ts';
import { deployed } from './deployed.ts';
import type { Resolved } from './resolve-template.ts';

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
