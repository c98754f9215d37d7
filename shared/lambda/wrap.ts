// What every function has around it: a line at the end of each run, and errors that are not swallowed.
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { log } from './log.ts';

/** Logs the outcome and its duration; an error is logged by name and goes on to fail the invocation. */
export function wrap<Result>(
  name: string,
  run: (event: unknown, context: Context) => Promise<Result>,
) {
  let startedAt = 0;
  return middy<unknown, Result, Error, Context>()
    .before(() => {
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
