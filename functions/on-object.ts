// The bucket's function: judges a host the moment a file of its backups is written or removed.
import { readObjectEvents } from '../shared/check/object-event.ts';
import { runEvents } from '../shared/check/run-events.ts';
import { connectAll } from '../shared/lambda/connect-all.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { readBatch } from '../shared/lambda/queue-batch.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('on-object', async (event) => {
  const now = Date.now();
  const { events, unread } = readObjectEvents(readBatch(event));
  // They go back to the queue alone, and from there to the failed runs.
  const batchItemFailures = unread.map((itemIdentifier) => ({ itemIdentifier }));
  if (events.length === 0) return { events: 0, told: 0, batchItemFailures };
  const env = readEnv();
  return { ...(await runEvents(connectAll(env), env.roster, events, now)), batchItemFailures };
});
