import { describe, expect, it } from 'vitest';
import { judgeAlarms } from '../../shared/doctor/deployment.ts';
import { read, textsOf } from './readings.ts';

describe('judgeAlarms', () => {
  const good = { name: 'stopped', state: 'OK', actionsEnabled: true, actions: ['arn:ops'] };
  it.each([
    ['quiet', [good], 'ok: 1 alarm, all with somebody to notify, and quiet'],
    ['gone', [], 'fail: stopped is gone'],
    [
      'switched off',
      [{ ...good, actionsEnabled: false }],
      'fail: stopped notifies nobody: its actions are switched off',
    ],
    [
      'without anybody to notify',
      [{ ...good, actions: [] }],
      'fail: stopped notifies nobody: its actions are gone',
    ],
    ['ringing', [{ ...good, state: 'ALARM' }], 'warn: stopped rings now'],
  ])('reports a channel that is %s', (_, alarms, words) => {
    expect(
      textsOf(judgeAlarms(read(alarms), [{ id: 'StoppedAlarm', name: 'stopped' }], 'eu-west-1')),
    ).toEqual([words]);
  });
});
