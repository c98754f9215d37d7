// The schedule's function: calls the roll every 15 minutes, and tells who did not answer.
import { pingHeartbeat } from '../shared/aws/ping-heartbeat.ts';
import { callRoll } from '../shared/check/call-roll.ts';
import { deliver } from '../shared/check/deliver.ts';
import { connectAll } from '../shared/lambda/connect-all.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { readTick } from '../shared/lambda/read-tick.ts';
import { wrap } from '../shared/lambda/wrap.ts';
import { composeRun } from '../shared/report/alert.ts';
import { summarize } from '../shared/report/report.ts';

export const handler = wrap('check-hosts', async (event) => {
  const now = Date.now();
  const env = readEnv();
  const { store, channels } = connectAll(env);
  const run = await callRoll(store, env.roster, readTick(event, now), now);
  const message = composeRun(run);
  await deliver(message === undefined ? [] : [message], channels);
  const { heartbeat } = env.roster.alerts;
  if (heartbeat !== undefined) await pingHeartbeat(heartbeat);
  return { ...summarize(run.report.verdicts), told: message?.urgency ?? 'nobody' };
});
