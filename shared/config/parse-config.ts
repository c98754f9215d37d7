// hosts.yml -> the config, or every mistake at once, each with its line and what to write instead.
import { NO_PREFIX } from '../duplicity/file-name.ts';
import { DAY } from '../duplicity/time.ts';
import { faultOfBucketName, readRegion, whyNoUser } from './aws-names.ts';
import {
  beginningsOf,
  type Config,
  ConfigError,
  forEachNested,
  type Host,
  NO_KEY_FILES,
  type ReadKeyFile,
  withOthers,
  writeKey,
  writeValue,
} from './config.ts';
import {
  ENDPOINT,
  ENDPOINT_STYLE,
  FLAG,
  graceIfMoved,
  METRICS,
  PROOF,
  RUNBOOK,
  readSize,
  readWindow,
  ZONE,
} from './config-values.ts';
import { noteNoRecipients, noteNoSender, readAlerts } from './parse-alerts.ts';
import { type HostDefaults, parseHost, parseRecipients } from './parse-host.ts';
import { readSmtp } from './parse-smtp.ts';
import {
  entriesOf,
  fieldsOf,
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
    'endpoint',
    'endpointStyle',
    'smtp',
    'ignore',
    'timezone',
    'window',
    'keepDays',
    'keepLastGood',
    'alerts',
    'restoreProof',
    'metrics',
    'runbook',
    'recipients',
    'size',
    'hosts',
  ]);
  if (fields.bucket === undefined) {
    note(yaml, root, 'no bucket: write "bucket: NAME", the bucket that the hosts back up to');
  }
  const existing = matching(yaml, fields.existing, FLAG.rule, FLAG.parse) ?? false;
  const bucket = readBucket(yaml, fields.bucket, existing);
  const endpoint = readEndpoint(yaml, fields.endpoint, use);
  const endpointStyle = matching(
    yaml,
    fields.endpointStyle,
    ENDPOINT_STYLE.rule,
    ENDPOINT_STYLE.parse,
  );
  const timezone = matching(yaml, fields.timezone, ZONE.rule, ZONE.parse) ?? 'UTC';
  const window = readWindow(yaml, fields.window);
  const keepDays = matching(yaml, fields.keepDays, DAYS.rule, DAYS.parse) ?? 6;
  const keepLastGood = matching(yaml, fields.keepLastGood, FLAG.rule, FLAG.parse) ?? false;
  const defaults: HostDefaults = {
    bucket: bucket ?? '',
    existing,
    graceIfMoved: graceIfMoved(yaml, fields.window, window),
    latest: now === undefined ? undefined : isoDate(now + UNCHECKED_DAYS * DAY),
    filePrefix: NO_PREFIX,
    timezone,
    window,
    recipients: parseRecipients(yaml, fields.recipients, readKeyFile),
    size: readSize(yaml, fields.size, { minBytes: 0, shrink: 0.5, grow: 2 }),
    keepDays,
    keepLastGood,
  };
  const hosts = entriesOf(yaml, fields.hosts ?? { node: undefined, path: 'hosts' }).map((entry) =>
    parseHost(yaml, entry, { ...defaults, endpoint }, readKeyFile),
  );
  if (hosts.length === 0) {
    note(
      yaml,
      fields.hosts ?? root,
      'no hosts: an empty config would check nothing; write "hosts:" and under it "  NAME: {}"',
    );
  }
  const ignore = readIgnore(yaml, fields.ignore, hosts, defaults.bucket);
  noteIndistinct(yaml, hosts);
  const region = readRegion(yaml, fields.region, fields.endpoint !== undefined) ?? 'us-east-1';
  const alerts = readAlerts(yaml, fields.alerts);
  if (use === 'deploy') noteNoSender(yaml, alerts, hosts);
  const runbook = matching(yaml, fields.runbook, RUNBOOK.rule, RUNBOOK.parse);
  const proofDays = matching(yaml, fields.restoreProof, PROOF.rule, PROOF.parse);
  const metrics = matching(yaml, fields.metrics, METRICS.rule, METRICS.parse);
  const smtp = readSmtp(yaml, fields.smtp, use);
  if (smtp !== undefined && alerts.mail.length > 0 && alerts.from === undefined) {
    note(
      yaml,
      fields.smtp ?? root,
      'mail by smtp needs a sender; write under alerts: "from: NAME@DOMAIN"',
    );
  }
  if (use === 'deploy') noteNoRecipients(yaml, alerts, region, fields.alerts ?? root);
  noteSameUsers(yaml, hosts, defaults.bucket);
  return {
    bucket: defaults.bucket,
    existing,
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(endpointStyle === undefined ? {} : { endpointStyle }),
    ...(smtp === undefined ? {} : { smtp }),
    ...(ignore.length === 0 ? {} : { ignore }),
    timezone,
    window,
    keepDays,
    keepLastGood,
    alerts,
    ...(runbook === undefined ? {} : { runbook }),
    ...(proofDays === undefined ? {} : { restoreProofDays: proofDays }),
    ...(metrics === undefined ? {} : { metrics }),
    hosts: withOthers(hosts.map(({ host }) => host)).map((host) =>
      host.target.bucket === bucket ? withIgnored(host, ignore) : host,
    ),
  };
}

