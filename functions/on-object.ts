// The bucket's function: judges a host the moment its manifest lands or an object of it is removed.
import { deliver } from '../shared/check/deliver.ts';
import { judgeEvents } from '../shared/check/judge-events.ts';
import { parseObjectEvents } from '../shared/check/object-event.ts';
import { connectAll } from '../shared/lambda/connect-all.ts';
import { readEnv } from '../shared/lambda/env.ts';
import { wrap } from '../shared/lambda/wrap.ts';

export const handler = wrap('on-object', async (event) => {
  const now = Date.now();
  const events = parseObjectEvents(event);
  if (events.length === 0) return { events: 0, told: 0 };
  const env = readEnv();
  const { store, channels } = connectAll(env);
  const messages = await judgeEvents(store, env.roster, events, now);
  await deliver(messages, channels);
  return { events: events.length, told: messages.length };
});
