// What the two functions that judge may do: look, remember, speak, and log. Neither can write to a backup bucket.
import type { Alerts, Config } from '../../shared/config/config.ts';
import { type ChannelKey, isNorthAmerican, parametersOf } from '../../shared/config/recipients.ts';
import {
  arnHere,
  bucketArn,
  type Resource,
  type Resources,
  ref,
  type Statement,
  type Value,
} from './cloudformation.ts';
import { functionRole } from './function-role.ts';
import { takeEvents } from './object-events.ts';
import {
  keepBoard,
  keepHistory,
  keepReports,
  rememberHosts,
  rememberRuns,
} from './state-bucket.ts';
import { alertsTopic, opsTopic } from './topics.ts';

/**
 * One role a function. The schedule's looks at every bucket of the config, the event's at the one
 * bucket whose events it gets. `scheduled` is what the schedule's may do besides.
 */
export function monitorRoles(config: Config, scheduled: readonly Statement[] = []): Resources {
  return {
    CheckHostsRole: role('CheckHosts', config, bucketsOf(config), {
      topics: [alertsTopic, opsTopic],
      more: [keepReports, keepHistory, ...checkChannels(config), ...scheduled],
    }),
    OnObjectRole: role('OnObject', config, [config.bucket], {
      topics: [alertsTopic],
      more: [takeEvents, seeWhenFinished(config.bucket)],
    }),
  };
}

const bucketsOf = ({ bucket, hosts }: Config): string[] => [
  ...new Set([bucket, ...hosts.map(({ target }) => target.bucket)]),
];

/** To see what is in the buckets of a config, and no more of it than judging takes. */
export const lookAtBackups = (
  config: Config,
  buckets: readonly string[] = bucketsOf(config),
): readonly Statement[] => [
  {
    Sid: 'LookAtNamesAndHowLongTheyLast',
    Effect: 'Allow',
    Action: ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetLifecycleConfiguration'],
    Resource: buckets.map((bucket) => bucketArn(bucket)),
  },
  ...parseRecipients(config, buckets),
];

/** The first bytes of a backup say who can open it. Only where the config names recipients to compare them with. */
const parseRecipients = ({ hosts }: Config, buckets: readonly string[]): readonly Statement[] => {
  const compared = buckets.filter((bucket) =>
    hosts.some(({ target, recipients }) => target.bucket === bucket && recipients.length > 0),
  );
  if (compared.length === 0) return [];
  return [
    {
      Sid: 'ReadWhoCanOpenABackup',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: compared.map((bucket) => bucketArn(bucket, '*')),
    },
  ];
};

/** Each upload of a volume asks whether its manifest is there already: S3 allows HEAD to anyone who may read. */
const seeWhenFinished = (bucket: string): Statement => ({
  Sid: 'SeeWhenABackupWasFinished',
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: [bucketArn(bucket, '*.manifest'), bucketArn(bucket, '*.manifest.gpg')],
});

const role = (
  name: string,
  config: Config,
  buckets: readonly string[],
  { topics, more }: { readonly topics: readonly string[]; readonly more: readonly Statement[] },
): Resource =>
  functionRole(
    name,
    'look-and-speak',
    ...lookAtBackups(config, buckets),
    {
      Sid: 'SpeakByTopic',
      Effect: 'Allow',
      Action: 'sns:Publish',
      Resource: topics.map((topic) => ref(topic)),
    },
    ...rememberRuns,
    ...rememberHosts,
    ...keepBoard,
    ...Object.values(SPEAK).flatMap((speak) => speak(config)),
    ...more,
  );

const sendMail = (from: string): Statement => ({
  Sid: 'SpeakByMail',
  Effect: 'Allow',
  Action: 'ses:SendRawEmail',
  // Any identity, for SES asks about more than the sender's: its domain's when only that one is
  // verified, each recipient's while the account is in the sandbox, and a default configuration
  // set. The sender's address is what binds.
  Resource: [arnHere('ses', 'identity/*'), arnHere('ses', 'configuration-set/*')],
  Condition: { StringEquals: { 'ses:FromAddress': from } },
});

/** Just those that hold addresses; the key that AWS manages for the store asks for no right of its own. */
const readParameters = (names: readonly string[]): readonly Statement[] =>
  names.length === 0
    ? []
    : [
        {
          Sid: 'ReadWhereToPost',
          Effect: 'Allow',
          Action: 'ssm:GetParameter',
          Resource: names.map((name) => arnHere('ssm', `parameter${name}`)),
        },
      ];

/** What it takes to speak to the addresses at each key of `alerts`, next to the topics that both functions speak by. */
const SPEAK: { readonly [Key in ChannelKey]: (config: Config) => readonly Statement[] } = {
  mail: ({ alerts: { from } }) => (from === undefined ? [] : [sendMail(from)]),
  sms: () => [],
  webhooks: (config) => readParameters(parametersOf(config)),
};

/** Would an alarm arrive? Questions only, and only of the ways that the config uses. */
const checkChannels = ({ alerts }: Config): readonly Statement[] => [
  look('LookWhoIsSubscribed', ['sns:ListSubscriptionsByTopic'], [ref(alertsTopic), ref(opsTopic)]),
  ...Object.values(LOOK).flatMap((ask) => ask(alerts)),
];

/** By key of `alerts`, next to the topics; a webhook is asked by no call of AWS. */
const LOOK: { readonly [Key in ChannelKey]: (alerts: Alerts) => readonly Statement[] } = {
  sms: ({ sms }) => {
    if (sms.length === 0) return [];
    const isAmerican = sms.some(isNorthAmerican);
    return [
      look('LookWhetherTextsLeave', [
        'sns:GetSMSSandboxAccountStatus',
        'sns:GetSMSAttributes',
        'sns:CheckIfPhoneNumberIsOptedOut',
        ...(isAmerican ? ['sns:ListOriginationNumbers'] : []),
      ]),
      askThroughSns(isAmerican ? ['sms-voice:DescribePhoneNumbers'] : []),
    ];
  },
  mail: ({ from }) =>
    from === undefined
      ? []
      : [
          look('LookWhetherMailsLeave', ['ses:GetAccount', 'ses:GetSuppressedDestination']),
          look('LookWhoIsVerified', ['ses:GetEmailIdentity'], arnHere('ses', 'identity/*')),
        ],
  webhooks: () => [],
};

/**
 * SNS answers some of these questions by asking AWS End User Messaging in the caller's name. Which ones is suspected: the
 * managed policy AmazonSNSReadOnlyAccess (version 2, September 2024) has these next to SNS's own, bound in the same way.
 */
const askThroughSns = (more: readonly string[]): Statement => ({
  Sid: 'AskThroughSns',
  Effect: 'Allow',
  Action: [
    'sms-voice:DescribeAccountAttributes',
    'sms-voice:DescribeSpendLimits',
    'sms-voice:DescribeOptedOutNumbers',
    ...more,
  ],
  Resource: '*',
  Condition: { StringEquals: { 'aws:CalledViaLast': 'sns.amazonaws.com' } },
});

/** Without a resource it is asked of the account as a whole: AWS knows no narrower one for it. */
const look = (Sid: string, Action: readonly string[], Resource: Value = '*'): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
});
