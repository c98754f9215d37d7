// A function's ends: the buckets it reads, the ledger it keeps and the channels it tells.
import { connectBuckets } from '../aws/connect-buckets.ts';
import { s3Ledger } from '../aws/s3-ledger.ts';
import { sesChannels } from '../aws/ses-channel.ts';
import { snsChannel } from '../aws/sns-channel.ts';
import type { Ends } from '../check/run-schedule.ts';
import type { Env } from './env.ts';

/** Mail goes by SES where the roll names a sender, else the topic's own mail subscriptions carry it. */
export function connectAll(env: Env): Ends {
  const connection = { region: env.roster.region, endpoint: env.endpoint };
  const { from, mail, ops } = env.roster.alerts;
  // Who gets the first mail needs no second one.
  const others = ops.some((address) => !mail.includes(address));
  const mails = from === undefined ? [] : sesChannels(connection, from, mail);
  return {
    store: connectBuckets(connection),
    ledger: s3Ledger(connection, env.ledgerBucket),
    channels: [snsChannel(connection, 'SNS', env.alertsTopicArn), ...mails],
    escalation: others ? [snsChannel(connection, 'SNS ops', env.opsTopicArn)] : [],
  };
}
