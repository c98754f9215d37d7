// A function's ends: the buckets it reads, the ledger it keeps and the channels it tells.
import { connectBuckets } from '../aws/connect-buckets.ts';
import { s3Ledger } from '../aws/s3-ledger.ts';
import { sesChannels } from '../aws/ses-channel.ts';
import { snsChannel } from '../aws/sns-channel.ts';
import type { Ends } from '../check/run-schedule.ts';
import type { Env } from './env.ts';

/** Mail goes by SES where the roll names a sender, else the topic's own mail subscriptions carry it. */
export function connectAll({ roster, alertsTopicArn, ledgerBucket, endpoint }: Env): Ends {
  const connection = { region: roster.region, endpoint };
  const { from, mail } = roster.alerts;
  const mails = from === undefined ? [] : sesChannels(connection, from, mail);
  return {
    store: connectBuckets(connection),
    ledger: s3Ledger(connection, ledgerBucket),
    channels: [snsChannel(connection, alertsTopicArn), ...mails],
  };
}
