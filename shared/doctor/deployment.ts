// Is the stack there, and did its last deployment come to a good end?

import { type Config, HOSTS_A_RUN } from '../config/config.ts';
import type { Instant } from '../duplicity/time.ts';
import { count, formatDuration } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';

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
): readonly Check[] {
  const check = 'stack';
  return judgeReading(check, reading, (stack) => {
    if (stack === undefined)
      return [
        fail(
          check,
          `there is no stack ${name}: nobody watches`,
          'npx serverless deploy; or name another: --stack NAME',
        ),
      ];
    const { status } = stack;
    if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status))
      return [ok(check, `${name} is ${status}`)];
    if (status.endsWith('_IN_PROGRESS'))
      return [
        warn(check, `${name} is being changed (${status})`, 'wait for it, and run this again'),
      ];
    const says = `${name} is ${status}: what was deployed last is not in force`;
    return [
      status === 'UPDATE_ROLLBACK_COMPLETE'
        ? warn(check, says, 'npx serverless deploy, and read why it fails')
        : fail(check, says, 'look at its events in the CloudFormation console'),
    ];
  });
}

/** The names of the stack's resources of one type. */
export function namesOf(stack: DeployedStack | undefined, type: string): string[] {
  return (stack?.resources ?? []).filter((one) => one.type === type).map((one) => one.name);
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

const LATE_MS = 35 * 60_000;

/** `judgedUntil`: the ledger's word, `undefined` before the first run. The schedule ticks every 15 minutes. */
export function judgeLastRun(
  reading: Reading<Instant | undefined>,
  now: Instant,
): readonly Check[] {
  const check = 'last run';
  const look =
    'is the schedule enabled (EventBridge console, Schedules)? what says the log: npx serverless logs -f checkHosts';
  return judgeReading(check, reading, (judgedUntil) => {
    if (judgedUntil === undefined) {
      return [
        fail(
          check,
          'no run has come to its end yet',
          `wait 15 minutes after the first deployment; then ${look}`,
        ),
      ];
    }
    const age = now - judgedUntil;
    return [
      age > LATE_MS
        ? fail(
            check,
            `the last good run was ${formatDuration(age)} ago; one is due every 15 minutes`,
            look,
          )
        : ok(check, `the schedule runs: the last good run was ${formatDuration(age)} ago`),
    ];
  });
}

/** Nothing where the roll asks for no janitor, or the stack is not known, which is told by itself. */
export function judgeJanitor(
  stack: Reading<DeployedStack | undefined>,
  { keepLastGood }: Config,
): readonly Check[] {
  if (!keepLastGood || !stack.read || stack.value === undefined) return [];
  const name = nameOf(stack.value, 'JanitorLambdaFunction');
  return [
    name === undefined
      ? warn(
          'janitor',
          'there is none: nothing is tagged, so nothing is hidden',
          'npx serverless deploy',
        )
      : ok('janitor', `${name} tags what newer backups have replaced`),
  ];
}

/** Nothing where one run is enough, or the stack is not known, which is told by itself. */
export function judgeShards(
  stack: Reading<DeployedStack | undefined>,
  { hosts }: Config,
): readonly Check[] {
  if (!stack.read || stack.value === undefined) return [];
  const name = nameOf(stack.value, 'CheckShardLambdaFunction');
  if (name !== undefined) return [ok('shards', `${name} judges what one run cannot hold`)];
  if (hosts.length <= HOSTS_A_RUN) return [];
  const says = `there are no workers for ${hosts.length} hosts: what one run has no time for is unreadable`;
  return [warn('shards', says, 'npx serverless deploy')];
}
