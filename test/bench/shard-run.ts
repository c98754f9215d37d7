// One run of a function in a process of its own, as deployed: the one that calls, or a worker. What it took is its last message.
import type { Context } from 'aws-lambda';
import { CALLED_AT } from './shard-fleet.ts';

/** What a run answered, and what it took. */
export type Took = {
  readonly answered: Readonly<Record<string, unknown>>;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
};

// The functions read the clock once; the fleet's day is another than today.
Date.now = () => CALLED_AT;
console.log = () => undefined;
const start = performance.now();

process.once('message', async ({ body, timeoutMs }: { body?: string; timeoutMs: number }) => {
  const context = {
    getRemainingTimeInMillis: () => timeoutMs - (performance.now() - start),
  } as Context;
  const scheduledAt = new Date(CALLED_AT).toISOString();
  const { handler } = await (body === undefined
    ? import('../../functions/check-hosts.ts')
    : import('../../functions/check-shard.ts'));
  const event = body === undefined ? { scheduledAt } : { Records: [{ messageId: 'm', body }] };
  const answered = await handler(event, context);
  const { user, system } = process.cpuUsage();
  const took: Took = {
    answered: answered as unknown as Took['answered'],
    wallMs: performance.now() - start,
    cpuMs: (user + system) / 1000,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  process.send?.(took, () => process.exit(0));
});
