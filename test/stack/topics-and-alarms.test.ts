import { describe, expect, it, vi } from 'vitest';
import { logGoodRun } from '../../shared/lambda/log.ts';
import { wrapText } from '../../shared/messages/plain-text.ts';
import { fullConfig, keepingConfig } from './configs.ts';
import { deployed, ofType } from './deployed.ts';

describe('the topics', () => {
  const subscriptions = (config = fullConfig) =>
    ofType(deployed(config), 'AWS::SNS::Subscription').map(({ Properties }) => [
      Properties.TopicArn.split('-').at(-1),
      Properties.Protocol,
      Properties.Endpoint,
      Properties.FilterPolicy?.urgency,
    ]);

  it('have one subscription an address, and send texts only for an alert and the weekly test', () => {
    expect(subscriptions()).toEqual([
      ['AlertsTopic', 'sms', '+31600000000', ['alert', 'test']],
      ['AlertsTopic', 'sms', '+31600000001', ['alert', 'test']],
      ['OpsTopic', 'email', 'admin@example.net', undefined],
    ]);
  });

  it('know nothing of an https address, which would have to confirm and never does', () => {
    expect(JSON.stringify(deployed())).not.toContain('chat.example.net');
  });

  it('carry the mail only when no sender is named, so that nobody gets it twice', () => {
    const { from: _, ...alerts } = fullConfig.alerts;
    const mails = subscriptions({ ...fullConfig, alerts }).filter(
      ([topic, protocol]) => topic === 'AlertsTopic' && protocol === 'email',
    );
    expect(mails.map(([, , address]) => address)).toEqual(['ops@example.net', 'boss@example.net']);
  });

  it('notify somebody of trouble with the checks even when the config has no mail address', () => {
    const alerts = { ...fullConfig.alerts, mail: [], ops: [] };
    const ops = subscriptions({ ...fullConfig, alerts }).filter(([topic]) => topic === 'OpsTopic');
    expect(ops.map(([, protocol]) => protocol)).toEqual(['sms', 'sms']);
  });

  it('keep their subscriptions when the config puts its addresses in another order', () => {
    const alerts = { ...fullConfig.alerts, sms: [...fullConfig.alerts.sms].reverse() };
    expect(deployed({ ...fullConfig, alerts })).toEqual(deployed());
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

  it('ring for a janitor that fails or has not succeeded for two days', () => {
    const more = ofType(deployed(keepingConfig), 'AWS::CloudWatch::Alarm')
      .map((alarm) => alarm.Properties)
      .filter(({ AlarmName }) => AlarmName.includes('janitor'));
    expect(more.map(({ AlarmName }) => AlarmName.replace('rollcall-prod-', '')).sort()).toEqual([
      'janitor-errors',
      'janitor-stopped',
      'janitor-throttled',
    ]);
    for (const { AlarmActions } of more) {
      expect(AlarmActions).toEqual([expect.stringContaining('-OpsTopic')]);
    }
    const stopped = more.find(({ AlarmName }) => AlarmName.endsWith('stopped'));
    expect(stopped).toMatchObject({ EvaluationPeriods: 2, TreatMissingData: 'breaching' });
    expect(stopped.Metrics[1].MetricStat).toMatchObject({
      Period: 86_400,
      Metric: { Dimensions: [{ Value: expect.stringContaining('JanitorLambdaFunction') }] },
    });
  });

  it('miss a check after an hour, also when there is no metric at all', () => {
    const stopped = alarms.find((alarm) => alarm.AlarmName.endsWith('checks-stopped'));
    const [filled, { MetricStat }] = stopped.Metrics;
    expect(filled.Expression).toBe('FILL(beats, 0)');
    expect((MetricStat.Period * stopped.EvaluationPeriods) / 60).toBe(60);
    expect(stopped.TreatMissingData).toBe('breaching');
    expect(stopped.OKActions).toEqual(stopped.AlarmActions);
  });

  it('look at the metric that a good run logs', () => {
    const stopped = alarms.find((alarm) => alarm.AlarmName.endsWith('checks-stopped'));
    const { Namespace, MetricName, Dimensions } = stopped.Metrics[1].MetricStat.Metric;
    const [{ Name, Value }] = Dimensions;
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    logGoodRun(Value, 1_795_500_000_000);
    const [line] = stdout.mock.calls[0] ?? [];
    stdout.mockRestore();
    expect(JSON.parse(`${line}`)).toEqual({
      _aws: {
        Timestamp: 1_795_500_000_000,
        CloudWatchMetrics: [
          { Namespace, Dimensions: [[Name]], Metrics: [{ Name: MetricName, Unit: 'Count' }] },
        ],
      },
      [Name]: Value,
      [MetricName]: 1,
    });
  });

  it('send the reader to the page that the config names', () => {
    const runbook = `https://wiki.example.net/${'b'.repeat(274)}`;
    const texts = ofType(deployed({ ...keepingConfig, runbook }), 'AWS::CloudWatch::Alarm').map(
      ({ Properties }) => Properties.AlarmDescription,
    );
    expect(texts.length).toBeGreaterThan(8);
    for (const text of texts) {
      expect(text).toMatch(/ Runbook: https:\/\/wiki\.example\.net\/b+#[a-z-]+$/);
      expect(text.length).toBeLessThanOrEqual(1024);
    }
  });

  it('explain in the mail of a silent monitor what it means and what to do', async () => {
    // As SNS heads the mail of an alarm, and puts the description into it.
    const mails = alarms.map(
      ({ AlarmName, AlarmDescription }) =>
        `Subject: ALARM: "${AlarmName}" in EU (Ireland)\n\n${wrapText(AlarmDescription, 72).join('\n')}\n`,
    );
    await expect(mails.join('\n')).toMatchFileSnapshot('../messages/golden/silent-monitor.txt');
    for (const { AlarmName, AlarmDescription } of alarms) {
      expect(`ALARM: "${AlarmName}" in EU (Ireland)`.length).toBeLessThan(100);
      expect(AlarmDescription).toMatch(/docs\/runbook\.md#(?:monitor-silent|alarm-path)$/);
      expect(AlarmDescription).toMatch(/^[ -~]{60,1024}$/);
    }
  });
});
