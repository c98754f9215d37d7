// The schedule's function: calls the roll every 15 minutes, and tells who did not answer.
import { underWatch } from '../shared/aws/ping-heartbeat.ts';
import { runSchedule } from '../shared/check/run-schedule.ts';
import { connectSchedule } from '../shared/lambda/connect-schedule.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { logGoodRun } from '../shared/lambda/log-good-run.ts';
import { readScheduledAt } from '../shared/lambda/scheduled-at.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('check-hosts', async (event) => {
  const now = Date.now();
  const env = readEnv();
  const until = readScheduledAt(event) ?? now;
  const outcome = await underWatch(env.roster.alerts.heartbeat, () =>
    runSchedule(connectSchedule(env), env.roster, until, now),
  );
  logGoodRun(env.functionName, now);
  return outcome;
});
