// Runs a bundled function once, as Lambda would, at an instant of its own: node run-function.mjs BUNDLE AT [TASK]
const [bundle, at, task] = process.argv.slice(2);
const start = performance.now();
Date.now = () => Number(at);
const { handler } = await import(bundle);
const event =
  task === undefined
    ? { scheduledAt: new Date(Number(at)).toISOString() }
    : { Records: [{ messageId: 'task', body: task }] };
await handler(event, { getRemainingTimeInMillis: () => 900_000 - (performance.now() - start) });
process.exit();
