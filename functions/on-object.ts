// The bucket's function: judges a host the moment a file of its backups is written or removed.

import { connectAll, startBudget } from '../shared/lambda/connect.ts';
import { ownIdsOf, readBatch, readEnv } from '../shared/lambda/env.ts';
import { wrap } from '../shared/lambda/log.ts';
import { runEvents } from '../shared/monitor/event-run.ts';
import { readObjectEvents } from '../shared/monitor/object-event.ts';

export const handler = wrap('on-object', async (event, context) => {
  const now = Date.now();
  const { messageOf, unreadable } = readObjectEvents(readBatch(event));
  const events = [...messageOf.keys()];
  if (events.length === 0) return { events: 0, told: 0, batchItemFailures: failuresOf(unreadable) };
  const budget = startBudget(context);
  const env = readEnv();
  const outcome = await runEvents(connectAll(env), env.config, events, now, ownIdsOf(env), budget);
  return { ...outcome, batchItemFailures: failuresOf(unreadable) };
});

/** They alone go back to the queue, and after the last try to the failed runs. */
const failuresOf = (messages: readonly string[]) =>
  [...new Set(messages)].map((itemIdentifier) => ({ itemIdentifier }));
