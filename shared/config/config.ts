// The config: which hosts owe a backup, by when, and who is notified.
import * as v from 'valibot';
import type { FilePrefix } from '../duplicity/file-name.ts';
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
  /** Until and excluding this calendar date in the host's zone. */
  readonly paused?: { readonly until: string; readonly because: string };
  /** The first calendar date a backup is owed for; earlier windows are not judged. */
  readonly since?: string;
  /** The UserId of its IAM user, by which S3's events name who did something. */
  readonly userId?: string;
};

export type Alerts = {
  /** hosts.yml says `alerts: none`: nobody is to be notified. */
  readonly none?: true;
  /** The SES identity that sends; without it mail goes by the SNS topic. */
  readonly from?: string;
  readonly mail: readonly string[];
  readonly sms: readonly string[];
  /** Addresses that the functions post to. Secrets: anyone who has one may post there. Shown by their host alone. */
  readonly https: readonly string[];
  /** Who is notified when the monitor itself is in trouble; the mail addresses when not given. */
  readonly ops: readonly string[];
  readonly heartbeat?: string;
  /** Once a week the digest goes by every way, SMS too. */
  readonly weeklyTest: boolean;
};

export type Config = {
  readonly bucket: string;
  /** True: the bucket was there before the stack, which then only attaches to it. */
  readonly existing: boolean;
  readonly region: string;
  readonly timezone: string;
  /** The default window, whose due time is also when the digest goes out. */
  readonly window: WindowTimes;
  readonly keepDays: number;
  /** The janitor tags what two newer good fulls replace, and lifecycle hides nothing else. */
  readonly keepLastGood: boolean;
  readonly alerts: Alerts;
  readonly hosts: readonly Host[];
};

/** One or more mistakes of the operator's; each issue is a line that says where and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super(issues.join('\n'));
    this.issues = issues;
  }
}

/** The host in whose target a key lies; targets do not overlap, so there is at most one. */
export function hostOf(config: Config, bucket: string, key: string): Host | undefined {
  return config.hosts.find(
    ({ target }) => target.bucket === bucket && key.startsWith(target.prefix),
  );
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
