// Who is notified, as hosts.yml says under `alerts`.
import {
  type Alerts,
  DIGEST_RHYTHMS,
  type DigestRhythm,
  type Host,
  SSM,
  WEBHOOK_FORMATS,
  type Webhook,
  type WebhookFormat,
} from './config.ts';
import { EMAIL, FLAG, HTTPS, PHONE } from './config-values.ts';
import {
  formatAt,
  NOBODY_NOTIFIED,
  recipientsOf,
  SMS_REGIONS,
  SMS_REGIONS_AS_OF,
} from './recipients.ts';
import {
  entriesOf,
  fieldsOf,
  holdsMap,
  holdsWord,
  itemsOf,
  matching,
  note,
  type Place,
  suggest,
  textOf,
  type YamlReader,
} from './yaml.ts';

const KEYS = [
  ...(['from', 'mail', 'sms', 'webhooks', 'https'] as const),
  ...(['ops', 'heartbeat', 'digest', 'weeklyTest'] as const),
];

export function readAlerts(yaml: YamlReader, place: Place | undefined): Alerts {
  if (place !== undefined && holdsWord(yaml, place, 'none')) {
    return { none: true, mail: [], sms: [], webhooks: [], ops: [], weeklyTest: false };
  }
  const fields = place === undefined ? {} : fieldsOf(yaml, place, KEYS);
  const from = matching(yaml, fields.from, EMAIL.rule, EMAIL.parse);
  const digest = readRhythm(yaml, fields.digest);
  const heartbeat = matching(yaml, fields.heartbeat, HTTPS.rule, HTTPS.parse, true);
  const mail = listOf(yaml, fields.mail, EMAIL);
  const https = listOf(yaml, fields.https, HTTPS);
  return {
    ...(from === undefined ? {} : { from }),
    mail,
    sms: listOf(yaml, fields.sms, PHONE),
    webhooks: [
      ...https.map((url): Webhook => ({ url, format: 'json' })),
      ...itemsOf(yaml, fields.webhooks).flatMap((item) => readWebhook(yaml, item) ?? []),
    ],
    ...(https.length === 0 ? {} : { hasHttps: true }),
    ops: fields.ops === undefined ? mail : listOf(yaml, fields.ops, EMAIL),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(digest === undefined ? {} : { digest }),
    weeklyTest: matching(yaml, fields.weeklyTest, FLAG.rule, FLAG.parse) ?? true,
  };
}

function readRhythm(yaml: YamlReader, place: Place | undefined): DigestRhythm | undefined {
  const word = textOf(yaml, place);
  if (word === undefined || place === undefined) return undefined;
  const rhythm = DIGEST_RHYTHMS.find((one) => one === word);
  if (rhythm !== undefined) return rhythm;
  return note(
    yaml,
    place,
    `${place.path} is "${word}", but must be ${DIGEST_RHYTHMS.join(', ')}${suggest(word, DIGEST_RHYTHMS)}`,
  );
}

/** Mail to some has a sender as mail to all has: a topic of SNS has no subscriber of one host. */
export function noteNoSender(
  yaml: YamlReader,
  { from }: Alerts,
  hosts: readonly { readonly host: Host; readonly place: Place }[],
): void {
  if (from !== undefined) return;
  for (const { host, place } of hosts.filter(({ host }) => (host.admins ?? []).length > 0)) {
    note(
      yaml,
      place,
      `${host.name}: mail to its admins needs a sender; write under alerts: "from: NAME@DOMAIN"`,
    );
  }
}

// Source: SSM API Reference, "PutParameter": letters, digits and ".-_", in at most fifteen levels.
const PARAMETER = /^ssm:(?:\/[\w.-]+){1,15}$/;

const ADDRESS = {
  rule: `${HTTPS.rule}; or the parameter that holds one, like ${SSM}/rollcall/slack`,
  parse: (text: string) => (PARAMETER.test(text) ? text : HTTPS.parse(text)),
};

/** A key of the format, by which it is refused where it belongs to another. */
const KEYS_OF: Partial<
  Record<WebhookFormat, { rule: string; parse: (text: string) => string | undefined }>
> = {
  pagerduty: {
    rule: 'the integration key of PagerDuty, 32 letters and digits; or the parameter that holds it, like ssm:/rollcall/pagerduty',
    parse: (text) => (/^[A-Za-z0-9]{32}$/.test(text) || PARAMETER.test(text) ? text : undefined),
  },
  ntfy: {
    rule: 'an access token of ntfy, tk_ and more; or the parameter that holds it, like ssm:/rollcall/ntfy',
    parse: (text) =>
      /^tk_[A-Za-z0-9]{8,64}$/.test(text) || PARAMETER.test(text) ? text : undefined,
  },
};

