// Does the schedule run, and the check come to its end? Both are proved by what the last good run left.
import type { Instant } from '../duplicity/time.ts';
import { sayLength } from '../report/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading } from './check.ts';

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
            `the last good run was ${sayLength(age)} ago; one is due every 15 minutes`,
            look,
          )
        : ok(check, `the schedule runs: the last good run was ${sayLength(age)} ago`),
    ];
  });
}
