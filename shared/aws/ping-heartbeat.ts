// The outside dead-man's switch: one request when a run was good.

const PATIENCE_MS = 10_000;

/**
 * Calls the address of a healthchecks-style service. Throws on no answer or an unfriendly one: a watcher
 * that is not told is as good as none, so the run fails and the alarm inside AWS rings.
 */
export async function pingHeartbeat(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await answer.body?.cancel();
  if (!answer.ok)
    throw new Error(`the heartbeat address answered ${answer.status}; see alerts.heartbeat`);
}
