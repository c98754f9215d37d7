// `rollcall test-alert`: one message with a code word through every channel, so that its absence can be noticed.
import { randomInt } from 'node:crypto';
import type { Connection } from '../../shared/aws/client.ts';
import type { Config } from '../../shared/config/config.ts';
import { mailboxesOf } from '../../shared/config/config.ts';
import {
  type ChannelKey,
  hooksOf,
  NOBODY_NOTIFIED,
  recipientsOf,
} from '../../shared/config/recipients.ts';
import { showEndpoint } from '../../shared/doctor/mail-and-texts.ts';
import { composeCodeWord } from '../../shared/messages/compose-digest.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { count, formatInstant } from '../../shared/messages/plain-text.ts';
import { type Channel, RefusalError, sendTo } from '../../shared/monitor/notify.ts';
import { defineCommand, FLAG, STACK, TEXT } from './command.ts';
import { configFileOf, openAws, openStore, readConfig } from './config-file.ts';
import type { OwnMachine } from './run-dependencies.ts';
import { print, UsageError } from './terminal.ts';

const HELP = `rollcall test-alert - does an alarm reach everybody in the config?

Examples
  rollcall test-alert                    a message with a code word, to all mails, phones and addresses of the config
  rollcall test-alert --channel sns      by SNS only: SMS, and mail without \`alerts.from\`
  rollcall test-alert --channel webhooks to the webhooks only: chats, pagers and programs
  rollcall test-alert --topic-arn arn:aws:sns:eu-west-1:111122223333:rollcall-prod-AlertsTopic-...

A channel that takes a message has not delivered it yet. Look for the code word at each address, and in the
spam folder too; then: rollcall doctor

Options
  --channel NAME        mail, sns or webhooks; default all
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --stack NAME          the stack that has the topics; default rollcall-prod
  --topic-arn ARN       this topic, without asking the stack
  --dry-run             say what would be sent, and where to
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  every channel took it      2  one did not, or hosts.yml names nobody to notify      3  could not be tried
`;

type Way = {
  readonly channel: Channel;
  readonly reaches: readonly string[];
  readonly waits: readonly string[];
};

export const testAlertCommand = defineCommand({
  help: HELP,
  options: {
    channel: TEXT,
    hosts: TEXT,
    stack: STACK,
    'topic-arn': TEXT,
    'dry-run': FLAG,
    'endpoint-url': TEXT,
  },

  run: async (options) => {
    const { channel } = options;
    const names = Object.values(WAYS).map(({ name }) => name);
    if (channel !== undefined && !names.includes(channel)) {
      const message = `--channel ${JSON.stringify(channel)} is not known`;
      throw new UsageError(
        message,
        `write ${new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names)}`,
      );
    }
    const config = await readConfig(options.hosts);
    const recipients = recipientsOf(config.alerts);
    if (recipients === 'none') {
      print('nothing is sent: hosts.yml says alerts: none');
      return 0;
    }
    if (recipients === 'missing') {
      print(`FAILED  ${NOBODY_NOTIFIED.message}; ${NOBODY_NOTIFIED.fix}`);
      return 2;
    }
    const isOwn = config.endpoint !== undefined || config.smtp !== undefined;
    const connection = await (isOwn ? openStore : openAws)(config, options);
    const isAsked = (name: string) => channel === undefined || channel === name;
    const where = { connection, config, stack: options.stack, topicArn: options['topic-arn'] };
    const ways: Way[] = [];
    const hostsFile = configFileOf(options.hosts);
    for (const [key, { name, open }] of Object.entries(WAYS)) {
      if (!isAsked(name)) continue;
      const own = () => ownWays(key as ChannelKey, { config, connection, hostsFile });
      ways.push(...(await (isOwn ? own() : open(where))));
    }
    if (ways.length === 0 && channel === 'webhooks') {
      throw new UsageError(
        'the config has no webhook: neither alerts.webhooks nor admins have one',
        'write it into hosts.yml, or test another way: rollcall test-alert',
      );
    }
    if (ways.length === 0) {
      throw new UsageError(
        'the config has no mail by SES: alerts.from or alerts.mail is missing',
        'mail goes by SNS then: rollcall test-alert --channel sns',
      );
    }
    const word = composeCodeWord(randomInt);
    if (options['dry-run']) {
      for (const way of ways) print(`would send to ${way.channel.name}${formatReach(way)}`);
      return 0;
    }
    return sendAll(ways, composeTest(word, config, Date.now()), word, (name) =>
      hintFor(name, config, isOwn),
    );
  },
});

type Where = {
  readonly connection: Connection;
  readonly config: Config;
  readonly stack: string;
  readonly topicArn: string | undefined;
};

/** By key of `alerts`: what `--channel` calls it, and the channels that reach it. */
const WAYS: {
  readonly [Key in ChannelKey]: {
    readonly name: string;
    readonly open: (where: Where) => Promise<Way[]>;
  };
} = {
  mail: { name: 'mail', open: mailWays },
  sms: { name: 'sns', open: topicWays },
  webhooks: { name: 'webhooks', open: hookWays },
};

