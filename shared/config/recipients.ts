// Who in the config is notified, by which topic, and where an SMS cannot be sent from.
import { createHash } from 'node:crypto';
import {
  type Alerts,
  type Config,
  type Host,
  SSM,
  type Webhook,
  type WebhookFormat,
} from './config.ts';

/** One subscription as the config asks for it. */
export type Subscriber = {
  readonly protocol: 'email' | 'sms';
  readonly endpoint: string;
};

/** A digest is sent with `urgency` = `digest`: nobody is woken up, or billed, for good news. */
export const textedOnly = { urgency: ['alert', 'test'] } as const;

const by = (protocol: Subscriber['protocol'], endpoints: readonly string[]): Subscriber[] =>
  endpoints.map((endpoint) => ({ protocol, endpoint }));

/**
 * At which keys somebody is notified of a bad host. A key that is left out would connect nothing, and nobody would
 * notice.
 */
const HEARS_OF_HOSTS = {
  none: false,
  from: false,
  mail: true,
  sms: true,
  webhooks: true,
  hasHttps: false,
  ops: false,
  heartbeat: false,
  digest: false,
  weeklyTest: false,
} as const satisfies Readonly<Record<keyof Alerts, boolean>>;

/** A key of `alerts` at which somebody is notified of a bad host. */
export type ChannelKey = {
  [Key in keyof typeof HEARS_OF_HOSTS]: (typeof HEARS_OF_HOSTS)[Key] extends true ? Key : never;
}[keyof typeof HEARS_OF_HOSTS];

export const CHANNEL_KEYS = Object.entries(HEARS_OF_HOSTS).flatMap(([key, isTold]) =>
  isTold ? (key as ChannelKey) : [],
);

/**
 * Whether somebody is notified of a bad host: by mail, SMS or webhook. `ops` is notified of trouble with the monitor
 * alone, and a heartbeat notifies no person. `none` = hosts.yml has `alerts: none`; `missing` = it has no recipients.
 */
export function recipientsOf(alerts: Alerts): 'some' | 'none' | 'missing' {
  if (CHANNEL_KEYS.some((key) => alerts[key].length > 0)) return 'some';
  return alerts.none === true ? 'none' : 'missing';
}

/** What a config with recipients `missing` gets to read, and what to do about it. */
export const NOBODY_NOTIFIED = {
  message: `nobody is notified of a bad host: "alerts" has none of ${CHANNEL_KEYS.join(', ')}`,
  fix: 'write into hosts.yml: alerts: { mail: [you@example.net] }; or, to notify nobody: alerts: none',
} as const;

/** The same for one with webhooks alone. */
export const NO_OPS = {
  message: 'nobody is notified when the monitor itself stops: CloudWatch cannot post to a webhook',
  fix: 'write into hosts.yml, under "alerts": ops: [admin@example.net]',
} as const;

/** With a sender, mail goes by SES itself: one mail a person and run, and a better one. */
export function alertSubscribers({ from, mail, sms }: Alerts): Subscriber[] {
  return [...by('email', from === undefined ? mail : []), ...by('sms', sms)];
}

/**
 * A config without a mail address still has somebody to notify when the checks have stopped, if it has a telephone. A
 * webhook has none: CloudWatch rings this topic when no function runs, and SNS posts only to who confirms.
 */
export function opsSubscribers({ ops, sms }: Alerts): Subscriber[] {
  return ops.length > 0 ? by('email', ops) : by('sms', sms);
}

/** True for a number of the United States, and of Canada and others who share their code. */
export const isNorthAmerican = (phone: string): boolean => phone.startsWith('+1');

/** Source: SNS Developer Guide, "Supported Regions and countries": effective August 31, 2023. */
export const US_RULE = {
  message:
    'carriers of the United States and its territories take texts only from a number of your own, 10DLC or toll-free',
  fix: 'request one: AWS End User Messaging console, Phone numbers; it takes weeks. For other countries of +1, as Canada, see there',
} as const;

/** A webhook with its name in messages: where it is, and a mark of its address where others are there, too. */
export type Hook = Webhook & {
  readonly name: string;
  /** Where in the config it is. */
  readonly stands: string;
  /** Whose admins have it; without it, it is of all hosts. */
  readonly hosts?: readonly Host[];
};

/** What of a config has webhooks. */
type WithHooks = {
  readonly alerts: Pick<Alerts, 'webhooks'>;
  readonly hosts: Config['hosts'];
};

