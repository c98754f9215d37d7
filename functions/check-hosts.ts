// The schedule's function: calls the roll every 15 minutes, and tells who did not answer.
import { pingHeartbeat } from '../shared/aws/ping-heartbeat.ts';
import { runSchedule } from '../shared/check/run-schedule.ts';
import { connectSchedule } from '../shared/lambda/connect-schedule.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { readScheduledAt } from '../shared/lambda/scheduled-at.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('check-hosts', async (event) => {
  const now = Date.now();
  const env = readEnv();
  const until = readScheduledAt(event) ?? now;
  const outcome = await runSchedule(connectSchedule(env), env.roster, until, now);
  const { heartbeat } = env.roster.alerts;
  if (heartbeat !== undefined) await pingHeartbeat(heartbeat);
  return outcome;
});