const UNCHECKED_DAYS = 90;

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

const DAYS = {
  rule: 'a whole number of days from 2',
  parse: (text: string) => (/^\d{1,5}$/.test(text) && Number(text) >= 2 ? Number(text) : undefined),
};

/** Where a store that is not Amazon's answers. The stack of the functions reads Amazon's S3 alone. */
function readEndpoint(
  yaml: YamlReader,
  place: Place | undefined,
  use: 'read' | 'deploy',
): string | undefined {
  const endpoint = matching(yaml, place, ENDPOINT.rule, ENDPOINT.parse, true);
  if (endpoint === undefined || place === undefined || use === 'read') return endpoint;
  return note(
    yaml,
    place,
    `endpoint is ${endpoint}, but the stack on Lambda is for Amazon's S3 alone; run "rollcall run" by cron for this store (docs/setup-anywhere.md), or take the line out`,
  );
}

type Placed = { readonly host: Host; readonly place: Place };

/** `ignore` must not cover a target, nor lie in one: only the root of the bucket holds everything. */
function readIgnore(
  yaml: YamlReader,
  place: Place | undefined,
  hosts: readonly Placed[],
  bucket: string,
): string[] {
  const targets = hosts.filter(({ host }) => host.target.bucket === bucket);
  return itemsOf(yaml, place).flatMap((item): string[] => {
    const begin = textOf(yaml, item);
    if (begin === undefined) return [];
    if (begin === '' || /^[\s/]*$/.test(begin)) {
      note(yaml, item, 'an entry of ignore is empty, and would hide everything; write "logs/"');
      return [];
    }
    const key = begin.replace(/^(?:\w+:\/\/[^/]*)?\/*/, '');
    if (key !== begin) {
      note(yaml, item, `ignore: "${begin}" is not how a key begins; write ${writeValue(key)}`);
      return [];
    }
    const path = `${bucket}/${begin}`;
    const hit = targets.find(({ host }) =>
      beginningsOf(host).some((own) =>
        own === `${bucket}/` ? isPartOf(own, path) : own.startsWith(path) || path.startsWith(own),
      ),
    );
    if (hit === undefined) return [begin];
    const { name, target } = hit.host;
    note(
      yaml,
      item,
      `ignore: "${begin}" overlaps the target of ${name}, s3://${bucket}/${target.prefix}, and no backup may be ignored; take it out`,
    );
    return [];
  });
}

/** Of what lies in a target only the root of the bucket has prefixes that are no backups of its host. */
function withIgnored(host: Host, ignore: readonly string[]): Host {
  const ignored = ignore.filter((begin) => begin.startsWith(host.target.prefix));
  return ignored.length === 0 ? host : { ...host, ignored };
}

const NAMES = ['duplicity-full', 'duplicity-inc.', 'duplicity-new-signatures.'];
const SHORT_NAMES = ['df.', 'dfs.', 'di.', 'dns.'];

/** True where what begins with the longer one may be a name of duplicity's behind the shorter one. */
function isPartOf(begin: string, longer: string): boolean {
  if (!longer.startsWith(begin)) return false;
  const rest = longer.slice(begin.length);
  return [...NAMES, ...SHORT_NAMES].some((name) => name.startsWith(rest) || rest.startsWith(name));
}

/** Of two hosts of which one key could be both's, the later one; with a target that it can have for itself. */
function noteIndistinct(yaml: YamlReader, hosts: readonly Placed[]): void {
  // An empty name is a mistake that was reported, and could not be named here.
  const named = hosts.filter(({ host }) => host.name !== '');
  const claims = new Map<string, number[]>();
  for (const [index, { host }] of named.entries()) {
    for (const begin of new Set(beginningsOf(host).slice(1))) {
      claims.set(begin, [...(claims.get(begin) ?? []), index]);
    }
  }
  const clashes = new Map<number, number>();
  const noteClash = (one = 0, other = 0) => {
    const [first, later] = one < other ? [one, other] : [other, one];
    if (first !== later && !clashes.has(later)) clashes.set(later, first);
  };
  for (const [first, ...others] of claims.values()) {
    for (const other of others) noteClash(first, other);
  }
  forEachNested([...claims.keys()], (begin, outer) => {
    for (const around of outer.filter((one) => isPartOf(one, begin))) {
      noteClash(claims.get(around)?.[0], claims.get(begin)?.[0]);
    }
  });
  for (const [later, first] of clashes) {
    const [one, other] = [named[first], named[later]];
    if (one === undefined || other === undefined) continue;
    // The same name is reported as a key that is there twice, and no target would help it.
    if (one.host.name === other.host.name) continue;
    const { name, target } = other.host;
    const path = `${target.bucket}/${target.prefix}`;
    let free = `${path}${name}/`;
    while (claims.has(free)) free = `${free.slice(0, -1)}-2/`;
    note(
      yaml,
      other.place,
      `${name} and ${one.host.name} cannot be told apart: a file in s3://${path} could be of both. Let one of them write to a target of its own: ${writeKey(name)}: { target: ${writeValue(`s3://${free}`)} }`,
    );
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
