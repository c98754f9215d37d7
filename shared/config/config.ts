// The config: which hosts owe a backup, by when, and who is notified.
import * as v from 'valibot';
import { type FilePrefix, findFileName } from '../duplicity/file-name.ts';
import { readJson } from './json.ts';

/** Where a host's duplicity writes: `s3://<bucket>/<prefix>`; the prefix ends in a slash. */
export type Target = { readonly bucket: string; readonly prefix: string };

/** Wall-clock times `HH:MM` in the host's zone; `opens` after `due` = it opened the evening before. */
export type WindowTimes = {
  readonly opens: string;
  readonly due: string;
  /** For so long after `due` a backup that still arrives is late, and not missed; it may exceed a day. */
  readonly graceMinutes: number;
};

/** The longest grace that hosts.yml takes, how many fulls `prunes: true` keeps, and by how much a chain is kept longer. */
export const MOST_GRACE_HOURS = 7 * 24;
export const PRUNES_KEEP = 3;
export const CHAIN_SPARE_DAYS = 5;

/** The days of the week as hosts.yml has them; `days` are places in it. */
export const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The longest time between two of the days, in days. */
export function longestRest(days: readonly number[]): number {
  const gaps = days.map((day, index) => (days[index + 1] ?? (days[0] ?? 0) + 7) - day);
  return Math.max(...gaps);
}

/** Bounds on the bytes of a full: `shrink`/`grow` as a share of the host's own median. */
export type SizeBounds = {
  readonly minBytes: number;
  readonly shrink: number;
  readonly grow: number;
};

export type Host = {
  readonly name: string;
  readonly target: Target;
  readonly filePrefix: FilePrefix;
  readonly timezone: string;
  readonly window: WindowTimes;
  /** The days of the week on which a backup is owed, 0 = Sunday; without it each. */
  readonly days?: readonly number[];
  /** Incrementals count, with a full at least so often; without it each backup has to be a full. */
  readonly chain?: { readonly fullEveryDays: number };
  /** The host removes its own old sets, and keeps so many good fulls. */
  readonly prunes?: { readonly keep: number };
  /** The stack makes its bucket, in which no host can delete. */
  readonly isProtected?: true;
  /** OpenPGP key ids or fingerprints in upper-case hex; empty = not checked. */
  readonly recipients: readonly string[];
  readonly size: SizeBounds;
  /** After so many days lifecycle hides a backup, as the config says; the bucket's own rules go before it. */
  readonly keepDays: number;
  /** Lifecycle hides only what the janitor tagged, so never the last good backup; as the config says. */
  readonly keepLastGood: boolean;
  /** Mail addresses and webhooks that are notified of this host, next to those that are of all. */
  readonly admins?: readonly string[];
  readonly adminHooks?: readonly Webhook[];
  /** Until and excluding this calendar date in the host's zone. */
  readonly paused?: { readonly until: string; readonly because: string };
  /** The first calendar date a backup is owed for; earlier windows are not judged. */
  readonly since?: string;
  /** The UserId of its IAM user, by which S3's events name who did something. */
  readonly userId?: string;
  /** How keys in its target begin that are another host's; see `ownKeys`. Absent where its target is its alone. */
  readonly others?: readonly string[];
  /** Of `ignore`, what lies in its target: that is so only at the root of the bucket. */
  readonly ignored?: readonly string[];
};

/** What the kit calls it, where its keys, profiles and receipts of drills lie: a name may have slashes, a file none. */
export function kitName({ name }: Pick<Host, 'name'>): string {
  return name.replaceAll('/', '_');
}

