// All that one run found, counted, and its stable JSON; read back from the state bucket it is hostile text until then.

import * as v from 'valibot';
import { type DigestRhythm, type Host, kitName } from '../config/config.ts';
import { finite, maybe, readJson, texts, zone } from '../config/json.ts';
import type { ChannelStates } from '../doctor/channels.ts';
import { DAY, type Instant, parseWrittenTime } from '../duplicity/time.ts';
import { type Severity, worstSeverity } from '../rules/finding.ts';
import { dateIn } from '../rules/window.ts';
import { type HostReport, hostReport, iso, isoInstant } from './host-report.ts';
import type { Block } from './message-tree.ts';
import { listSome, quoteName, toAscii } from './plain-text.ts';

const storedReport = v.object({
  ...{ version: v.literal(1), checkedAt: isoInstant, bucket: v.string() },
  /** Of the times in its messages; absent in a report of before they had one zone. */
  timezone: maybe(zone),
  ...{ hosts: v.array(hostReport), unknownHosts: texts },
  foreignObjects: v.optional(finite, 0),
  unsearched: maybe(v.string()),
});

/** A report that was kept. Its texts are not escaped. */
export type StoredReport = v.InferOutput<typeof storedReport>;

/** `undefined` for anything that `reportToJson` does not write. Never throws. */
export function parseReport(text: string): StoredReport | undefined {
  return readJson(storedReport, text);
}

/** What one run found. */
export type Report = {
  readonly checkedAt: Instant;
  readonly bucket: string;
  readonly hosts: readonly HostReport[];
  /** Prefixes in the bucket that nobody in the config writes to. */
  readonly unknownHosts: readonly string[];
  /** Objects that duplicity did not write, inside the targets and outside. */
  readonly foreignObjects: number;
  /** Why the bucket outside of the targets could not be looked at. */
  readonly unsearched?: string | undefined;
};

/** `critical` and `warning` by each host's worst finding; `ok` by its verdict. */
export type Summary = {
  readonly hosts: number;
  readonly ok: number;
  readonly critical: number;
  readonly warning: number;
};

export function summarize(hosts: readonly HostReport[]): Summary {
  const worst = (severity: Severity) =>
    hosts.filter(({ findings }) => worstSeverity(findings) === severity).length;
  return {
    hosts: hosts.length,
    ok: hosts.filter(({ verdict }) => verdict === 'ok').length,
    critical: worst('critical'),
    warning: worst('warning'),
  };
}

/**
 * The monitoring-plugin convention: 0 all ok, 1 warning, 2 critical, 3 could not check. A host that is
 * known to be bad outranks one that could not be looked at.
 */
export function exitStatus({
  hosts,
  unknownHosts,
  unsearched,
}: Pick<Report, 'hosts' | 'unknownHosts' | 'unsearched'>): 0 | 1 | 2 | 3 {
  const findings = hosts.flatMap((host) => host.findings);
  const critical = findings.filter(({ severity }) => severity === 'critical');
  if (critical.some(({ kind }) => kind !== 'unreadable')) return 2;
  if (critical.length > 0) return 3;
  const warned = findings.some(({ severity }) => severity === 'warning');
  const strange = unknownHosts.length > 0 || unsearched !== undefined;
  return warned || strange ? 1 : 0;
}

/** What lies in the bucket but of no host in the config, with the first of the names; or why nobody knows. */
export function describeUnknown(
  { unknownHosts, unsearched }: Pick<Report, 'unknownHosts' | 'unsearched'>,
  shown: number,
): string[] {
  const names = listSome(unknownHosts.slice(0, shown).map(quoteName), unknownHosts.length);
  return [
    ...(unknownHosts.length === 0 ? [] : [`in the bucket, but of no host in the config: ${names}`]),
    ...(unsearched === undefined
      ? []
      : [`could not look for unknown hosts: ${toAscii(unsearched)}`]),
  ];
}

/** The report as docs/how-it-judges.md describes it, version 1; `timezone` is that of the times in its messages. */
export function reportToJson(report: Report, timezone: string): Record<string, unknown> {
  const { checkedAt, bucket, hosts, unsearched, ...counts } = report;
  return {
    ...{ version: 1, checkedAt: iso(checkedAt), bucket, timezone },
    ...{ summary: summarize(hosts), hosts, ...counts },
    ...(unsearched === undefined ? {} : { unsearched }),
  };
}

/** By host: the last restore that was compared and right, and the last drill that was not. */
export type Drills = ReadonlyMap<
  string,
  { readonly provenAt?: Instant; readonly failedAt?: Instant }
>;

/** All that a day's digest and the status page are composed of. */
export type Digest = {
  readonly report: Report;
  readonly hostsInConfig: number;
  readonly timezone: string;
  /** How the channels were when a run last looked; without it nobody has. */
  readonly channels?: ChannelStates | undefined;
  /** When backups were last proven by a restore; without it nobody has looked. */
  readonly drills?: Drills | undefined;
  /** Who is muted or acknowledged, in words. */
  readonly muted?: readonly string[] | undefined;
  /** The last 30 days of each host. */
  readonly grid?: Block | undefined;
  /** When a proof by a restore is too old; without it never. */
  readonly restoreProofDays?: number;
  /** On which days one goes out; without it on each. */
  readonly rhythm?: DigestRhythm;
  /** This digest is the weekly test of every channel. */
  readonly test: boolean;
  /** Nothing is remembered of an earlier one: so it is on the first day, and where the state was emptied. */
  readonly isFirst?: boolean;
};

/** A number that goes up by one a day without being stored: a digest that is lost leaves a gap. */
export function serialOf({ report, timezone }: Pick<Digest, 'report' | 'timezone'>): string {
  const today = dateIn(timezone, report.checkedAt);
  const year = today.slice(0, 4);
  const day = (Date.parse(today) - Date.parse(`${year}-01-01`)) / DAY;
  return `#${year}-${String(day + 1).padStart(3, '0')}`;
}

/** All receipts begin so. */
export const DRILLS = 'drills/';

/**
 * The last drills of each host, from `drills/HOST/20261123T081500Z.json` for a restore that was compared and right, and
 * `...Z.failed.json`, `.mismatch.json` or `.uncompared.json` for another; as scripts/restore writes them. Other names,
 * and receipts from the future, count for nothing; nor do those of a folder that two hosts would have.
 */
export function readDrillNames(
  pages: readonly string[],
  now: number,
  hosts: readonly Pick<Host, 'name'>[],
): Drills {
  const byName = Map.groupBy(hosts, kitName);
  const drills = new Map<string, { provenAt?: number; failedAt?: number }>();
  for (const page of pages) {
    const [, folder = '', time, result] = NAME.exec(page) ?? [];
    const [owner, another] = byName.get(folder) ?? [];
    const at = parseWrittenTime(time ?? '');
    if (owner === undefined || another !== undefined) continue;
    if (at === undefined || at > now || result === 'uncompared') continue;
    const known = drills.get(owner.name) ?? {};
    const which = result === undefined ? 'provenAt' : 'failedAt';
    drills.set(owner.name, { ...known, [which]: Math.max(known[which] ?? at, at) });
  }
  return drills;
}

const NAME = /^drills\/([^/]+)\/(\d{8}T\d{6}Z)(?:\.(failed|mismatch|uncompared))?\.json$/;
