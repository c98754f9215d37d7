// The schedule's event: for which instant is this run?
import type { Instant } from '../duplicity/time.ts';

/**
 * The instant of `{"scheduledAt": ISO}`, which a retry carries unchanged; `undefined` for any other event, such
 * as a run by hand. Source: EventBridge Scheduler's `<aws.scheduler.scheduled-time>`.
 */
export function readScheduledAt(event: unknown): Instant | undefined {
  const { scheduledAt } = (event ?? {}) as { scheduledAt?: unknown };
  const at = typeof scheduledAt === 'string' ? Date.parse(scheduledAt) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
