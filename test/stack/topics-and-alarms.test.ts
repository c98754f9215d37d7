import { describe, expect, it } from 'vitest';
import { deployed, ofType } from './deployed.ts';
import type { Resolved } from './resolve-template.ts';
import { fullRoll } from './rolls.ts';

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
      'events-waiting',
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