/** How a post to an address looks: as a service wants it, or `json` for a program of one's own. */
export const WEBHOOK_FORMATS = ['slack', 'teams', 'discord', 'ntfy', 'pagerduty', 'json'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/**
 * An address that the functions post to. Anyone who has it may post there, so it is a secret, which is shown by its host
 * alone; or it is the name of the parameter that holds it, behind `SSM`. So is `key`: the integration key of PagerDuty,
 * or an access token of ntfy.
 */
export type Webhook = {
  readonly url: string;
  readonly format: WebhookFormat;
  readonly key?: string;
};

/** How a value begins that lies in the parameter store of AWS: `ssm:/rollcall/slack`. */
export const SSM = 'ssm:';

/** On which days the digest goes out: all but the first have Monday's, and `problems-only` those that ask for somebody. */
export const DIGEST_RHYTHMS = ['daily', 'weekdays', 'weekly', 'problems-only'] as const;
export type DigestRhythm = (typeof DIGEST_RHYTHMS)[number];

export type Alerts = {
  /** hosts.yml says `alerts: none`: nobody is to be notified. */
  readonly none?: true;
  /** The SES identity that sends; without it mail goes by the SNS topic. */
  readonly from?: string;
  readonly mail: readonly string[];
  readonly sms: readonly string[];
  readonly webhooks: readonly Webhook[];
  /** hosts.yml has some of them in `https`, the older key, and as `json`. */
  readonly hasHttps?: true;
  /** Who is notified when the monitor itself is in trouble; the mail addresses when not given. */
  readonly ops: readonly string[];
  readonly heartbeat?: string;
  /** Without it daily. */
  readonly digest?: DigestRhythm;
  /** Once a week the digest goes by every way, SMS too. */
  readonly weeklyTest: boolean;
};

/** A mail server that takes mail from a user, for a run on a machine of one's own. */
export type Smtp = {
  readonly host: string;
  readonly port: number;
  /** TLS before the first word, TLS by STARTTLS and never without, or none: only on this machine or without a user. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user?: string;
  /** A file with the password alone. Without it, it is in `$ROLLCALL_SMTP_PASSWORD`. */
  readonly passwordFile?: string;
};

export type Config = {
  readonly bucket: string;
  /** True: the bucket was there before the stack, which then only attaches to it. */
  readonly existing: boolean;
  readonly region: string;
  /** Where a store that is not Amazon's answers: an origin, like `https://fsn1.example-objects.com`. */
  readonly endpoint?: string;
  /** `virtual`: the bucket is a part of the endpoint's name; else it is in the path. */
  readonly endpointStyle?: 'path' | 'virtual';
  /** Takes the mail of `rollcall run`; the stack sends by SES. */
  readonly smtp?: Smtp;
  /** How keys of `bucket` begin that are known, and are no backups. */
  readonly ignore?: readonly string[];
  readonly timezone: string;
  /** The default window, whose due time is also when the digest goes out. */
  readonly window: WindowTimes;
  readonly keepDays: number;
  /** The janitor tags what two newer good fulls replace, and lifecycle hides nothing else. */
  readonly keepLastGood: boolean;
  readonly alerts: Alerts;
  /** Where messages send an operator on: a page with the sections of docs/runbook.md. Without it, that path. */
  readonly runbook?: string;
  /** The functions send each host that they judge to CloudWatch, too, and the stack has a dashboard. */
  readonly metrics?: 'cloudwatch';
  /** A host of which no restore was proven for so many days is a warning of the digest. */
  readonly restoreProofDays?: number;
  readonly hosts: readonly Host[];
};

/**
 * One or more mistakes of the operator's; each issue is a line that says where and what to do. The message has the same
 * mistake on many lines once.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super(groupIssues(issues).join('\n'));
    this.issues = issues;
  }
}

const [SAME_SHOWN, LINES_SHOWN, KINDS_SHOWN] = [3, 20, 100];

/** Mistakes that differ by their line and their host alone are one: the first, and the lines of the others. */
function groupIssues(issues: readonly string[]): string[] {
  const kindOf = (issue: string) =>
    issue.replace(/:\d+: /, ': ').replace(/: hosts\.\S+\.(?=\w+(?:\[\d+\])? )/, ': hosts.*.');
  const kinds = Map.groupBy(issues, kindOf);
  const grouped = issues.flatMap((issue) => {
    const same = kinds.get(kindOf(issue)) ?? [];
    if (same.length <= SAME_SHOWN) return issue;
    if (issue !== same[0]) return [];
    const lines = same.slice(1).flatMap((other) => /:(\d+): /.exec(other)?.[1] ?? []);
    const more = lines.length - LINES_SHOWN;
    const rest = more > 0 ? ` and ${more} more` : '';
    return `${issue} (the same mistake is on ${lines.length} more lines: ${lines.slice(0, LINES_SHOWN).join(', ')}${rest})`;
  });
  const left = grouped.length - KINDS_SHOWN;
  return left > 0
    ? [...grouped.slice(0, KINDS_SHOWN), `and ${left} more mistakes: correct these first`]
    : grouped;
}

/** Who is notified of some hosts, and not of all by the mail of the config; with those hosts. */
export function adminsOf({ alerts, hosts }: Pick<Config, 'alerts' | 'hosts'>): Map<string, Host[]> {
  const pairs = hosts.flatMap((host) => (host.admins ?? []).map((admin) => ({ admin, host })));
  const byAdmin = Map.groupBy(
    pairs.filter(({ admin }) => !alerts.mail.includes(admin)),
    ({ admin }) => admin,
  );
  return new Map(
    [...byAdmin].map(([admin, own]) => [admin, [...new Set(own.map(({ host }) => host))]]),
  );
}

/** Every mailbox that gets alerts. */
export function mailboxesOf(config: Pick<Config, 'alerts' | 'hosts'>): string[] {
  return [...config.alerts.mail, ...adminsOf(config).keys()];
}

/** Whose a key is; `undefined`: no host's. */
export type OwnerOf = (bucket: string, key: string) => Host | undefined;

/**
 * Says whose each key is: the host's whose target and file prefix fit the longest part of it. In a target of several
 * hosts, what none of their file prefixes fits is the one's whose file prefix comes first. The order of hosts makes no
 * difference.
 */
export function ownersIn(hosts: readonly Host[]): OwnerOf {
  const longest = longestOf(claimsOf(hosts));
  return (bucket, key) => longest(`${bucket}/${key}`);
}

/** The same for one host that a config holds: is this key, of its bucket, its own? */
export function ownKeys(host: Host): (key: string) => boolean {
  const { target, others } = host;
  if (others === undefined) return (key) => key.startsWith(target.prefix);
  const claims = new Map(beginningsOf(host).map((begin) => [begin, true]));
  for (const begin of others) claims.set(`${target.bucket}/${begin}`, false);
  const longest = longestOf(claims);
  return (key) => longest(`${target.bucket}/${key}`) === true;
}

/** The hosts, each with what it needs for `ownKeys`. */
export function withOthers(hosts: readonly Host[]): Host[] {
  const claims = claimsOf(hosts);
  const others = new Map(hosts.map((host) => [host, [] as string[]]));
  const add = (host: Host | undefined, begin: string) =>
    host && others.get(host)?.push(begin.slice(begin.indexOf('/') + 1));
  for (const host of hosts) {
    const [whole = ''] = beginningsOf(host);
    if (claims.get(whole) !== host) add(host, whole);
  }
  // What lies directly inside suffices: of what lies deeper, a shorter beginning is another host's already.
  forEachNested([...claims.keys()], (begin, outer) => {
    const around = claims.get(outer.at(-1) ?? '');
    if (around !== claims.get(begin)) add(around, begin);
  });
  return hosts.map((host) => {
    const own = others.get(host) ?? [];
    return own.length === 0 ? host : { ...host, others: own };
  });
}

/** Calls for each one that begins with others, which come with it, the longest last. */
export function forEachNested(
  beginnings: readonly string[],
  visit: (begin: string, outer: readonly string[]) => void,
): void {
  const outer: string[] = [];
  for (const begin of beginnings.toSorted()) {
    while (!begin.startsWith(outer.at(-1) ?? '')) outer.pop();
    if (outer.length > 0) visit(begin, outer);
    outer.push(begin);
  }
}

/** How the paths of its files begin, bucket and all: with its target, and with each of its file prefixes. */
export function beginningsOf({
  target,
  filePrefix,
}: Pick<Host, 'target' | 'filePrefix'>): string[] {
  const { archive, manifest, signature } = filePrefix;
  const whole = `${target.bucket}/${target.prefix}`;
  return [whole, ...[archive, manifest, signature].map((prefix) => `${whole}${prefix}`)];
}

/**
 * True where `ignore` lists a key: it is known, and no backup. A name that duplicity reads is never hidden by it.
 */
export function isIgnored(ignore: readonly string[] | undefined, key: string): boolean {
  return ignore?.some((begin) => key.startsWith(begin)) === true && findFileName(key) === undefined;
}

function claimsOf(hosts: readonly Host[]): Map<string, Host> {
  const claims = new Map<string, Host>();
  const isBefore = (host: Host, other: Host) => host.filePrefix.archive < other.filePrefix.archive;
  for (const host of hosts) {
    const [whole = ''] = beginningsOf(host);
    const other = claims.get(whole);
    if (other === undefined || isBefore(host, other)) claims.set(whole, host);
  }
  // Where a file prefix ends as the target of another host does, duplicity reads the file behind the file prefix.
  for (const host of hosts)
    for (const begin of beginningsOf(host).slice(1)) claims.set(begin, host);
  return claims;
}

/** What stands for the longest beginning of a path. */
function longestOf<Value>(claims: ReadonlyMap<string, Value>): (path: string) => Value | undefined {
  const lengths = new Set([...claims.keys()].map((begin) => begin.length));
  const longestFirst = [...lengths].sort((a, b) => b - a);
  return (path) => {
    for (const length of longestFirst) {
      const claim = claims.get(path.slice(0, length));
      if (claim !== undefined) return claim;
    }
    return undefined;
  };
}

/** Plain where YAML reads it as it stands, also inside `{ }`. */
export function writeKey(name: string): string {
  return /^[A-Za-z][\w.@+=/-]*$/.test(name) ? name : JSON.stringify(name);
}

/** The same for a value, in ASCII and without a run of blanks, which a message would not keep. */
export function writeValue(text: string): string {
  if (/^[A-Za-z][\w.@+=/:-]*[\w.@+=/-]$/.test(text)) return text;
  const escaped = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[^ -~]| (?= )/g, escaped);
}

