// The schedule's function: checks every 15 minutes the hosts whose window has closed, and reports what is wrong.
import { withHeartbeat } from '../shared/channels/heartbeat.ts';
import { startBudget } from '../shared/lambda/connect.ts';
import { connectSchedule } from '../shared/lambda/connect-schedule.ts';
import { ownIdsOf, readEnv, readScheduledAt } from '../shared/lambda/env.ts';
import { logGoodRun, wrap } from '../shared/lambda/log.ts';
import { runSchedule } from '../shared/monitor/scheduled-run.ts';

export const handler = wrap('check-hosts', async (event, context) => {
  const now = Date.now();
  const budget = startBudget(context);
  const env = readEnv();
  const until = readScheduledAt(event) ?? now;
  const outcome = await withHeartbeat(env.config.alerts.heartbeat, () =>
    runSchedule(connectSchedule(env), env.config, until, now, budget, ownIdsOf(env)),
  );
  logGoodRun(env.functionName, now);
  return outcome;
});
