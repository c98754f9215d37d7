// Is the stack there, and did its last deployment come to a good end?

import { type Config, HOSTS_A_RUN } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { count, formatDuration, quoteWord } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { type Asked, command, deploy, type Fix, printed, step } from './fix.ts';

/** A deployed stack. */
export type DeployedStack = {
  readonly name: string;
  /** `CREATE_COMPLETE`, `UPDATE_ROLLBACK_FAILED`, ... */
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly StackResource[];
};

/** One resource: its id in the template, its type, and what it is really called. */
export type StackResource = { readonly id: string; readonly type: string; readonly name: string };

export function judgeStack(
  reading: Reading<DeployedStack | undefined>,
  name: string,
  region: string,
): readonly Check[] {
  const check = 'stack';
  return judgeReading(check, reading, (stack) => {
    if (stack === undefined)
      return [
        fail(
          check,
          `there is no stack ${name} in ${region}: nobody watches. Another: --stack NAME`,
          deploy,
        ),
      ];
    const { status } = stack;
    if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status))
      return [ok(check, `${name} is ${status}`)];
    if (status.endsWith('_IN_PROGRESS'))
      return [
        warn(
          check,
          `${name} is being changed (${status})`,
          step('wait', 'wait for it, and run this again'),
        ),
      ];
    const text = `${name} is ${status}: what was deployed last is not in force`;
    return [
      status === 'UPDATE_ROLLBACK_COMPLETE'
        ? warn(check, text, step('look', 'npx serverless deploy, and read why it fails'))
        : fail(
            check,
            text,
            step(
              'look',
              `why: aws cloudformation describe-stack-events --region ${region} --stack-name ${quoteWord(name)} --max-items 20`,
            ),
          ),
    ];
  });
}

/** The stack's resources of one type. */
export function ofType(stack: DeployedStack | undefined, type: string): readonly StackResource[] {
  return (stack?.resources ?? []).filter((one) => one.type === type);
}

/** Their names. */
export function namesOf(stack: DeployedStack | undefined, type: string): string[] {
  return ofType(stack, type).map((one) => one.name);
}

/** The name of one resource of the template. */
export function nameOf(stack: DeployedStack | undefined, id: string): string | undefined {
  return stack?.resources.find((one) => one.id === id)?.name;
}

/** An alarm of CloudWatch's. */
export type Alarm = {
  readonly name: string;
  readonly state: string;
  readonly actionsEnabled: boolean;
  readonly actions: readonly string[];
};

/** `wanted` are those of the stack, in its region. */
export function judgeAlarms(
  reading: Reading<readonly Alarm[]>,
  wanted: readonly Pick<StackResource, 'id' | 'name'>[],
  region: string,
  asked: Asked = {},
): readonly Check[] {
  const check = 'alarms';
  return judgeReading(check, reading, (found) => {
    const checks = wanted.flatMap(({ id, name }) => {
      const settings = printed(`stack-resource ${id}`, asked);
      const put = `aws cloudwatch put-metric-alarm --region ${region} --cli-input-json ${settings}`;
      return judgeOne(
        found.find((one) => one.name === name),
        { name, region, put: command('alarm', put) },
      );
    });
    if (wanted.length === 0)
      return [fail(check, 'the stack has none: nobody is notified when the monitor stops', deploy)];
    return checks.length > 0
      ? checks
      : [ok(check, `${count(wanted.length, 'alarm')}, all with somebody to notify, and quiet`)];
  });
}

