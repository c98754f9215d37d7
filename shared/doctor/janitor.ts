// Where the last good backup is kept: is there somebody to tag the others?
import type { Roster } from '../roster/roster.ts';
import { type Check, ok, type Reading, warn } from './check.ts';
import { type DeployedStack, nameOf } from './stack.ts';

/** Nothing where the roll asks for no janitor, or the stack is not known, which is told by itself. */
export function judgeJanitor(
  stack: Reading<DeployedStack | undefined>,
  { keepLastGood }: Roster,
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
