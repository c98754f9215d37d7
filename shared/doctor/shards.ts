// Where the roll is too big for one run: are there workers to judge it?
import type { Roster } from '../roster/roster.ts';
import { HOSTS_A_RUN } from '../roster/shards.ts';
import { type Check, ok, type Reading, warn } from './check.ts';
import { type DeployedStack, nameOf } from './stack.ts';

/** Nothing where one run is enough, or the stack is not known, which is told by itself. */
export function judgeShards(
  stack: Reading<DeployedStack | undefined>,
  { hosts }: Roster,
): readonly Check[] {
  if (!stack.read || stack.value === undefined) return [];
  const name = nameOf(stack.value, 'CheckShardLambdaFunction');
  if (name !== undefined) return [ok('shards', `${name} judges what one run cannot hold`)];
  if (hosts.length <= HOSTS_A_RUN) return [];
  const says = `there are no workers for ${hosts.length} hosts: what one run has no time for is unreadable`;
  return [warn('shards', says, 'npx serverless deploy')];
}
