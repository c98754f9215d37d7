// Runs the bucket's function alone in this process, at an instant: what it is to handle comes on standard input.
import { text } from 'node:stream/consumers';
import { mock } from 'node:test';
import type { Context } from 'aws-lambda';
import { handler } from '../../../functions/on-object.ts';

const { event, now, timeoutMs } = JSON.parse(await text(process.stdin));
mock.timers.enable({ apis: ['Date'], now: Date.parse(now) });
globalThis.fetch = async () => new Response('');
const end = performance.now() + timeoutMs;
const left = { getRemainingTimeInMillis: () => end - performance.now() };
await handler(event, left as Context);
