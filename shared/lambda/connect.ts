// What a function does I/O with: the buckets it reads, the state bucket it writes and the channels it notifies.
import type { Context } from 'aws-lambda';
import type { Connection } from '../aws/client.ts';
import { connectBuckets } from '../aws/s3-objects.ts';
import { sesChannels, snsChannel } from '../channels/mail-and-topic.ts';
import { hookChannels } from '../channels/webhook.ts';
import { type ChannelKey, recipientsOf } from '../config/recipients.ts';
import type { Budget } from '../monitor/judge-hosts.ts';
import { type Channel, mailboxChannels } from '../monitor/notify.ts';
import type { Dependencies } from '../monitor/scheduled-run.ts';
import { s3Records } from '../stores/s3-records.ts';
import { connectionOf, type Env } from './env.ts';

/** How somebody at each key of `alerts` is reached. */
const CONNECT: {
  readonly [Key in ChannelKey]: (connection: Connection, env: Env) => readonly Channel[];
} = {
  // The topic carries mail too, where the config names no sender.
  sms: (connection, { alertsTopicArn }) => [snsChannel(connection, 'SNS', alertsTopicArn)],
  mail: (connection, { config }) => {
    const { from } = config.alerts;
    return from === undefined
      ? []
      : mailboxChannels(config, (to) => sesChannels(connection, from, to));
  },
  webhooks: (connection, { config }) => hookChannels(connection, config),
};

/** Without recipients there is no channel. */
export function connectAll(env: Env): Dependencies {
  const connection = connectionOf(env);
  return {
    store: connectBuckets(connection),
    records: s3Records(connection, env.stateBucket),
    channels:
      recipientsOf(env.config.alerts) === 'some'
        ? Object.values(CONNECT).flatMap((connect) => connect(connection, env))
        : [],
    ...(env.config.metrics === 'cloudwatch' && {
      measure: async (judged, at) => {
        const { logHosts } = await import('./host-metrics.ts');
        logHosts(env.config.bucket, judged, at);
      },
    }),
  };
}

const SHARE = 0.8;

/** Four fifths of what is left now: the rest is for the report, the state bucket and the messages. */
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
