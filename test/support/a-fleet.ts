// A fleet on a Monday morning, as it is judged, and how its channels are: what messages are made of.
import type { Host } from '../../shared/config/config.ts';
import { fail, ok, warn } from '../../shared/doctor/audit.ts';
import type { ChannelStates } from '../../shared/doctor/channels.ts';
import { step } from '../../shared/doctor/fix.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import type { Digest } from '../../shared/messages/report.ts';
import { channelNews } from '../../shared/monitor/notify.ts';
import { EMPTY_STATE } from '../../shared/monitor/state.ts';
import { type Judgement, judge, type Unreadable } from '../../shared/rules/judge.ts';
import type { Problem } from '../../shared/rules/problem.ts';
import { notificationOf } from './a-notification.ts';
import { aConfig, aDigest, aFull, aHost, at, collected } from './builders.ts';

export const now = at('2026-11-23T07:15:00Z');
export const timezone = 'Europe/Amsterdam';
export const lifecycle = { rules: [{ prefix: '', hides: { days: 6 }, noncurrentDays: 8 }] };

const fullOf = (begun: string, done: string) =>
  aFull({ begun: `2026-11-${begun}:00Z`, done: `2026-11-${done}:00Z`, volumes: 31 });
export const saturday = fullOf('21T01:14', '21T01:40');
const earlier = [...fullOf('19T01:02', '19T01:31'), ...fullOf('20T01:05', '20T01:31'), ...saturday];
export const today = fullOf('23T01:14', '23T01:40');
export const denied: Unreadable = {
  unreadable: 's3://acme-backups/nas/ could not be listed: AccessDenied (403)',
  hint: 'allow s3:ListBucket on acme-backups to the role of the function, or put its policy back: docs/runbook.md#changed-by-hand',
};

export const judgement = (
  name: string,
  read: Parameters<typeof judge>[1],
  host: Partial<Host> = {},
) => judge(aHost({ name, timezone, ...host }), read, now, { lifecycle });

export const mail = judgement('mail', collected(...today));
export const web = judgement('web', collected(...earlier));
export const lab = judgement('lab', collected(...saturday), {
  paused: { until: '2026-12-01', because: 'disk swap' },
});
/** Three of six failed. */
export const fleet: readonly Judgement[] = [
  mail,
  web,
  judgement('db', collected(...today.filter(({ name }) => !name.includes('vol7')))),
  judgement('nas', denied),
  lab,
  judgement(
    'slow',
    collected(
      ...aFull({ begun: '2026-11-23T06:14:00Z', done: '2026-11-23T07:10:00Z' }).filter(
        ({ name }) => !name.includes('manifest'),
      ),
    ),
  ),
];

/** So many of which nothing came since Saturday. */
export const broken = (count: number) => {
  const found = collected(...saturday);
  return Array.from({ length: count }, (_, n) => judgement(`host-${n}`, found));
};

export const digestOf = (
  judgements: readonly Judgement[],
  more: Omit<NonNullable<Parameters<typeof aDigest>[2]>, 'timezone'> = {},
): Digest => aDigest(now, judgements, { timezone, ...more });

/** What a channel gets of them. Throws where that is nothing. */
export const compose = (
  judgements: readonly Judgement[],
  more: Parameters<typeof notificationOf>[2] & { readonly at?: number } = {},
): Message => {
  const { message } = notificationOf(more.at ?? now, judgements, { timezone, ...more });
  if (message === undefined) throw new Error('nothing was sent');
  return message;
};

export const since = at('2026-11-23T05:15:00Z');
export const dropped = {
  ...fail(
    'mail',
    'boss@example.net is on the suppression list: SES takes its mail, and drops it',
    step('decide', 'aws sesv2 delete-suppressed-destination --email-address boss@example.net'),
    ['boss@example.net'],
  ),
  since,
};
export const optedOut = {
  ...fail('sms', '+31600000000 has opted out', step('decide', 'opt in')),
  since,
};
export const look: ChannelStates = {
  lookedAt: now,
  states: [
    dropped,
    { ...ok('alerts topic', '2 subscriptions, all confirmed'), since },
    {
      ...{ check: 'ops topic', status: 'unknown', since },
      says: 'could not read who is subscribed to ops: AccessDenied (403)',
      fix: 'allow sns:ListSubscriptionsByTopic to the role of the function, or put its policy back: docs/runbook.md#changed-by-hand',
    },
    {
      ...warn('sms', 'texts stop at 1 USD a month', step('ask-aws', 'ask AWS Support for more')),
      since,
    },
  ],
};
/** Of the channels, as a run finds them after it had found them `before`. */
export const newsOfChannels = (states: ChannelStates['states'], before: readonly Problem[] = []) =>
  channelNews(
    { ...EMPTY_STATE, problems: before },
    { lookedAt: now, states },
    {
      alerts: { ...aConfig([]).alerts, mail: ['boss@example.net'], sms: ['+31600000000'] },
      hosts: [],
    },
  );
