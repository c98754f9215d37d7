// What every function has around it: a line at the end of each run, and errors that are not swallowed.
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { writeHintsFor } from '../aws/client.ts';
import type { Instant } from '../duplicity/time.ts';

/** Logs the outcome and its duration; an error is logged by name and goes on to fail the invocation. */
export function wrap<Result>(
  name: string,
  run: (event: unknown, context: Context) => Promise<Result>,
) {
  let startedAt = 0;
  return middy<unknown, Result, Error, Context>()
    .before(() => {
      writeHintsFor('mail');
      startedAt = performance.now();
    })
    .after(({ response }) => {
      log(`${name} done`, { ms: Math.round(performance.now() - startedAt), ...response });
    })
    .onError(({ error }) => {
      log(`${name} failed`, { error: error?.name, message: error?.message });
    })
    .handler((event, context) => run(event, context));
}

/** The metric that the alarm `checks-stopped` looks at. */
export const GOOD_RUNS = {
  namespace: 'Rollcall',
  metric: 'GoodRuns',
  dimension: 'FunctionName',
} as const;

/** Counts one good run, as the last statement of it. Outside of Lambda, which has no name for it, nothing is counted. */
export function logGoodRun(functionName: string | undefined, at: Instant): void {
  if (functionName === undefined) return;
  const { metric, dimension } = GOOD_RUNS;
  logMetrics({ [dimension]: functionName }, at, { [metric]: { unit: 'Count', value: 1 } });
}

type Measured = { readonly unit: string; readonly value: number | undefined };

/**
 * The embedded metric format asks for no call, and for no right but that to write the log. Written past `console`, before
 * which the runtime may put words or quotes. Without any value there is no line. Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function logMetrics(
  dimensions: Readonly<Record<string, string>>,
  at: Instant,
  metrics: Readonly<Record<string, Measured>>,
): void {
  const known = Object.entries(metrics).filter(([, { value }]) => value !== undefined);
  if (known.length === 0) return;
  const Metrics = known.map(([Name, { unit }]) => ({ Name, Unit: unit }));
  const Dimensions = [Object.keys(dimensions)];
  const CloudWatchMetrics = [{ Namespace: GOOD_RUNS.namespace, Dimensions, Metrics }];
  const line = {
    _aws: { Timestamp: at, CloudWatchMetrics },
    ...dimensions,
    ...Object.fromEntries(known.map(([name, { value }]) => [name, value])),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Facts only: counts, names from the config, instants; never a key, a token or text out of a bucket. */
function log(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  console.log(JSON.stringify({ event, ...facts }));
}
