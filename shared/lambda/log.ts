// One line of JSON a fact, for CloudWatch Logs.

/** Facts only: counts, names from the roll, instants; never a key, a token or text out of a bucket. */
export function log(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  console.log(JSON.stringify({ event, ...facts }));
}
