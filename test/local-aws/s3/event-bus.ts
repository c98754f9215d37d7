// Carries events from the operations to the listener, a moment later, as S3 does; nothing waits for the listener.
import type { Bucket } from './bucket.ts';
import type { ObjectChange } from './event.ts';
import {
  composeEvents,
  composeTestEvents,
  type EventListener,
  type TestEventListener,
} from './notification.ts';

/** Where operations announce what they did. */
export type EventBus = {
  readonly announce: (bucket: Bucket, change: ObjectChange) => void;
  readonly announceTest: (bucket: Bucket) => void;
  /** Resolves when every event so far was handled; rejects with what the listeners threw. */
  readonly settled: () => Promise<void>;
};

/** A bus without listeners drops its events. */
export function createEventBus(
  context: { readonly region: string; readonly now: () => number },
  listeners: {
    readonly onEvent: EventListener | undefined;
    readonly onTestEvent: TestEventListener | undefined;
  },
): EventBus {
  const underWay = new Set<Promise<unknown>>();
  let failures: unknown[] = [];
  let lastSequence = 0;

  const deliver = (hand: () => unknown): void => {
    const delivery = new Promise((resolve) => setImmediate(resolve))
      .then(hand)
      .catch((error: unknown) => failures.push(error))
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  };

  return {
    announce: (bucket, change) => {
      const at = context.now();
      // Grows even when the clock is set back, as it is what orders the events of a key.
      lastSequence = Math.max(lastSequence + 1, at * 256);
      const sequencer = lastSequence.toString(16).toUpperCase().padStart(18, '0');
      const { onEvent } = listeners;
      if (!onEvent) return;
      const { region } = context;
      for (const { event, destination } of composeEvents(bucket, change, {
        region,
        at,
        sequencer,
      })) {
        deliver(() => onEvent(event, destination));
      }
    },
    announceTest: (bucket) => {
      const { onTestEvent } = listeners;
      if (!onTestEvent) return;
      for (const { event, destination } of composeTestEvents(bucket, context.now())) {
        deliver(() => onTestEvent(event, destination));
      }
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
      const thrown = failures;
      failures = [];
      if (thrown.length > 0) {
        throw new AggregateError(thrown, `${thrown.length} event listener calls failed`);
      }
    },
  };
}
