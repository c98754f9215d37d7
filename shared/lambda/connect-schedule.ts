// The ends of the schedule's function: those of every function, and whoever watches the monitor.
import { setTimeout as pause } from 'node:timers/promises';
import { readPaths } from '../aws/read-paths.ts';
import { shardQueue } from '../aws/shard-queue.ts';
import { snsChannel } from '../aws/sns-channel.ts';
import type { ScheduleEnds } from '../check/run-schedule.ts';
import { judgePaths } from '../doctor/paths.ts';
import { connectAll } from './connect-all.ts';
import { connectionOf, type Env } from './env.ts';

/** Only this function looks at the ways that alarms take, and may. */
export function connectSchedule(env: Env): ScheduleEnds {
  const connection = connectionOf(env);
  const { roster, alertsTopicArn, opsTopicArn, shards } = env;
  const { mail, ops } = roster.alerts;
  const topics = { alerts: alertsTopicArn, ops: opsTopicArn };
  return {
    ...connectAll(env),
    ops: snsChannel(connection, 'SNS ops', opsTopicArn),
    // Who gets the first mail needs no second one.
    escalates: ops.some((address) => !mail.includes(address)),
    judgePaths: async (refusals) => {
      const asked = await readPaths(connection, roster.alerts, topics);
      return judgePaths({ ...asked, refusals: { read: true, value: refusals } }, roster);
    },
    workers: shards && {
      hostsARun: shards.hostsARun,
      call: shardQueue(connection, shards.queueUrl),
      pause,
    },
  };
}
