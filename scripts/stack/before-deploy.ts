// Looks, before anything is made, for what CloudFormation would stop at half-way.
import type { Connection } from '../../shared/aws/connection.ts';
import { readBeforeDeploy } from '../../shared/aws/read-before-deploy.ts';
import { judgeBeforeDeploy } from '../../shared/doctor/before-deploy.ts';
import type { Check } from '../../shared/doctor/check.ts';
import type { Roster } from '../../shared/roster/roster.ts';
import { connectLikeFramework, type Framework, type Log } from './framework.ts';
import { hostGroupName } from './host-group.ts';
import { readStackRoster } from './read-stack.ts';

/** What stands in the way of this stack. It only reads; what it may not read is `unknown`. */
export async function examineBeforeDeploy(
  connection: Connection,
  roster: Roster,
  stackName: string,
): Promise<readonly Check[]> {
  const names = { stack: stackName, group: hostGroupName(roster.bucket) };
  const found = await readBeforeDeploy(connection, roster.bucket, names);
  return judgeBeforeDeploy(found, roster, names);
}

/** The hook of `sls deploy`: throws the framework's own kind of error, which ends it. */
export async function refuseBadDeploy(framework: Framework, log: Log): Promise<void> {
  const { connection, stackName } = await connectLikeFramework(framework);
  const roster = readStackRoster(framework.serviceDir, process.env);
  const checks = await examineBeforeDeploy(connection, roster, stackName);
  for (const one of checks) {
    if (one.status === 'unknown') log.warning(`not looked at before the deploy: ${one.says}`);
  }
  const reasons = checks.flatMap((one) =>
    one.status === 'fail' ? `${one.says}\n  what to do: ${one.fix}` : [],
  );
  if (reasons.length === 0) return;
  const words = `Nothing was made or changed.\n${reasons.join('\n')}`;
  throw new framework.classes.Error(words, 'ROLLCALL_BEFORE_DEPLOY');
}
