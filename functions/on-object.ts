// The bucket's function: judges a host the moment its manifest lands or an object of it is removed.
import { parseObjectEvents } from '../shared/check/object-event.ts';
import { runEvents } from '../shared/check/run-events.ts';
import { connectAll } from '../shared/lambda/connect-all.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('on-object', async (event) => {
  const now = Date.now();
  const events = parseObjectEvents(event);
  if (events.length === 0) return { events: 0, told: 0 };
  const env = readEnv();
  return runEvents(connectAll(env), env.roster, events, now);
});
