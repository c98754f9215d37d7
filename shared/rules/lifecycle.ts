// A bucket's lifecycle: which day hides what was written when, and until when it can be brought back.

import type { Host } from '../config/config.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import type { Version } from '../duplicity/versions.ts';

/** The tag that lifecycle asks for where the config says `keepLastGood`; only the janitor puts it on anything. */
export const EXPIRE_TAG = { key: 'expire', value: 'yes' } as const;

/** A rule that is enabled and asks for no tag: a last good backup has none. */
export type LifecycleRule = {
  readonly prefix: string;
  /** Hides so many days after the upload, or everything from a date on. */
  readonly hides?: { readonly days: number } | { readonly date: Instant };
  /** Removes what was hidden or overwritten, so many days after that. */
  readonly noncurrentDays?: number;
};

/** The rules of a bucket, or why they are not known. */
export type Lifecycle = { readonly rules: readonly LifecycleRule[] } | { readonly unknown: string };

/** What the rules mean for the backups of one host. */
export type Keep = {
  /** Where the rules were not read, the config's `keepDays` and `keepLastGood` stand for them. */
  readonly by: 'rules' | 'roll';
  readonly hides: readonly NonNullable<LifecycleRule['hides']>[];
  readonly noncurrentDays: number | undefined;
};

/** The rules that may hide any file of the host's fulls; one of a longer prefix counts too, as some names begin so. */
export function keepOf(host: Host, lifecycle: Lifecycle): Keep {
  if ('unknown' in lifecycle) {
    const hides = host.keepLastGood ? [] : [{ days: host.keepDays }];
    return { by: 'roll', hides, noncurrentDays: undefined };
  }
  const { archive, manifest } = host.filePrefix;
  const places = [archive, manifest].flatMap((prefix) =>
    ['duplicity-full', 'df.'].map((name) => `${host.target.prefix}${prefix}${name}`),
  );
  const rules = lifecycle.rules.filter(({ prefix }) =>
    places.some((place) => place.startsWith(prefix) || prefix.startsWith(place)),
  );
  const days = rules.flatMap(({ noncurrentDays }) => noncurrentDays ?? []);
  return {
    by: 'rules',
    hides: rules.flatMap(({ hides }) => hides ?? []),
    noncurrentDays: days.length === 0 ? undefined : Math.min(...days),
  };
}

/**
 * When lifecycle hides what was written at an instant: so many days later, rounded up to the next midnight UTC,
 * also from a midnight. Source: "Setting lifecycle configuration", lifecycle-expire-general-considerations.
 */
export function expiryAfter(at: Instant, days: number): Instant {
  return Math.floor((at + days * DAY) / DAY) * DAY + DAY;
}

/** The earliest day on which any rule hides it; `undefined` where none does. */
export function hiddenBy({ hides }: Pick<Keep, 'hides'>, at: Instant): Instant | undefined {
  const days = hides.map((rule) =>
    'days' in rule ? expiryAfter(at, rule.days) : Math.max(rule.date, expiryAfter(at, 0)),
  );
  return days.length === 0 ? undefined : Math.min(...days);
}

/** Until when a version hidden at an instant is surely there; `undefined`: it is kept, or the rules are not known. */
export function removedBy({ noncurrentDays }: Keep, hiddenAt: Instant): Instant | undefined {
  return noncurrentDays === undefined
    ? undefined
    : Math.ceil((hiddenAt + noncurrentDays * DAY) / DAY) * DAY;
}

/** Rules as they held from an instant on: the bucket's, and the days of the config. */
export type KeepRules = { readonly from: Instant; readonly keep: Keep; readonly keepDays: number };

/** Rules that nobody has known to be other ones. */
export function heldAlways(keep: Keep, keepDays: number): readonly KeepRules[] {
  return [{ from: 0, keep, keepDays }];
}

/**
 * The rules with their dates, once those of now are known. Other ones are taken to hold since the last look. What was not
 * read is what it was.
 */
export function nextKeeps(
  {
    keeps = [],
    listedAt = 0,
  }: { readonly keeps?: readonly KeepRules[]; readonly listedAt?: Instant | undefined },
  keep: Keep,
  keepDays: number,
): readonly KeepRules[] {
  const last = keeps.at(-1);
  if (last === undefined) return heldAlways(keep, keepDays);
  if (last.keepDays === keepDays) {
    if (keep.by === 'roll' || JSON.stringify(keep) === JSON.stringify(last.keep)) return keeps;
    if (last.keep.by === 'roll') return [...keeps.slice(0, -1), { ...last, keep }];
  }
  return [...keeps.slice(-KEEPS_KEPT), { from: listedAt, keep, keepDays }];
}

// Each lasts for a day at least; a full that any of these hid is long forgotten.
const KEEPS_KEPT = 40;

/** For so long S3 may still do what rules said that have changed since. */
const LINGERING = 3 * DAY;

const untilOf = (keeps: readonly KeepRules[], index: number): Instant =>
  (keeps[index + 1]?.from ?? Number.POSITIVE_INFINITY) + LINGERING;

/** From when on lifecycle may have hidden it: by the bucket's rules, or by the config's `keepDays`, as rules change. */
function mayBeHiddenFrom(uploadedAt: Instant, { hides }: Keep, keepDays: number): Instant {
  return hiddenBy({ hides: [...hides, { days: keepDays }] }, uploadedAt) ?? uploadedAt;
}

/** Without the days of the config, wherever the bucket's own rules are known. */
export function byRulesAlone(keeps: readonly KeepRules[]): readonly KeepRules[] {
  const never = { keepDays: Number.POSITIVE_INFINITY };
  return keeps.map((one) => (one.keep.by === 'rules' ? { ...one, ...never } : one));
}

/** A rule that held when the marker was made, or up to three days before, had reached the upload by then. */
export function isByLifecycle(
  marker: Version,
  uploadedAt: Instant,
  keeps: readonly KeepRules[],
): boolean {
  return keeps.some(
    ({ from, keep, keepDays }, index) =>
      from <= marker.at &&
      marker.at <= untilOf(keeps, index) &&
      mayBeHiddenFrom(uploadedAt, keep, keepDays) <= marker.at,
  );
}

/** Whether lifecycle may have taken by now what was written then, and left no trace. */
export function mayHaveTaken(
  keeps: readonly KeepRules[],
  uploadedAt: Instant,
  now: Instant,
): boolean {
  return keeps.some(
    ({ from, keep, keepDays }, index) =>
      Math.max(from, mayBeHiddenFrom(uploadedAt, keep, keepDays)) <=
      Math.min(now, untilOf(keeps, index)),
  );
}