function judgeOne(
  alarm: Alarm | undefined,
  { name, region, put }: { name: string; region: string; put: Fix },
): Check[] {
  const check = 'alarms';
  const aws = (words: string) =>
    `aws cloudwatch ${words} --region ${region} --alarm-names ${quoteWord(name)}`;
  if (alarm === undefined) return [fail(check, `${name} is gone`, put)];
  const mute = !alarm.actionsEnabled || alarm.actions.length === 0;
  return [
    ...(mute
      ? [
          fail(
            check,
            `${name} notifies nobody: its actions are ${alarm.actionsEnabled ? 'gone' : 'switched off'}`,
            // With none there is nothing to switch on.
            alarm.actions.length === 0 ? put : command('enable-alarm', aws('enable-alarm-actions')),
          ),
        ]
      : []),
    ...(alarm.state === 'ALARM'
      ? [
          warn(
            check,
            `${name} rings now`,
            step('look', `${aws('describe-alarms')}: its description says what to do`),
          ),
        ]
      : []),
  ];
}

/** A schedule of EventBridge Scheduler's. */
export type Schedule = { readonly name: string; readonly enabled: boolean };

/** `wanted` are those of the stack, in its region. */
export function judgeSchedules(
  reading: Reading<readonly Schedule[]>,
  wanted: readonly Pick<StackResource, 'id' | 'name'>[],
  region: string,
  asked: Asked = {},
): readonly Check[] {
  const check = 'schedule';
  return judgeReading(check, reading, (found) => {
    if (wanted.length === 0)
      return [fail(check, 'the stack has none: nothing starts the check', deploy)];
    return wanted.map(({ id, name }) => {
      const one = found.find((schedule) => schedule.name === name);
      if (one?.enabled) return ok(check, `${name} is switched on`);
      const aws = (call: string) =>
        `aws scheduler ${call} --region ${region} --cli-input-json ${printed(`stack-resource ${id}`, asked)}`;
      return one === undefined
        ? fail(check, `${name} is gone`, command('create-schedule', aws('create-schedule')))
        : fail(
            check,
            `${name} is switched off`,
            command('update-schedule', aws('update-schedule')),
          );
    });
  });
}

const LATE_MS = 35 * 60_000;

/** `judgedUntil`: the state bucket's word, `undefined` before the first run. The schedule ticks every 15 minutes. */
export function judgeLastRun(
  reading: Reading<Instant | undefined>,
  now: Instant,
): readonly Check[] {
  const check = 'last run';
  const look = 'what does the log say? npx serverless logs --function checkHosts';
  return judgeReading(check, reading, (judgedUntil) => {
    if (judgedUntil === undefined) {
      return [
        fail(
          check,
          'no run has come to its end yet',
          step('wait', `wait 15 minutes after the first deployment; then: ${look}`),
        ),
      ];
    }
    const age = now - judgedUntil;
    return [
      age > LATE_MS
        ? fail(
            check,
            `the last good run was ${formatDuration(age)} ago; one is due every 15 minutes`,
            step('look', look),
          )
        : ok(check, `the schedule runs: the last good run was ${formatDuration(age)} ago`),
    ];
  });
}

/** Nothing where the config asks for no janitor, or the stack is not known, which is reported by itself. */
export function judgeJanitor(
  stack: Reading<DeployedStack | undefined>,
  { keepLastGood }: Config,
): readonly Check[] {
  if (!keepLastGood || !stack.read || stack.value === undefined) return [];
  const name = nameOf(stack.value, 'JanitorLambdaFunction');
  return [
    name === undefined
      ? warn('janitor', 'there is none: nothing is tagged, so nothing is hidden', deploy)
      : ok('janitor', `${name} tags what newer backups have replaced`),
  ];
}

/** Nothing where one run is enough, or the stack is not known, which is reported by itself. */
export function judgeShards(
  stack: Reading<DeployedStack | undefined>,
  { hosts }: Config,
): readonly Check[] {
  if (!stack.read || stack.value === undefined) return [];
  const name = nameOf(stack.value, 'CheckShardLambdaFunction');
  if (name !== undefined) return [ok('shards', `${name} judges what one run cannot hold`)];
  if (hosts.length <= HOSTS_A_RUN) return [];
  const text = `there are no workers for ${hosts.length} hosts: what one run has no time for is unreadable`;
  return [warn('shards', text, deploy)];
}
