// The roll: who owes a backup, where to, and by when.
import type { FilePrefix } from '../duplicity/file-name.ts';

/** Where a host's duplicity writes: `s3://<bucket>/<prefix>`; the prefix ends in a slash. */
export type Target = { readonly bucket: string; readonly prefix: string };

/** Wall-clock times `HH:MM` in the host's zone; `opens` after `due` = it opened the evening before. */
export type WindowTimes = {
  readonly opens: string;
  readonly due: string;
  readonly hardDue: string;
};

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
  /** OpenPGP key ids or fingerprints in upper-case hex; empty = not checked. */
  readonly recipients: readonly string[];
  readonly size: SizeBounds;
  /** After so many days lifecycle hides a backup, as the roll says; the bucket's own rules go before it. */
  readonly keepDays: number;
  /** Lifecycle hides only what the janitor tagged, so never the last good backup; as the roll says. */
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
  /** Addresses that the functions post to. Secrets: whoever has one may post there. Shown by their host alone. */
  readonly https: readonly string[];
  /** Who hears that the monitor itself is in trouble; the mail addresses when not given. */
  readonly ops: readonly string[];
  readonly heartbeat?: string;
  /** Once a week the digest goes by every way, SMS too. */
  readonly weeklyTest: boolean;
};

export type Roster = {
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
