import { describe, expect, it } from 'vitest';
import { auditStatus, type Check } from '../../shared/doctor/audit.ts';
import {
  type BucketSettings,
  judgeBucket,
  judgeEvents,
  judgeLifecycle,
} from '../../shared/doctor/bucket.ts';
import {
  judgeAlarms,
  judgeLastRun,
  judgeSchedules,
  judgeStack,
} from '../../shared/doctor/deployment.ts';
import { judgeHostUsers } from '../../shared/doctor/host-keys.ts';
import { judgeHostRights } from '../../shared/doctor/host-rights.ts';
import {
  judgeMail,
  judgeSms,
  judgeSubscriptions,
  judgeTopicPolicy,
} from '../../shared/doctor/mail-and-texts.ts';
import { fullConfig } from '../stack/configs.ts';
import { account } from '../stack/resolve-template.ts';
import { config, now, read, unreadable } from './readings.ts';

describe('an audit', () => {
  const all: Check[] = (['ok', 'warn', 'unknown', 'fail'] as const).map((status) => ({
    check: 'x',
    says: 'y',
    fix: 'z',
    status,
  }));
  it.each([
    [1, 0],
    [2, 1],
    [3, 3],
    [4, 2],
  ])('of the first %i states ends with %i', (length, status) => {
    expect(auditStatus(all.slice(0, length))).toBe(status);
  });

  it('never takes anything that it could not read for ok', () => {
    const wantedConfig = { ...config, alerts: { ...fullConfig.alerts } };
    const wanted = { queue: 'f', suffixes: ['.m'], rules: [] };
    const group = { group: 'g', path: '/backup-hosts/', isDeployed: true };
    const topic = 'arn:aws:sns:eu-west-1:111122223333:ops';
    const settings: BucketSettings = {
      region: unreadable,
      versioning: unreadable,
      publicAccessBlocked: unreadable,
      ownership: unreadable,
      encryption: unreadable,
    };
    const checks = [
      judgeAlarms(unreadable, [{ id: 'A', name: 'a' }], 'eu-west-1'),
      judgeBucket(settings, wantedConfig),
      judgeEvents(unreadable, wantedConfig, wanted),
      judgeHostRights(
        { bucket: unreadable, group: unreadable },
        wantedConfig,
        read(account),
        group,
      ),
      judgeHostRights({ bucket: read({}), group: unreadable }, wantedConfig, unreadable, group),
      judgeHostUsers(unreadable, wantedConfig, 'g', now),
      judgeLastRun(unreadable, now),
      judgeLifecycle(unreadable, wantedConfig, 8),
      judgeMail(unreadable, wantedConfig),
      judgeSms(unreadable, wantedConfig),
      judgeStack(unreadable, 's', 'eu-west-1'),
      judgeSchedules(unreadable, [{ id: 'A', name: 'a' }], 'eu-west-1'),
      judgeTopicPolicy(unreadable, { check: 't', arn: topic, resource: 'T', from: 'alarms' }),
      judgeSubscriptions({ check: 't', arn: topic }, unreadable, []),
    ];
    for (const some of checks)
      expect(some.map(({ status }) => status)).toEqual(some.map(() => 'unknown'));
    expect(checks.flat()).toHaveLength(20);
  });
});
