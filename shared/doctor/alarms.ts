// Are the alarms on the monitor itself there, and would anybody hear them?
import { count } from '../report/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** An alarm of CloudWatch's. */
export type Alarm = {
  readonly name: string;
  readonly state: string;
  readonly actionsEnabled: boolean;
  readonly actions: readonly string[];
};

/** `wanted` are the names that the stack gave them. */
export function judgeAlarms(
  reading: Reading<readonly Alarm[]>,
  wanted: readonly string[],
): readonly Check[] {
  const check = 'alarms';
  return judgeReading(check, reading, (found) => {
    const checks = wanted.flatMap((name) =>
      judgeOne(
        found.find((one) => one.name === name),
        name,
      ),
    );
    if (wanted.length === 0)
      return [
        fail(
          check,
          'the stack has none: nobody hears when the monitor stops',
          'npx serverless deploy',
        ),
      ];
    return checks.length > 0
      ? checks
      : [ok(check, `${count(wanted.length, 'alarm')}, all with somebody to tell, and quiet`)];
  });
}

function judgeOne(alarm: Alarm | undefined, name: string): Check[] {
  const check = 'alarms';
  if (alarm === undefined)
    return [
      fail(
        check,
        `${name} is gone`,
        'npx serverless deploy; if it says "no changes": npx serverless deploy --force',
      ),
    ];
  const mute = !alarm.actionsEnabled || alarm.actions.length === 0;
  return [
    ...(mute
      ? [
          fail(
            check,
            `${name} rings for nobody: its actions are ${alarm.actionsEnabled ? 'gone' : 'switched off'}`,
            alarm.actionsEnabled
              ? 'npx serverless deploy --force'
              : `aws cloudwatch enable-alarm-actions --alarm-names ${name}`,
          ),
        ]
      : []),
    ...(alarm.state === 'ALARM'
      ? [
          warn(
            check,
            `${name} rings now`,
            `aws cloudwatch describe-alarms --alarm-names ${name}: its description says what to do`,
          ),
        ]
      : []),
  ];
}
