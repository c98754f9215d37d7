// `rollcall schema`: the JSON Schema of hosts.yml, by which an editor completes keys and marks mistakes.

import { DIGEST_RHYTHMS, WEBHOOK_FORMATS } from '../../shared/config/config.ts';
import { defineCommand } from './command.ts';
import { toAsciiJson } from './format-report.ts';
import { print } from './terminal.ts';

const HELP = `rollcall schema - the JSON Schema of hosts.yml, for editors

Examples
  rollcall schema > hosts.schema.json

An editor with yaml-language-server completes the keys of hosts.yml when its first line is
  # yaml-language-server: $schema=hosts.schema.json

What the schema cannot say, rollcall check does: names that AWS refuses, hosts that cannot be told apart, a pause without
an end.

Options
  -h, --help            this
`;

export const schemaCommand = defineCommand({
  help: HELP,
  options: {},
  run: () => {
    print(toAsciiJson(CONFIG_SCHEMA));
    return 0;
  },
});

// YAML makes a number of digits that stand without quotes; the reader takes them as they are written.
const text = (description: string, more = {}) => ({
  type: ['string', 'number'],
  description,
  ...more,
});
const flag = (description: string) => ({ type: 'boolean', description });
const list = (description: string) => ({
  type: 'array',
  items: { type: ['string', 'number'] },
  description,
});
const map = (description: string, properties: Record<string, object>, required: string[] = []) => ({
  type: ['object', 'null'],
  description,
  properties,
  required,
  additionalProperties: false,
});

const CLOCK = { pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' };
const DATE = { pattern: '^\\d{4}-\\d\\d-\\d\\d$' };
const SHARE = { pattern: '^\\d+(\\.\\d+)?%$' };

const timezone = text('an IANA time zone like Europe/Amsterdam');
const recipients = list(
  'OpenPGP ids or fingerprints, or public key files, that backups must be encrypted to',
);
const window = map(
  'when a backup is expected; opens later than due = it opened the evening before',
  {
    opens: text('a time like "00:00"', CLOCK),
    due: text('a time like "08:15": a backup that is not there by then is late', CLOCK),
    grace: text('how long after due a backup may still arrive, like 4h or 2d; then it is missing'),
    hardDue: text('grace, as a time of the clock like "12:15"', CLOCK),
  },
);
const size = map('bounds on the size of a full backup', {
  min: text('at least, like 500MiB or 10GiB'),
  shrink: text("at least this share of the host's median, like 50%", SHARE),
  grow: text("at most this share of the host's median, like 200%", SHARE),
});
const prefix = (of: string) => text(`what --file-prefix-${of} got`);

const webhook = map(
  'an address that is posted to',
  {
    url: text('https://..., a secret; or ssm:/NAME, the parameter that holds it'),
    format: { enum: WEBHOOK_FORMATS, description: 'whose posts it takes' },
    key: text('the integration key of PagerDuty, or a token of ntfy; or ssm:/NAME'),
  },
  ['url', 'format'],
);

const host = map('a host; {} where the defaults hold', {
  target: text('s3://BUCKET/PREFIX/; default: the bucket, and the name of the host'),
  filePrefix: {
    anyOf: [
      text('what --file-prefix got'),
      map('a prefix for each kind of file', {
        archive: prefix('archive'),
        manifest: prefix('manifest'),
        signature: prefix('signature'),
      }),
    ],
  },
  timezone,
  window,
  days: {
    type: 'array',
    items: { enum: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
    description: 'the days of the week on which a backup is owed; default: each',
  },
  chain: map(
    'incrementals count as backups',
    { fullEvery: text('a full is made at least so often, like 31d') },
    ['fullEvery'],
  ),
  prunes: {
    anyOf: [
      flag('the host removes its own old sets, and keeps 3 good fulls'),
      map('the host removes its own old sets', {
        keep: { type: 'integer', minimum: 1, description: 'so many good fulls are kept' },
      }),
    ],
  },
  recipients,
  size,
  paused: map(
    'no backup is expected',
    { until: text('a date like 2026-12-01', DATE), because: text('why; every digest shows it') },
    ['until', 'because'],
  ),
  admins: {
    type: 'array',
    items: { anyOf: [{ type: 'string' }, webhook] },
    description: 'mail addresses and webhooks that are notified of this host alone',
  },
  since: text('the first date that a backup is expected for', DATE),
  userId: text('the UserId of its IAM user; rollcall add-host writes it'),
});

/** The same keys as the reader's, which a test holds. */
const CONFIG_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'hosts.yml of Rollcall',
  type: 'object',
  required: ['bucket', 'hosts'],
  additionalProperties: false,
  properties: {
    bucket: text('the bucket that the hosts back up to'),
    existing: flag('true: the bucket is there already, and the stack makes none'),
    region: {
      anyOf: [
        text('an AWS region like eu-west-1'),
        map('a region that AWS opened after this version', { new: text('its name') }),
      ],
    },
    endpoint: text('the https address of a store that is not S3 of Amazon'),
    endpointStyle: {
      enum: ['path', 'virtual'],
      description: 'virtual: the bucket is a part of the name of the store',
    },
    smtp: map(
      'the mail server of `rollcall run`; its password is in passwordFile or $ROLLCALL_SMTP_PASSWORD',
      {
        host: text('its name, like mail.example.net'),
        port: { type: 'integer', description: 'default 587; 465 with tls: implicit' },
        tls: { enum: ['starttls', 'implicit', 'none'], description: 'none: not with a user' },
        user: text('the user who may send'),
        passwordFile: text('a file with the password alone, next to hosts.yml or from the root'),
      },
      ['host'],
    ),
    ignore: list('prefixes in the bucket that are known, and are no backups, like logs/'),
    timezone,
    window,
    keepDays: { type: 'integer', minimum: 2, description: 'after so many days S3 hides a backup' },
    keepLastGood: flag("true: a host's last good backups are never hidden"),
    alerts: {
      anyOf: [
        { const: 'none' },
        map('who is notified', {
          from: text('an address that is verified in SES; without it, mail goes by SNS'),
          mail: list('mail addresses'),
          sms: list('telephone numbers like "+31600000000"; alarms only'),
          webhooks: {
            type: 'array',
            items: webhook,
            description: 'chats, pagers and programs that get the alarms',
          },
          https: list('the older name of webhooks, whose format is json'),
          ops: list('mail addresses for trouble with the monitor itself; default: mail'),
          heartbeat: text('an https:// address outside that each run posts to; a secret'),
          digest: { enum: DIGEST_RHYTHMS, description: 'when the digest goes out; default: daily' },
          weeklyTest: flag('false: no weekly test by SMS'),
        }),
      ],
    },
    runbook: text('an https:// page with the sections of docs/runbook.md, to which messages link'),
    restoreProof: text('a host of which no restore was proven for so long is a warning, like 90d'),
    metrics: {
      const: 'cloudwatch',
      description: 'each host as metrics of CloudWatch, which costs money, and a dashboard',
    },
    recipients,
    size,
    hosts: { type: 'object', minProperties: 1, additionalProperties: host },
  },
};
