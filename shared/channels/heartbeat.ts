// The outside dead-man's switch: pinged after each good run, and after each that failed.

const PATIENCE_MS = 10_000;

/**
 * Runs, and reports to the address of a healthchecks-style service how it went: by a ping when the run came to its end,
 * whatever it found of the hosts, and by `/fail` when it threw. Throws what the run threw.
 *
 * Throws too when the ping of a good run is not taken: a watcher that gets no ping is as good as none.
 * Source: https://healthchecks.io/docs/http_api/
 */
export async function withHeartbeat<Result>(
  url: string | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  if (url === undefined) return run();
  let result: Result;
  try {
    result = await run();
  } catch (error) {
    // Nothing that goes wrong here may hide the error itself; the ping that stays away is an alarm as well.
    await call(failureUrl(url), { method: 'POST', body: pingFailure(error) }).catch(
      () => undefined,
    );
    throw error;
  }
  const answer = await call(url, {});
  if (!answer.ok)
    throw new Error(`the heartbeat address answered ${answer.status}; see alerts.heartbeat`);
  return result;
}

async function call(url: string, how: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...how, signal: AbortSignal.timeout(PATIENCE_MS) });
  await answer.body?.cancel();
  return answer;
}

function failureUrl(url: string): string {
  const place = new URL(url);
  place.pathname = `${place.pathname.replace(/\/$/, '')}/fail`;
  return place.href;
}

/** Names of errors only: the address is outside, and a message may name mailboxes and buckets. */
function pingFailure(error: unknown): string {
  const causes = error instanceof AggregateError ? error.errors : [];
  const names = [error, ...causes].map((one) => (one instanceof Error ? one.name : 'Error'));
  return `rollcall check-hosts failed: ${[...new Set(names)].join(', ')}. Its log says why.\n`;
}
