// hosts.yml -> the config, or every mistake at once, each with its line and what to write instead.
import { NO_PREFIX } from '../duplicity/file-name.ts';
import { faultOfBucketName, readRegion, whyNoUser } from './aws-names.ts';
import {
  type Alerts,
  type Config,
  ConfigError,
  type Host,
  NO_KEY_FILES,
  type ReadKeyFile,
} from './config.ts';
import { EMAIL, graceIfMoved, HTTPS, PHONE, readSize, readWindow, ZONE } from './config-values.ts';
import { type HostDefaults, parseHost, parseRecipients } from './parse-host.ts';
import { NOBODY_NOTIFIED, recipientsOf, SMS_REGIONS, SMS_REGIONS_AS_OF } from './recipients.ts';
import {
  entriesOf,
  fieldsOf,
  holdsWord,
  itemsOf,
  matching,
  note,
  openYaml,
  type Place,
  textOf,
  type YamlReader,
} from './yaml.ts';

/**
 * Parses a config. `file` is what the mistakes call it; `readKeyFile` reads the public keys that it names. What only a
 * deployment must have, somebody to notify whom AWS can reach, is a mistake with `use` = `deploy`. With `now`, a host that
 * would not be checked for over 90 days is one, too.
 * Throws `ConfigError` with one issue for every mistake, in the order of the lines.
 */
export function parseConfig(
  text: string,
  file: string,
  readKeyFile = NO_KEY_FILES,
  use: 'read' | 'deploy' = 'read',
  now?: number,
): Config {
  const yaml = openYaml(text, file);
  const config =
    yaml.issues.length === 0 ? readConfigFile(yaml, yaml.root, readKeyFile, use, now) : undefined;
  if (config === undefined || yaml.issues.length > 0) {
    throw new ConfigError(inLineOrder(yaml.issues));
  }
  return config;
}

function readConfigFile(
  yaml: YamlReader,
  root: Place,
  readKeyFile: ReadKeyFile,
  use: 'read' | 'deploy',
  now: number | undefined,
): Config | undefined {
  const fields = fieldsOf(yaml, root, [
    'bucket',
    'existing',
    'region',
    'timezone',
    'window',
    'keepDays',
    'keepLastGood',
    'alerts',
    'recipients',
    'size',
    'hosts',
  ]);
  if (fields.bucket === undefined) {
    note(yaml, root, 'no bucket: write "bucket: NAME", the bucket that the hosts back up to');
  }
  const existing = matching(yaml, fields.existing, FLAG.rule, FLAG.parse) ?? false;
  const bucket = readBucket(yaml, fields.bucket, existing);
  const timezone = matching(yaml, fields.timezone, ZONE.rule, ZONE.parse) ?? 'UTC';
  const window = readWindow(yaml, fields.window);
  const keepDays = matching(yaml, fields.keepDays, DAYS.rule, DAYS.parse) ?? 6;
  const keepLastGood = matching(yaml, fields.keepLastGood, FLAG.rule, FLAG.parse) ?? false;
  const defaults: HostDefaults = {
    bucket: bucket ?? '',
    existing,
    graceIfMoved: graceIfMoved(yaml, fields.window, window),
    latest: now === undefined ? undefined : isoDate(now + UNCHECKED_DAYS * DAY_MS),
    filePrefix: NO_PREFIX,
    timezone,
    window,
    recipients: parseRecipients(yaml, fields.recipients, readKeyFile),
    size: readSize(yaml, fields.size, { minBytes: 0, shrink: 0.5, grow: 2 }),
    keepDays,
    keepLastGood,
  };
  const hosts = entriesOf(yaml, fields.hosts ?? { node: undefined, path: 'hosts' }).map((entry) =>
    parseHost(yaml, entry, defaults, readKeyFile),
  );
  if (hosts.length === 0) {
    note(
      yaml,
      fields.hosts ?? root,
      'no hosts: an empty config would check nothing; write "hosts:" and under it "  NAME: {}"',
    );
  }
  noteOverlaps(yaml, hosts);
  const region = readRegion(yaml, fields.region) ?? 'us-east-1';
  const alerts = readAlerts(yaml, fields.alerts);
  if (use === 'deploy') noteNoRecipients(yaml, alerts, region, fields.alerts ?? root);
  noteSameUsers(yaml, hosts, defaults.bucket);
  return {
    bucket: defaults.bucket,
    existing,
    region,
    timezone,
    window,
    keepDays,
    keepLastGood,
    alerts,
    hosts: hosts.map(({ host }) => host),
  };
}

