// The janitor's function: once a day it tags what lifecycle may hide. Deployed only with `keepLastGood`.
import { connectJanitor } from '../shared/aws/tag-objects.ts';
import { connectionOf, readEnv } from '../shared/lambda/env.ts';
import { logGoodRun, wrap } from '../shared/lambda/log.ts';
import { openHostRecords } from '../shared/monitor/host-records.ts';
import { tagSuperseded } from '../shared/monitor/tag-superseded.ts';
import { s3Records } from '../shared/stores/s3-records.ts';

export const handler = wrap('janitor', async () => {
  const now = Date.now();
  const env = readEnv();
  const { config, functionName, stateBucket } = env;
  const records = s3Records(connectionOf(env), stateBucket);
  const memory = openHostRecords(records, config.hosts.length, now);
  const dependencies = { ...connectJanitor(connectionOf(env)), recall: memory.recall };
  const round = await tagSuperseded(dependencies, config, now);
  const lost = await memory.close();
  if (lost !== undefined) throw new Error(lost);
  logGoodRun(functionName, now);
  return round;
});
