// A worker: judges one shard of a config that one run cannot hold. Deployed only for such a config.
import { connectBuckets } from '../shared/aws/s3-objects.ts';
import { startBudget } from '../shared/lambda/connect.ts';
import { connectionOf, readBatch, readEnv } from '../shared/lambda/env.ts';
import { wrap } from '../shared/lambda/log.ts';
import { runWorker } from '../shared/monitor/judge-fleet.ts';
import { s3Records } from '../shared/stores/s3-records.ts';

export const handler = wrap('check-shard', async (event, context) => {
  const now = Date.now();
  const budget = startBudget(context);
  // One a run: whatever fails goes back to the queue by itself.
  const [message] = readBatch(event);
  const env = readEnv();
  const connection = connectionOf(env);
  const dependencies = {
    store: connectBuckets(connection),
    records: s3Records(connection, env.stateBucket),
  };
  return runWorker(dependencies, env.config, message?.body, now, budget);
});
