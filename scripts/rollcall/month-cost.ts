// What a config costs a month on AWS: what is counted, at what price, and what would make it less.
import { type Config, HOSTS_A_RUN, type Host, pagesOf } from '../../shared/config/config.ts';
import { recipientsOf } from '../../shared/config/recipients.ts';
import { stackOf } from '../stack/stack.ts';
import {
  BATCH_SECONDS,
  digest,
  dueTick,
  HOST_METRICS,
  HOURLY,
  IDLE_TICK,
  judgement,
  LOG_BYTES,
  MANIFEST_EVENT,
  MEMORY,
  ORDINARY_BATCH,
  POLLS_A_DAY,
  PRICES,
  type Requests,
  SECONDS,
} from './prices.ts';

/** `less` is what would make it less, or why it is worth it. */
export type CostLine = {
  readonly what: string;
  readonly count: number;
  readonly unit: string;
  readonly usd: number;
  readonly less?: string;
};

/** The month that bills are of here. */
export const DAYS = 30;
const TICKS_A_DAY = 24 * 4;
const WEEK = 7;

/**
 * Each host writes one full of so many volumes on each day on which it owes one, volumes more than 20 seconds apart. No
 * free tier is taken off, and nothing that only an alarm costs: an SMS, a judgement out of turn.
 */
export function costOf(config: Config, volumes: number): CostLine[] {
  const { hosts } = config;
  const owed = hosts.reduce((sum, host) => sum + (DAYS * (host.days?.length ?? WEEK)) / WEEK, 0);
  const objects = owed * (volumes + 2);
  const dueTimes = new Set(hosts.map(timeOf)).size;
  const pages = pagesOf(hosts.length);
  const pagesDue = DAYS * Math.min(dueTimes * pages, hosts.length);
  const batches = Math.min(objects, (DAYS * 86_400) / BATCH_SECONDS);
  const pagesTouched = Math.min(objects, batches * pages);

  const schedule = sum([
    [DAYS * TICKS_A_DAY, IDLE_TICK],
    [DAYS * 24, HOURLY],
    [DAYS * dueTimes, dueTick(0)],
    [pagesDue, { writes: 1, reads: 1 }],
    [DAYS, digest(hosts.length)],
  ]);
  const judged = sum([[owed, judgement(volumes)]]);
  const events = sum([
    [pagesTouched, ORDINARY_BATCH],
    [owed, MANIFEST_EVENT],
    [owed, judgement(volumes)],
  ]);
  const { resources } = stackOf(config);
  const ofType = (type: string) =>
    Object.values(resources).filter(({ Type }) => Type === type).length;
  const functions = 1 + Number(config.keepLastGood);
  const polled = ofType('AWS::Lambda::EventSourceMapping');
  const ticks = DAYS * TICKS_A_DAY;
  const mails = recipientsOf(config.alerts) === 'some' ? DAYS * config.alerts.mail.length : 0;
  const [scheduleSeconds, eventSeconds] = [
    ticks * SECONDS.tick + owed * SECONDS.host,
    batches * SECONDS.event,
  ];

  const line = (what: string, count: number, unit: string, price: number, less?: string) => ({
    ...{ what, count: Math.round(count), unit, usd: count * price },
    ...(less === undefined ? {} : { less }),
  });
  return [
    line(
      'alarms',
      ofType('AWS::CloudWatch::Alarm'),
      'alarms',
      PRICES.alarm,
      'the first 10 of an account are free; no number of hosts adds one',
    ),
    line('the metric of good runs', functions, 'metrics', PRICES.metric, 'the first 10 are free'),
    ...(config.metrics === undefined
      ? []
      : [
          line(
            'metrics of hosts',
            (owed * HOST_METRICS) / (DAYS * 24),
            'metrics, by the hour',
            PRICES.metric,
            'leave out "metrics: cloudwatch": metrics.prom costs nothing',
          ),
          line('the dashboard', 1, 'dashboards', PRICES.dashboard, 'the first 3 are free'),
        ]),
    line(
      'queues that Lambda asks',
      polled * DAYS * POLLS_A_DAY,
      'requests',
      PRICES.queueRequest,
      'the first million requests of an account are free',
    ),
    line('events through the queue', 2 * objects, 'requests', PRICES.queueRequest, LARGER),
    ...(config.existing
      ? [line('events of a bucket that was there', 2 * objects, 'events', PRICES.bucketEvent, OWN)]
      : []),
    line('S3: the schedule', schedule.writes, 'lists and writes', PRICES.write),
    line('S3: the schedule', schedule.reads, 'reads', PRICES.read),
    line('S3: hosts judged by the schedule', judged.writes, 'lists', PRICES.write),
    line('S3: events', events.writes, 'lists and writes', PRICES.write),
    line('S3: events', events.reads, 'reads', PRICES.read, LARGER),
    line('runs of the schedule', scheduleSeconds * MEMORY.schedule, 'GiB s', PRICES.gibSecond),
    line('runs for events', eventSeconds * MEMORY.events, 'GiB s', PRICES.gibSecond, LARGER),
    line('starts of functions', ticks + batches, 'runs', PRICES.invocation),
    line('the schedule itself', ticks, 'calls', PRICES.scheduled),
    line('logs', ((ticks + batches) * LOG_BYTES) / 1e6, 'MB', PRICES.logGib / 1000, LARGER),
    line('digests by mail', mails, 'mails', PRICES.mail),
    ...(hosts.length > HOSTS_A_RUN ? [line('workers', 0, 'in the runs above', 0)] : []),
  ].sort((a, b) => b.usd - a.usd);
}

const LARGER = 'fewer, larger volumes: duplicity --volsize 500 in place of 200';
const OWN = 'a bucket of the stack itself sends them for nothing';

function timeOf({ window, timezone }: Host): string {
  return `${window.due} ${timezone}`;
}

function sum(uses: readonly (readonly [times: number, requests: Requests])[]): Requests {
  return uses.reduce(
    (total, [times, { writes, reads }]) => ({
      writes: total.writes + times * writes,
      reads: total.reads + times * reads,
    }),
    { writes: 0, reads: 0 },
  );
}
