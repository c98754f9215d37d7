// All verdicts of one run, counted, and their stable JSON.

import type { ChannelCheck } from '../doctor/channels.ts';
import { type BackupSet, completedAt, isComplete } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import {
  FINDING_KINDS,
  type Finding,
  type Severity,
  windowsMissedBy,
  worstSeverity,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { dateIn } from '../rules/window.ts';
import { describeFinding } from './finding-text.ts';
import { formatDate, formatTime } from './plain-text.ts';

/** What one run found. */
export type Report = {
  readonly checkedAt: Instant;
  readonly bucket: string;
  readonly judgements: readonly Judgement[];
  /** Prefixes in the bucket that no host in the config writes to. */
  readonly unknownHosts: readonly string[];
  /** Objects that duplicity did not write, inside the targets and outside. */
  readonly foreignObjects: number;
  /** Why the bucket outside of the targets could not be looked at. */
  readonly unsearched?: string;
};

/** `critical` and `warning` by each host's worst finding; `ok` by its verdict. */
export type Summary = {
  readonly hosts: number;
  readonly ok: number;
  readonly critical: number;
  readonly warning: number;
};

export function summarize(judgements: readonly Judgement[]): Summary {
  const worst = (severity: Severity) =>
    judgements.filter(({ findings }) => worstSeverity(findings) === severity).length;
  return {
    hosts: judgements.length,
    ok: judgements.filter(({ verdict }) => verdict === 'ok').length,
    critical: worst('critical'),
    warning: worst('warning'),
  };
}

/**
 * The monitoring-plugin convention: 0 all ok, 1 warning, 2 critical, 3 could not check. A host that is
 * known to be bad outranks one that could not be looked at.
 */
export function exitStatus({
  judgements,
  unknownHosts,
  unsearched,
}: {
  readonly judgements: readonly {
    readonly findings: readonly Pick<Finding, 'kind' | 'severity'>[];
  }[];
  readonly unknownHosts: readonly string[];
  readonly unsearched?: string | undefined;
}): 0 | 1 | 2 | 3 {
  const findings = judgements.flatMap((judgement) => judgement.findings);
  const critical = findings.filter(({ severity }) => severity === 'critical');
  if (critical.some(({ kind }) => kind !== 'unreadable')) return 2;
  if (critical.length > 0) return 3;
  const warned = findings.some(({ severity }) => severity === 'warning');
  const strange = unknownHosts.length > 0 || unsearched !== undefined;
  return warned || strange ? 1 : 0;
}

/** The report as docs/how-it-judges.md describes it, version 1; `timezone` is that of the times in its messages. */
export function reportToJson(report: Report, timezone: string): Record<string, unknown> {
  return {
    version: 1,
    checkedAt: iso(report.checkedAt),
    bucket: report.bucket,
    timezone,
    summary: summarize(report.judgements),
    hosts: report.judgements.map((judgement) => verdictToJson(judgement, timezone)),
    unknownHosts: report.unknownHosts,
    foreignObjects: report.foreignObjects,
    ...(report.unsearched === undefined ? {} : { unsearched: report.unsearched }),
  };
}

function verdictToJson(judgement: Judgement, timezone: string): Record<string, unknown> {
  const { host, window, answer, lastGood, next } = judgement;
  return {
    host: host.name,
    target: `s3://${host.target.bucket}/${host.target.prefix}`,
    verdict: judgement.verdict,
    window: { opensAt: iso(window.opensAt), dueAt: iso(window.dueAt) },
    findings: judgement.findings.map((finding) => findingToJson(finding, judgement, timezone)),
    answer: answer === undefined ? null : setToJson(answer),
    lastGood: lastGood === undefined ? null : setToJson(lastGood),
    sets: judgement.sets.map(setToJson),
    ...(next === undefined
      ? {}
      : {
          next: {
            opensAt: iso(next.window.opensAt),
            dueAt: iso(next.window.dueAt),
            state: next.state,
          },
        }),
  };
}

function findingToJson(
  finding: Finding,
  judgement: Judgement,
  timezone: string,
): Record<string, unknown> {
  const { kind, severity, ...evidence } = finding;
  return {
    kind,
    severity,
    message: describeFinding(finding, judgement, timezone),
    ...evidenceToJson(evidence),
  };
}

/** Instants become ISO texts by their names: `...At`, also inside lists. */
function evidenceToJson(evidence: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(evidence).map(([key, value]) => {
      if (Array.isArray(value)) {
        return [key, value.map((one) => (typeof one === 'object' ? evidenceToJson(one) : one))];
      }
      return [key, key.endsWith('At') && typeof value === 'number' ? iso(value) : (value ?? null)];
    }),
  );
}

