// The schedule's event: which quarter of an hour is this run for?
import type { Tick } from '../check/call-roll.ts';
import type { Instant } from '../duplicity/time.ts';

const PERIOD_MS = 15 * 60_000;

/**
 * The tick of `{"scheduledAt": ISO}`, which a retry carries unchanged; of any other event, such as a run
 * by hand, the quarter of an hour until now. Source: EventBridge Scheduler's `<aws.scheduler.scheduled-time>`.
 */
export function readTick(event: unknown, now: Instant): Tick {
  const { scheduledAt } = (event ?? {}) as { scheduledAt?: unknown };
  const at = typeof scheduledAt === 'string' ? Date.parse(scheduledAt) : Number.NaN;
  const until = Number.isNaN(at) ? now : at;
  return { from: until - PERIOD_MS, until };
}
