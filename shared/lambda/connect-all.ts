// A function's ends: the buckets it reads and the channels it tells.
import { connectBuckets } from '../aws/connect-buckets.ts';
import { sesChannels } from '../aws/ses-channel.ts';
import { snsChannel } from '../aws/sns-channel.ts';
import type { Channel } from '../check/deliver.ts';
import type { ObjectStore } from '../check/object-store.ts';
import type { Env } from './env.ts';

/** Mail goes by SES where the roll names a sender, else the topic's own mail subscriptions carry it. */
export function connectAll({ roster, alertsTopicArn, endpoint }: Env): {
  store: ObjectStore;
  channels: Channel[];
} {
  const connection = { region: roster.region, endpoint };
  const { from, mail } = roster.alerts;
  const mails = from === undefined ? [] : sesChannels(connection, from, mail);
  return {
    store: connectBuckets(connection),
    channels: [snsChannel(connection, alertsTopicArn), ...mails],
  };
}
