// Is the stack there, and did its last deployment come to a good end?
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

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