/** Mail addresses and webhooks, in one list. What may be the address of a webhook is not shown. */
export function readAdmins(
  yaml: YamlReader,
  place: Place | undefined,
): Pick<Host, 'admins' | 'adminHooks'> {
  const items = itemsOf(yaml, place);
  const isHook = (item: Place) => holdsMap(yaml, item);
  const admins = items.flatMap((item) =>
    isHook(item)
      ? []
      : (matching(yaml, item, ADMIN_RULE, EMAIL.parse, textOf(yaml, item)?.includes('/')) ?? []),
  );
  const adminHooks = items.flatMap((item) => (isHook(item) ? readWebhook(yaml, item) : []) ?? []);
  return {
    ...(admins.length === 0 ? {} : { admins }),
    ...(adminHooks.length === 0 ? {} : { adminHooks }),
  };
}

const ADMIN_RULE = `${EMAIL.rule}, or a webhook: { url: ADDRESS, format: slack }`;

/** `{ url, format, key }`. Nothing of it is ever shown: what is wrong with it may be that a secret stands there. */
function readWebhook(yaml: YamlReader, place: Place): Webhook | undefined {
  // An address in the place of a key would be shown as one that is not known.
  const isMap = holdsMap(yaml, place);
  if (!isMap || entriesOf(yaml, place).some(([name]) => name.includes(':/'))) {
    return note(
      yaml,
      place,
      `${place.path} must be a list of { url: ADDRESS, format: slack }; formats: ${WEBHOOK_FORMATS.join(', ')}`,
    );
  }
  const fields = fieldsOf(yaml, place, ['url', 'format', 'key']);
  const url = matching(yaml, fields.url, ADDRESS.rule, ADDRESS.parse, true);
  if (fields.url === undefined) note(yaml, place, `${place.path} needs "url: ADDRESS"`);
  const own = url === undefined ? undefined : formatAt(url);
  const word = textOf(yaml, fields.format);
  const format = WEBHOOK_FORMATS.find((one) => one === word);
  if (fields.format === undefined) {
    const which = own ?? WEBHOOK_FORMATS.join(', or ');
    return note(
      yaml,
      place,
      `${place.path} needs the format of its posts: write "format: ${which}"`,
    );
  }
  if (format === undefined) {
    const nearest = suggest(word ?? '', WEBHOOK_FORMATS);
    return note(yaml, fields.format, `${fields.format.path} is not known${nearest}`);
  }
  // Any service of these refuses the posts of another; to `json` belongs what all of them read.
  if (own !== undefined && format !== own && format !== 'json') {
    return note(
      yaml,
      fields.format,
      `${fields.format.path} is ${format}, but the address is of ${own}: write "format: ${own}"`,
    );
  }
  const keys = KEYS_OF[format];
  if (keys === undefined && fields.key !== undefined) {
    return note(yaml, fields.key, `${fields.key.path}: ${format} has no key; take it out`);
  }
  if (format === 'pagerduty' && fields.key === undefined) {
    return note(yaml, place, `${place.path}: pagerduty needs "key: ..." too, ${keys?.rule}`);
  }
  const key = keys && matching(yaml, fields.key, keys.rule, keys.parse, true);
  if (url === undefined || (fields.key !== undefined && key === undefined)) return undefined;
  if (format === 'ntfy' && !url.startsWith(SSM) && !/\/[-\w]{1,64}$/.test(new URL(url).pathname)) {
    return note(
      yaml,
      place,
      `${place.path}.url must end in the topic of ntfy: https://ntfy.sh/TOPIC`,
    );
  }
  return { url, format, ...(key === undefined ? {} : { key }) };
}

/** At the line of `alerts`: that an alert would reach nobody, or that AWS would refuse the stack for it. */
export function noteNoRecipients(
  yaml: YamlReader,
  alerts: Alerts,
  region: string,
  place: Place,
): void {
  if (recipientsOf(alerts) === 'missing') {
    note(yaml, place, `${NOBODY_NOTIFIED.message}; ${NOBODY_NOTIFIED.fix}`);
  }
  if (alerts.sms.length > 0 && !SMS_REGIONS.has(region)) {
    const sms = entriesOf(yaml, place).find(([name]) => name === 'sms')?.[2] ?? place;
    note(
      yaml,
      sms,
      `alerts.sms: SNS sends no SMS from ${region} (AWS's list of ${SMS_REGIONS_AS_OF}), and would refuse the stack; take the numbers out, or use another region. Is it on AWS's list by now? Add it to shared/config/recipients.ts`,
    );
  }
}

export function listOf(
  yaml: YamlReader,
  place: Place | undefined,
  {
    rule,
    parse,
    isSecret = false,
  }: { rule: string; parse: (text: string) => string | undefined; isSecret?: boolean },
): string[] {
  return itemsOf(yaml, place).flatMap((item) => matching(yaml, item, rule, parse, isSecret) ?? []);
}
