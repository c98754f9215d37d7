// What AWS charges for what the stack uses, as data with the day on which it was noted; and what a run was measured to use.

/** US dollars. List prices of us-east-1: other regions are up to a quarter dearer. */
export const PRICES = {
  notedOn: '2026-11-28',
  region: 'us-east-1',
  /** https://aws.amazon.com/s3/pricing/ */
  write: 0.005 / 1000,
  read: 0.0004 / 1000,
  /** https://aws.amazon.com/lambda/pricing/, arm64 */
  gibSecond: 0.0000133334,
  invocation: 0.2 / 1e6,
  /** https://aws.amazon.com/sqs/pricing/, standard queues */
  queueRequest: 0.4 / 1e6,
  /** https://aws.amazon.com/cloudwatch/pricing/ */
  alarm: 0.1,
  metric: 0.3,
  dashboard: 3,
  logGib: 0.5,
  /** https://aws.amazon.com/eventbridge/pricing/ */
  scheduled: 1 / 1e6,
  bucketEvent: 1 / 1e6,
  /** https://aws.amazon.com/ses/pricing/ */
  mail: 0.1 / 1000,
} as const;

/** Requests to S3: lists and writes cost alike. */
export type Requests = { readonly writes: number; readonly reads: number };

/** A run of the schedule at which no window closed. */
export const IDLE_TICK: Requests = { writes: 1, reads: 1 };

/** What a run adds once an hour: it reads the board, and makes page and metrics of it. */
export const HOURLY: Requests = { writes: 2, reads: 1 };

/**
 * What a run adds when windows closed, by the pages of records with such hosts: it reads and writes each, and the board,
 * of which it makes the page and the metrics.
 */
export const dueTick = (pages: number): Requests => ({ writes: 4 + pages, reads: 2 + pages });

/** What the digest adds: its report, the history, the receipts of drills, and the prefixes of the bucket by thousands. */
export const digest = (hosts: number): Requests => ({
  writes: 3 + Math.ceil(hosts / 1000),
  reads: 1,
});

/** A host whose full has so many volumes, by the schedule or by an event: one listing without volumes, one of versions. */
export const judgement = (volumes: number): Requests => ({
  writes: 1 + Math.max(1, Math.ceil((volumes + 2) / 1000)),
  reads: 0,
});

/** A batch of ordinary uploads, for each page of records that it touches. */
export const ORDINARY_BATCH: Requests = { writes: 0, reads: 1 };

/** A manifest, besides the judgement of its host: its record, the state and what operators said. */
export const MANIFEST_EVENT: Requests = { writes: 1, reads: 3 };

/** Of each host, for each hour in which it is judged; a metric is charged by the hour in which it comes. */
export const HOST_METRICS = 3;

/** Seconds that are billed: a start and what it does, and for each host that is judged. */
export const SECONDS = { tick: 0.5, host: 0.006, event: 0.6 } as const;

/** GiB of the two functions, as serverless.yml has them. */
export const MEMORY = { schedule: 1769 / 1024, events: 512 / 1024 } as const;

/** Bytes that a run writes into its log, with what Lambda itself writes there. */
export const LOG_BYTES = 1500;

/** Lambda asks a queue with five requests at once, each for 20 seconds: "Using Lambda with Amazon SQS". */
export const POLLS_A_DAY = 5 * 3 * 60 * 24;

/** Uploads within so many seconds come in one batch: scripts/stack/object-events.ts. */
export const BATCH_SECONDS = 20;
