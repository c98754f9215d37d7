// What the schedule's function does I/O with besides: it checks the channels, and calls workers.
import { setTimeout as pause } from 'node:timers/promises';
import { snsChannel } from '../channels/mail-and-topic.ts';
import type { ScheduleDependencies } from '../monitor/scheduled-run.ts';
import { connectAll } from './connect.ts';
import { connectionOf, type Env } from './env.ts';

/** Only this function checks the channels, and only its role may. */
export function connectSchedule(env: Env): ScheduleDependencies {
  const connection = connectionOf(env);
  const { config, alertsTopicArn, opsTopicArn, shards } = env;
  const { mail, ops } = config.alerts;
  const topics = { alerts: alertsTopicArn, ops: opsTopicArn };
  return {
    ...connectAll(env),
    ops: [snsChannel(connection, 'SNS ops', opsTopicArn)],
    // Who gets the first mail needs no second one.
    escalates: ops.some((address) => !mail.includes(address)),
    judgeChannels: async (refusals) => {
      // Loaded for the one run a day that looks: every start would pay for its clients.
      const { readChannels } = await import('../aws/accounts.ts');
      const { judgeChannels } = await import('../doctor/channels.ts');
      const asked = await readChannels(connection, config, topics);
      return judgeChannels({ ...asked, refusals: { read: true, value: refusals } }, config, topics);
    },
    workers: shards && {
      hostsARun: shards.hostsARun,
      send: async (calls) => {
        const { shardQueue } = await import('../aws/worker-queue.ts');
        return shardQueue(connection, shards.queueUrl)(calls);
      },
      pause,
    },
  };
}