/** `null` for what a listing without the volumes cannot know. */
function setToJson(set: BackupSet): Record<string, unknown> {
  const { volumes, manifest } = set;
  const done = completedAt(set);
  return {
    type: set.type,
    startedAt: iso(set.startedAt),
    completedAt: done === undefined ? null : iso(done),
    complete: isComplete(set) ?? null,
    volumes: volumes?.count ?? null,
    missingVolumes: volumes?.missing ?? [],
    hasManifest: manifest !== undefined,
    hasSignatures: set.hasSignatures,
    bytes: set.bytes,
    encrypted: set.encrypted,
    ...(set.basedOn === undefined ? {} : { basedOn: iso(set.basedOn) }),
  };
}

/** Whole seconds without a fraction, as duplicity and S3 count them. */
export function iso(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** By host: the last restore that was compared and right, and the last drill that was not. */
export type Drills = ReadonlyMap<
  string,
  { readonly provenAt?: Instant; readonly failedAt?: Instant }
>;

/** What a run has to report; `due` names the hosts whose window closed since the last run. */
export type Run = {
  readonly report: Report;
  readonly due: ReadonlySet<string>;
  /** True once a day: then every host is reported, also when all is well. */
  readonly digest: boolean;
  readonly hostsInConfig: number;
  readonly timezone: string;
  /** How the channels were at the last check; absent where none was made. */
  readonly channels?: ChannelCheck;
  /** When backups were last proven by a restore; absent where the receipts were not read. */
  readonly drills?: Drills;
  /** This digest is the weekly test of every channel. */
  readonly test?: boolean;
};

/** A reported host has missed its second window or more: the ops topic is notified too. */
export function isEscalated({ report, due }: Run): boolean {
  return report.judgements.some(
    ({ host, findings }) => due.has(host.name) && windowsMissedBy(findings) > 1,
  );
}

/** A host that somebody must see to now. */
export function hasFailed({ findings }: Judgement): boolean {
  return worstSeverity(findings) === 'critical';
}

/** The hosts that have failed: by verdict, and within one by how long there has been no good copy. */
export function failedIn({ report }: Run): Judgement[] {
  return report.judgements.filter(hasFailed).sort(worstFirst);
}

function worstFirst(a: Judgement, b: Judgement): number {
  const rank = ({ findings }: Judgement) => FINDING_KINDS.indexOf(findings[0]?.kind ?? 'paused');
  return rank(a) - rank(b) || (a.lastGood?.startedAt ?? 0) - (b.lastGood?.startedAt ?? 0);
}

/** A number that goes up by one a day without being stored: a digest that is lost leaves a gap. */
export function serialOf({ report, timezone }: Run): string {
  const today = dateIn(timezone, report.checkedAt);
  const year = today.slice(0, 4);
  const day = (Date.parse(`${today}T00:00Z`) - Date.parse(`${year}-01-01T00:00Z`)) / 86_400_000;
  return `#${year}-${String(day + 1).padStart(3, '0')}`;
}

/** `Mon 23 Nov 2026 08:15 Europe/Amsterdam - bucket acme-backups`. */
export function composeHeader({ checkedAt, bucket }: Report, zone: string): string {
  const year = dateIn(zone, checkedAt).slice(0, 4);
  return `${formatDate(checkedAt, zone)} ${year} ${formatTime(checkedAt, zone)} ${zone} - bucket ${bucket}`;
}
