// The scheduled run on a machine of one's own: what it reads, where it remembers, and whom it notifies by which way.
import { dirname, resolve } from 'node:path';
import type { Connection } from '../../shared/aws/client.ts';
import { CredentialsError, readCredentials } from '../../shared/aws/profile-credentials.ts';
import { connectBuckets } from '../../shared/aws/s3-objects.ts';
import { phoneChannels, sesChannels } from '../../shared/channels/mail-and-topic.ts';
import { passwordOf, smtpChannels, trySmtp } from '../../shared/channels/smtp-mail.ts';
import { hookChannels } from '../../shared/channels/webhook.ts';
import type { Config, Smtp } from '../../shared/config/config.ts';
import { type ChannelKey, parametersOf, recipientsOf } from '../../shared/config/recipients.ts';
import { judgeOwnMachine, type MailServer } from '../../shared/doctor/own-machine.ts';
import { type Channel, mailboxChannels, RefusalError } from '../../shared/monitor/notify.ts';
import type { ScheduleDependencies } from '../../shared/monitor/scheduled-run.ts';
import type { RecordStore } from '../../shared/monitor/state.ts';
import { UsageError } from './terminal.ts';

/** The config, the store that it names, and the file that it was read from. */
export type OwnMachine = {
  readonly config: Config;
  readonly connection: Connection;
  readonly hostsFile: string;
};

/** How somebody at each key of `alerts` is reached. */
const CONNECT: {
  readonly [Key in ChannelKey]: (machine: OwnMachine) => Promise<readonly Channel[]>;
} = {
  mail: async (machine) => mailboxChannels(machine.config, (to) => mailChannels(machine, to)),
  sms: async (machine) => {
    const { sms } = machine.config.alerts;
    return sms.length === 0 ? [] : phoneChannels(openAmazon(machine, 'sms'), sms);
  },
  webhooks: async (machine) => {
    const { config } = machine;
    const isInAws = parametersOf(config).length > 0;
    return hookChannels(isInAws ? openAmazon(machine, 'webhooks') : machine.connection, config);
  },
};

/** The channels that reach one key. Throws `UsageError` where nothing here can. */
export function connectKey(key: ChannelKey, machine: OwnMachine): Promise<readonly Channel[]> {
  return CONNECT[key](machine);
}

/** Throws `UsageError` where the config names somebody whom nothing here can reach. */
export async function connectOwnMachine(
  machine: OwnMachine,
  records: RecordStore,
): Promise<ScheduleDependencies> {
  const { config, connection } = machine;
  const { alerts } = config;
  const isHeard = recipientsOf(alerts) === 'some';
  const channels: Channel[] = [];
  if (isHeard) for (const open of Object.values(CONNECT)) channels.push(...(await open(machine)));
  // Who gets the first mail hears of the monitor by it, too.
  const others = isHeard ? alerts.ops.filter((one) => !alerts.mail.includes(one)) : [];
  return {
    ...{ store: connectBuckets(connection), records, channels, escalates: true },
    ops: mailChannels(machine, others).map((one) => ({ ...one, name: `ops ${one.name}` })),
    judgeChannels: async (refusals) =>
      judgeOwnMachine(await readMailServer(machine), refusals, config),
  };
}

function mailChannels(machine: OwnMachine, to: readonly string[]): Channel[] {
  const { config, connection } = machine;
  const { from } = config.alerts;
  if (to.length === 0) return [];
  const smtp = smtpOf(machine);
  if (smtp !== undefined && from !== undefined) {
    return smtpChannels(smtp, from, to, { readPassword: passwordOf(smtp, process.env) });
  }
  if (config.endpoint === undefined && from !== undefined) {
    return sesChannels(connection, from, to);
  }
  throw new UsageError(
    'alerts.mail has addresses, and nothing here can send mail',
    'write into hosts.yml: smtp: { host: MAIL-SERVER, user: NAME, passwordFile: FILE }, and under alerts: from: NAME@DOMAIN',
  );
}

/** Its password file is named from where hosts.yml lies. */
export function smtpOf({ config, hostsFile }: OwnMachine): Smtp | undefined {
  const { smtp } = config;
  if (smtp?.passwordFile === undefined) return smtp;
  const folder = hostsFile === '-' ? '.' : dirname(hostsFile);
  return { ...smtp, passwordFile: resolve(folder, smtp.passwordFile) };
}

/** Whether the mail server takes the user; `undefined` where there is none. */
export async function readMailServer(machine: OwnMachine): Promise<MailServer | undefined> {
  const smtp = smtpOf(machine);
  if (smtp === undefined) return undefined;
  const name = `${smtp.host}:${smtp.port}`;
  try {
    await trySmtp(smtp, { readPassword: passwordOf(smtp, process.env) });
    return { name };
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return { name, refuses: error.message };
  }
}

const NEEDS_AMAZON = {
  sms: 'alerts.sms has numbers, and an SMS goes by SNS of AWS',
  webhooks: 'the address or the key of a webhook is a parameter of AWS',
};

/**
 * What lies in AWS: by the store's own credentials where the store is Amazon's, else by a profile of the AWS
 * configuration. Throws `UsageError`.
 */
function openAmazon(
  { config, connection }: OwnMachine,
  why: keyof typeof NEEDS_AMAZON,
): Connection {
  if (config.endpoint === undefined) return connection;
  const { ROLLCALL_AWS_PROFILE: profile, ROLLCALL_AWS_REGION: region } = process.env;
  if (!profile || !region) {
    throw new UsageError(
      `${NEEDS_AMAZON[why]}, which is not where the backups are`,
      `set ROLLCALL_AWS_PROFILE and ROLLCALL_AWS_REGION to an AWS profile and its region, or take it out of hosts.yml`,
    );
  }
  const credentials = () =>
    readCredentials(region, { AWS_PROFILE: profile }, () => {
      throw new CredentialsError(
        `the profile ${profile} asks for a second factor, and nobody can be asked here`,
        'name a profile without one in ROLLCALL_AWS_PROFILE',
      );
    });
  return { region, endpoint: undefined, credentials };
}
