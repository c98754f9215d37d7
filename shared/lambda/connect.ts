// A function's ends: the buckets it reads, the ledger it keeps and the channels it tells.

import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { readPaths } from '../aws/accounts.ts';
import { connectBuckets } from '../aws/s3-objects.ts';
import { shardQueue } from '../aws/worker-queue.ts';
import { sesChannels } from '../channels/ses-mail.ts';
import { snsChannel } from '../channels/topic.ts';
import { hookChannels } from '../channels/webhook.ts';
import { recipientsOf } from '../config/recipients.ts';
import { judgePaths } from '../doctor/channels.ts';
import type { Budget } from '../monitor/judge-hosts.ts';
import type { Ends, ScheduleEnds } from '../monitor/scheduled-run.ts';
import { s3Ledger } from '../stores/s3-records.ts';
import { connectionOf, type Env } from './env.ts';

/** Mail goes by SES where the roll names a sender, else the topic carries it. Without recipients there is no channel. */
export function connectAll(env: Env): Ends {
  const connection = connectionOf(env);
  const { from, mail } = env.roster.alerts;
  const mails = from === undefined ? [] : sesChannels(connection, from, mail);
  return {
    store: connectBuckets(connection),
    ledger: s3Ledger(connection, env.ledgerBucket),
    channels:
      recipientsOf(env.roster.alerts) === 'some'
        ? [
            snsChannel(connection, 'SNS', env.alertsTopicArn),
            ...mails,
            ...hookChannels(env.roster.alerts),
          ]
        : [],
  };
}

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

const SHARE = 0.8;

/** Four fifths of what is left now: the rest is for the report, the ledger and the messages. */
export function startBudget({
  getRemainingTimeInMillis,
}: Pick<Context, 'getRemainingTimeInMillis'>): Budget {
  const kept = getRemainingTimeInMillis() * (1 - SHARE);
  const left = () => getRemainingTimeInMillis() - kept;
  const spent = new Promise<void>((resolve) => {
    // It keeps no process alive that is done.
    setTimeout(resolve, left()).unref();
  });
  return { left, spent };
}
