// The janitor's function: once a day it tags what lifecycle may hide. Deployed only with `keepLastGood`.
import { connectJanitor } from '../shared/aws/tag-objects.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { logGoodRun, wrap } from '../shared/lambda/log.ts';
import { tagSuperseded } from '../shared/monitor/tag-superseded.ts';

export const handler = wrap('janitor', async () => {
  const now = Date.now();
  const { config, endpoint, functionName } = readEnv();
  const dependencies = connectJanitor({ region: config.region, endpoint });
  const round = await tagSuperseded(dependencies, config, now);
  logGoodRun(functionName, now);
  return round;
});