/** Each once: one that is of all hosts needs no post of its own about some of them. */
export function hooksOf({ alerts, hosts }: WithHooks): Hook[] {
  const idOf = ({ url, key = '' }: Webhook) => `${url} ${key}`;
  // To an address that `https` has, too, the format of `webhooks` belongs: it stands behind it.
  const unique = new Map(alerts.webhooks.map((one) => [idOf(one), one]));
  const pairs = hosts.flatMap((host) => (host.adminHooks ?? []).map((hook) => ({ hook, host })));
  const byAdmin = Map.groupBy(
    pairs.filter(({ hook }) => !unique.has(idOf(hook))),
    ({ hook }) => idOf(hook),
  );
  const ofAdmins = [...byAdmin.values()].flatMap((own) =>
    own.slice(0, 1).map(({ hook }) => ({ ...hook, hosts: own.map(({ host }) => host) })),
  );
  const hooks: Omit<Hook, 'name' | 'stands'>[] = [...unique.values(), ...ofAdmins];
  const whereIs = ({ url }: Webhook) =>
    url.startsWith(SSM) ? url.slice(SSM.length) : new URL(url).host;
  const byPlace = Map.groupBy(hooks, whereIs);
  return hooks.map((hook) => {
    const where = whereIs(hook);
    const all = byPlace.get(where) ?? [];
    const mark = all.length === 1 ? '' : ` #${markOf(idOf(hook))}`;
    const [host] = hook.hosts ?? [];
    const ofHost = all.filter(({ hosts: [first] = [] }) => first === host);
    const number = ofHost.length === 1 ? '' : `, number ${ofHost.indexOf(hook) + 1} of ${where}`;
    const key = host === undefined ? 'alerts: webhooks' : `${host.name}: admins`;
    return { ...hook, name: `hook ${where}${mark}`, stands: `"${key}"${number}` };
  });
}

// What a channel was notified of is kept by its name: so two of one host are told apart by their address, which is a
// secret, and not by their place in the config, which another line changes.
function markOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 6);
}

/** The parameters of AWS's parameter store that hold addresses and keys, by name. */
export function parametersOf(config: WithHooks): string[] {
  const secrets = hooksOf(config).flatMap(({ url, key = '' }) => [url, key]);
  return [...new Set(secrets.flatMap((one) => (one.startsWith(SSM) ? one.slice(SSM.length) : [])))];
}

/** Whose posts an address takes, by the host that its service gives out. */
const HOSTS: readonly (readonly [WebhookFormat, RegExp])[] = [
  ['slack', /^hooks\.slack(?:-gov)?\.com$/],
  ['discord', /^(?:\w+\.)?discord(?:app)?\.com$/],
  ['pagerduty', /^events(?:\.eu)?\.pagerduty\.com$/],
  ['ntfy', /^ntfy\.sh$/],
  // Where Power Automate takes the posts of a Teams workflow.
  ['teams', /\.(?:logic\.azure|api\.powerplatform)\.com$/],
];

/** The format that the service at an address wants; `undefined` where nobody knows. */
export function formatAt(url: string): WebhookFormat | undefined {
  const { hostname } = URL.parse(url) ?? {};
  return hostname === undefined ? undefined : HOSTS.find(([, host]) => host.test(hostname))?.[0];
}

/** What a config with `alerts.https` gets to read. */
export const HTTPS_IS_OLD = {
  message: 'alerts.https is the older name of webhooks',
  fix: 'write into hosts.yml, under "alerts", in its place: webhooks: [{ url: THE ADDRESS, format: FORMAT }], with the service as FORMAT: slack, teams, discord; or json, as https is read',
} as const;

/** When the list was last compared with its sources. */
export const SMS_REGIONS_AS_OF = '2026-11-28';

/**
 * Sources: SNS Developer Guide, "Supported Regions and countries for SMS messaging with Amazon SNS"; AWS General
 * Reference, "AWS End User Messaging endpoints and quotas". A region that only the second has, as Seoul, is not here:
 * SNS does not say that it sends from there.
 */
export const SMS_REGIONS: ReadonlySet<string> = new Set([
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'us-gov-east-1', 'us-gov-west-1'],
  ...['ca-central-1', 'ca-west-1', 'sa-east-1', 'af-south-1', 'il-central-1'],
  ...['eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2'],
  ...['eu-west-1', 'eu-west-2', 'eu-west-3', 'me-central-1', 'me-south-1'],
  ...['ap-northeast-1', 'ap-northeast-3', 'ap-south-1', 'ap-south-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4'],
]);