/** The page with this index, from 0, of so many; their number is a power of two. */
export type Shard = { readonly index: number; readonly of: number };

// Four fifths of the 15 minutes that a function may run, at ten times the 9 ms that a host took: docs/past-one-run.md.
const RUN_MS = 720_000;
const SLOW_HOST_MS = 90;

/** How many hosts one run judges by itself. */
export const HOSTS_A_RUN = RUN_MS / SLOW_HOST_MS;

// So a page of forty fulls a host is well under a megabyte.
const HOSTS_A_PAGE = 64;

/** On how many pages the records of so many hosts lie. */
export function pagesOf(hosts: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, hosts / HOSTS_A_PAGE)));
}

/**
 * Which of `of` pages something is on, by its name alone: it stays there when others come and go. Of twice as many
 * pages it is on the same one or in the one that is `of` further on. Source: FNV-1a, and the end of MurmurHash3, without
 * which names that differ in a digit lie together.
 */
export function shardIndexOf(name: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % of;
}

/** True where the one can hold something of the other, out of different cuts too. */
export function doOverlap(one: Shard, other: Shard): boolean {
  const of = Math.min(one.of, other.of);
  return one.index % of === other.index % of;
}

/**
 * What a public key file holds, by its path as the config writes it: the fingerprints of the keys in it that
 * encrypt, or why there are none, as words that go on behind the path.
 */
export type ReadKeyFile = (
  path: string,
) => { readonly fingerprints: readonly string[] } | { readonly problem: string };

/** Where no file can be read: a config that names one is wrong there, and never checked less. */
export const NO_KEY_FILES: ReadKeyFile = () => ({
  problem: 'cannot be read here: write the fingerprints of its encryption subkeys',
});

const KEY_FILE = /\.(?:asc|gpg|pgp)$/;

/** True for an entry of `recipients` that names a file. */
export function isKeyFile(entry: string): boolean {
  return KEY_FILE.test(entry);
}

/** Version 1. */
export function formatPackedConfig(config: Config): string {
  return `${JSON.stringify({ version: 1, config })}\n`;
}

// It lies in one package with the functions that read it: asked is whether it is whole and theirs, not each member.
const packed = v.strictObject({
  version: v.literal(1),
  config: v.looseObject({ bucket: v.string(), hosts: v.array(v.unknown()) }),
});

/** The inverse; `undefined` for a text that is cut, no JSON, or of another version. Never throws. */
export function parsePackedConfig(text: string): Config | undefined {
  return readJson(packed, text)?.config as Config | undefined;
}
