// The heartbeat inside AWS: one line of the log that CloudWatch counts as a metric.
import type { Instant } from '../duplicity/time.ts';

/** The metric that the alarm `checks-stopped` looks at. */
export const GOOD_RUNS = {
  namespace: 'Rollcall',
  metric: 'GoodRuns',
  dimension: 'FunctionName',
} as const;

/**
 * Counts one good run, as the last statement of it. The embedded metric format asks for no call, and for no right but
 * that to write the log. Written past `console`, before which the runtime may put words or quotes. Outside of Lambda, which
 * has no name for it, nothing is counted. Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function logGoodRun(functionName: string | undefined, at: Instant): void {
  if (functionName === undefined) return;
  const { namespace, metric, dimension } = GOOD_RUNS;
  const Metrics = [{ Name: metric, Unit: 'Count' }];
  const CloudWatchMetrics = [{ Namespace: namespace, Dimensions: [[dimension]], Metrics }];
  const line = {
    _aws: { Timestamp: at, CloudWatchMetrics },
    [dimension]: functionName,
    [metric]: 1,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
