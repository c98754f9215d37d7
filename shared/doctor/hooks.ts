// Does each https address take what is posted to it? Known from the last posts: it cannot be asked without one.
import type { Instant } from '../duplicity/time.ts';
import type { Alerts } from '../roster/roster.ts';
import { hooksOf } from '../roster/subscribers.ts';
import { type Check, fail, judgeReading, ok, type Reading } from './check.ts';

/** By the name of a channel: since when it has taken no message, and what it answered first. */
export type Refusals = ReadonlyMap<string, { readonly since: Instant; readonly says: string }>;

/** One line for each address of the roll, by its host's name. */
export function judgeHooks(reading: Reading<Refusals>, alerts: Alerts): readonly Check[] {
  const hooks = hooksOf(alerts);
  if (hooks.length === 0) return [];
  return judgeReading('hooks', reading, (refusals) =>
    hooks.map(({ name }) => {
      const refusal = refusals.get(name);
      return refusal === undefined
        ? ok(name, 'has refused no message')
        : fail(
            name,
            `takes no message: ${refusal.says}`,
            'is its address in hosts.yml, "alerts: https", still right? correct it, npx serverless deploy, rollcall test-alert',
          );
    }),
  );
}
