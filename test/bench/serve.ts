// The bucket in a process of its own, so that what it takes is not counted as the monitor's: filled, slowed and read by messages.
import { startLocalAws } from '../local-aws/local-aws.ts';
import { BUCKET, type Fleet, NOW, objectsOf } from './fleet.ts';

/** What the bench asks. */
export type Order =
  | { readonly fill: Fleet }
  | { readonly latencyMs: number }
  | { readonly count: true };

/** What it is told. */
export type Answer = {
  readonly endpoint: string;
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesOut: number;
  readonly peakInFlight: number;
  readonly objects: number;
  readonly bytesAnObject: number;
};

const aws = await startLocalAws({ now: () => NOW });
aws.createBucket(BUCKET, { versioning: true });
let objects = 0;
let bytesAnObject = 0;

function usedBytes(): number {
  global.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

process.on('message', (order: Order) => {
  if ('fill' in order) {
    const before = usedBytes();
    for (let host = 0; host < order.fill.hosts; host += 1) {
      for (const { key, bytes, at } of objectsOf(host, order.fill)) {
        aws.put(BUCKET, key, { bytes }, { modified: at });
        objects += 1;
      }
    }
    bytesAnObject = (usedBytes() - before) / objects;
  } else if ('latencyMs' in order) {
    aws.faults.clear();
    if (order.latencyMs > 0) aws.faults.add({ fault: { latencyMs: order.latencyMs } });
  }
  const { byOperation, bytesOut } = aws.requests.counts();
  const peakInFlight = aws.requests.peakInFlight();
  aws.requests.clear();
  const { endpoint } = aws;
  const answer: Answer = {
    ...{ endpoint, requests: byOperation, bytesOut, peakInFlight, objects, bytesAnObject },
  };
  process.send?.(answer);
});