async function sendAll(
  ways: readonly Way[],
  message: Message,
  word: string,
  hintOf: (name: string) => string,
): Promise<number> {
  const errors = await Promise.all(ways.map(({ channel }) => sendTo(channel, message)));
  for (const [index, way] of ways.entries()) {
    const error = errors[index];
    if (error === undefined) print(`taken   ${way.channel.name}${formatReach(way)}`);
    else
      print(
        `FAILED  ${way.channel.name}: ${await formatReason(error.cause)}; ${hintOf(way.channel.name)}`,
      );
  }
  print(`look for the code word ${word} at each address; what does not arrive: rollcall doctor`);
  return errors.every((error) => error === undefined) ? 0 : 2;
}

async function formatReason(cause: unknown): Promise<string> {
  if (cause instanceof RefusalError) return cause.message;
  const { nameOf } = await import('../../shared/aws/client.ts');
  return nameOf(cause);
}

/** Those of `rollcall run`. */
async function ownWays(key: ChannelKey, machine: OwnMachine): Promise<Way[]> {
  const { connectKey } = await import('./run-dependencies.ts');
  return (await connectKey(key, machine)).map((channel) => ({ channel, reaches: [], waits: [] }));
}

async function hookWays({ connection, config }: Where): Promise<Way[]> {
  const { hookChannels } = await import('../../shared/channels/webhook.ts');
  return hookChannels(connection, config).map((channel) => ({ channel, reaches: [], waits: [] }));
}

async function mailWays({ connection, config, config: { alerts } }: Where): Promise<Way[]> {
  if (alerts.from === undefined) return [];
  const { sesChannels } = await import('../../shared/channels/mail-and-topic.ts');
  const channels = sesChannels(connection, alerts.from, mailboxesOf(config));
  return channels.map((channel) => ({ channel, reaches: [], waits: [] }));
}

async function topicWays({ connection, stack, topicArn }: Where): Promise<Way[]> {
  const topics = topicArn === undefined ? await topicsOf(connection, stack) : { SNS: topicArn };
  const { snsChannel } = await import('../../shared/channels/mail-and-topic.ts');
  const { readSubscriptions } = await import('../../shared/aws/accounts.ts');
  return Promise.all(
    Object.entries(topics).map(async ([name, arn]) => {
      const subscriptions = await readSubscriptions(connection, arn);
      const print = (confirmed: boolean) =>
        subscriptions
          .filter((one) => one.confirmed === confirmed)
          .map(({ protocol, endpoint }) => `${protocol} ${showEndpoint(endpoint)}`);
      return {
        channel: snsChannel(connection, name, arn),
        reaches: print(true),
        waits: print(false),
      };
    }),
  );
}

async function topicsOf(
  connection: Connection,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const { readStack } = await import('../../shared/aws/deployed-stack.ts');
  const outputs = (await readStack(connection, name))?.outputs ?? {};
  const { AlertsTopicArn, OpsTopicArn } = outputs;
  if (AlertsTopicArn === undefined || OpsTopicArn === undefined) {
    throw new UsageError(
      `there is no stack ${name} with topics in ${connection.region}`,
      'deploy it: npx serverless deploy; or name it: --stack NAME; or its topic: --topic-arn ARN',
    );
  }
  return { SNS: AlertsTopicArn, 'SNS ops': OpsTopicArn };
}

/** The message: plainly a test, so that nobody runs to a server for it. */
function composeTest(word: string, { bucket, timezone }: Config, now: number): Message {
  const when = formatInstant(now, timezone, now);
  return composeMessage({
    subject: `TEST ${word}: this is how an alarm reaches you`,
    blocks: [
      {
        ...{ kind: 'banner', tone: 'note', text: `TEST ${word}. Nothing is wrong` },
        below: `${when} ${timezone} - bucket ${bucket}`,
      },
      { kind: 'note', text: 'This is a test of the alarms. Tell the sender that it arrived here.' },
    ],
    smsLine: `BACKUP TEST ${word}: nothing is wrong. Tell the sender that it arrived. ${when}`,
    events: [
      {
        ...{ key: `test ${word}`, news: 'new', kind: 'channel', severity: 'info' },
        ...{ who: '', label: `TEST ${word}` },
        says: 'this is how an alarm reaches you. Nothing is wrong: close it',
      },
    ],
    urgency: 'alert',
    severity: 'info',
  });
}

function formatReach({ channel, reaches, waits }: Way): string {
  if (!channel.name.startsWith('SNS')) return '';
  const whom = reaches.length === 0 ? 'NOBODY is subscribed' : `for ${reaches.join(', ')}`;
  const late =
    waits.length === 0
      ? ''
      : `; ${count(waits.length, 'subscription')} not confirmed, which get nothing: ${waits.join(', ')}`;
  return `: ${whom}${late}`;
}

function hintFor(name: string, config: Config, isOwn: boolean): string {
  if (isOwn && name.startsWith('mail'))
    return 'correct "smtp" in hosts.yml: docs/setup-anywhere.md';
  const hook = hooksOf(config).find((one) => one.name === name);
  if (hook !== undefined) {
    return `is its address in ${hook.stands} still right? make a new one; docs/runbook.md#alarm-path`;
  }
  return name.startsWith('SNS')
    ? 'may these credentials publish? deploy the stack again, or choose others with AWS_PROFILE'
    : 'verify the sender in SES, leave its sandbox, or allow ses:SendRawEmail; docs/setup.md, step 3';
}