const UNCHECKED_DAYS = 90;
const DAY_MS = 86_400_000;

function isoDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function readBucket(
  yaml: YamlReader,
  place: Place | undefined,
  existing: boolean,
): string | undefined {
  const name = textOf(yaml, place);
  if (name === undefined || place === undefined) return undefined;
  const fault = faultOfBucketName(name, !existing);
  return fault === undefined
    ? name
    : note(yaml, place, `bucket is "${name}", but its name ${fault}`);
}

const FLAG = {
  rule: 'true or false',
  parse: (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined),
};
const DAYS = {
  rule: 'a whole number of days from 2',
  parse: (text: string) => (/^\d{1,5}$/.test(text) && Number(text) >= 2 ? Number(text) : undefined),
};

function readAlerts(yaml: YamlReader, place: Place | undefined): Alerts {
  if (place !== undefined && holdsWord(yaml, place, 'none')) {
    return { none: true, mail: [], sms: [], https: [], ops: [], weeklyTest: false };
  }
  const fields =
    place === undefined
      ? {}
      : fieldsOf(yaml, place, ['from', 'mail', 'sms', 'https', 'ops', 'heartbeat', 'weeklyTest']);
  const from = matching(yaml, fields.from, EMAIL.rule, EMAIL.parse);
  const heartbeat = matching(yaml, fields.heartbeat, HTTPS.rule, HTTPS.parse, true);
  const mail = listOf(yaml, fields.mail, EMAIL);
  return {
    ...(from === undefined ? {} : { from }),
    mail,
    sms: listOf(yaml, fields.sms, PHONE),
    https: listOf(yaml, fields.https, HTTPS),
    ops: fields.ops === undefined ? mail : listOf(yaml, fields.ops, EMAIL),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    weeklyTest: matching(yaml, fields.weeklyTest, FLAG.rule, FLAG.parse) ?? true,
  };
}

/** At the line of `alerts`: that an alert would reach nobody, or that AWS would refuse the stack for it. */
function noteNoRecipients(yaml: YamlReader, alerts: Alerts, region: string, place: Place): void {
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

function listOf(
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

/** Sorted, a prefix that lies inside another stands right behind it or behind one that does. */
function noteOverlaps(yaml: YamlReader, hosts: readonly { host: Host; place: Place }[]): void {
  const path = ({ host: { target } }: { host: Host }) => `${target.bucket}/${target.prefix}`;
  // An empty name is a mistake that was reported, and could not be named here.
  const named = hosts.filter(({ host }) => host.name !== '');
  const sorted = named.sort((a, b) => (path(a) < path(b) ? -1 : 1));
  let outer = sorted[0];
  for (const inner of sorted.slice(1)) {
    if (outer !== undefined && path(inner).startsWith(path(outer))) {
      note(
        yaml,
        inner.place,
        `${inner.host.name} and ${outer.host.name} overlap: s3://${path(inner)} lies in s3://${path(outer)}; give each host a prefix of its own`,
      );
    } else outer = inner;
  }
}

/** IAM's names of users "are not distinguished by case". Source: IAM User Guide, "IAM and AWS STS quotas". */
function noteSameUsers(
  yaml: YamlReader,
  hosts: readonly { host: Host; place: Place }[],
  bucket: string,
): void {
  const withUsers = hosts.filter(({ host }) => whyNoUser(host, bucket) === undefined);
  const groups = Map.groupBy(withUsers, ({ host }) => host.name.toLowerCase());
  for (const [first, ...others] of groups.values()) {
    // The same name in the same letters is reported as a key that is there twice.
    for (const { host, place } of others.filter((one) => one.host.name !== first?.host.name)) {
      const line = yaml.lines.linePos(first?.place.node?.range?.[0] ?? 0).line;
      note(
        yaml,
        place,
        `${host.name} and ${first?.host.name} (line ${line}) are one name for IAM, which does not tell capitals from small letters; give one of them another name`,
      );
    }
  }
}

function inLineOrder(issues: readonly string[]): string[] {
  const line = (issue: string) => Number(/:(\d+): /.exec(issue)?.[1] ?? 0);
  return [...issues].sort((a, b) => line(a) - line(b));
}
