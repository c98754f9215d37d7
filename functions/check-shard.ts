// A worker: judges one shard of a roll that one run cannot hold. Deployed only for such a roll.
import { connectBuckets } from '../shared/aws/s3-objects.ts';
import { startBudget } from '../shared/lambda/connect.ts';
import { connectionOf, readEnv } from '../shared/lambda/env.ts';
import { readBatch } from '../shared/lambda/incoming.ts';
import { wrap } from '../shared/lambda/log.ts';
import { answerCall } from '../shared/monitor/workers.ts';
import { s3Ledger } from '../shared/stores/s3-records.ts';

export const handler = wrap('check-shard', async (event, context) => {
  const now = Date.now();
  const budget = startBudget(context);
  // One a run: whatever fails goes back to the queue by itself.
  const [message] = readBatch(event);
  const env = readEnv();
  const connection = connectionOf(env);
  const ends = {
    store: connectBuckets(connection),
    ledger: s3Ledger(connection, env.ledgerBucket),
  };
  return answerCall(ends, env.roster, message?.body, now, budget);
});
