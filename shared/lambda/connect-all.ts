// A function's ends: the buckets it reads, the ledger it keeps and the channels it tells.
import { connectBuckets } from '../aws/connect-buckets.ts';
import { hookChannels } from '../aws/hook-channel.ts';
import { s3Ledger } from '../aws/s3-ledger.ts';
import { sesChannels } from '../aws/ses-channel.ts';
import { snsChannel } from '../aws/sns-channel.ts';
import type { Ends } from '../check/run-schedule.ts';
import { recipientsOf } from '../roster/subscribers.ts';
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
