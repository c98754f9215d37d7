// A report as metrics in the OpenMetrics text format, which node_exporter's textfile collector reads, too.
import type { Instant } from '../duplicity/time.ts';
import { isInconclusive, type Severity, worstSeverity } from '../rules/finding.ts';
import type { Board, BoardRow } from './board.ts';
import type { HostReport } from './host-report.ts';
import type { Drills, Report } from './report.ts';

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };
type Family = { help: string; unit?: string; samples: readonly Sample[] };

/** A host as its metrics need it; what is not known is absent. */
type Known = 'host' | 'bytes' | 'volumes' | 'lastGoodAt' | 'expiresAt' | 'provenAt';
type Measured = Pick<BoardRow, Known> & {
  readonly isOk: boolean | undefined;
  readonly problems: readonly { readonly kind: string; readonly severity: Severity }[];
};

/** Of a check, with the last drills where they were read. */
export function composeOpenMetrics(report: Report, drills?: Drills): string {
  const { checkedAt, bucket, hosts, unknownHosts } = report;
  const rows = hosts.map((one) => measureHost(one, drills));
  return compose(rows, { bucket, at: checkedAt, unknown: unknownHosts.length });
}

/** One host as it was judged. */
export function measureHost(
  { host, verdict, findings, lastGood, expiresAt }: HostReport,
  drills?: Drills,
): Measured {
  return {
    ...{ host, isOk: isOk(verdict, findings), bytes: lastGood?.bytes },
    problems: findings.filter((one) => !isInconclusive(one)),
    lastGoodAt: lastGood === null ? undefined : Date.parse(lastGood.startedAt),
    volumes: lastGood?.volumes ?? undefined,
    expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    provenAt: drills?.get(host)?.provenAt,
  };
}

/** Of the board, as of now: what it keeps next to the page. */
export function composeBoardMetrics({ rows }: Board, bucket: string, at: Instant): string {
  const measured = rows.map((row): Measured => {
    const bytes = row.sets.find(({ startedAt }) => startedAt === row.lastGoodAt)?.bytes;
    const isFine = isOk(row.verdict, row.findings);
    return { ...row, isOk: isFine, bytes: bytes ?? row.bytes, problems: row.findings };
  });
  return compose(measured, { bucket, at });
}

function isOk(verdict: string, findings: readonly { readonly severity: Severity }[]) {
  if (verdict === 'ok') return true;
  return findings.some(({ severity }) => severity !== 'info') ? false : undefined;
}

/**
 * What is not known has no sample: a host without a good copy has no age, and one that owes nothing no `ok`. Ages are
 * those of the check; `rollcall_check_timestamp_seconds` says how old that is. Source: OpenMetrics 1.0, "Text format".
 */
function compose(
  rows: readonly Measured[],
  { bucket, at, unknown }: { bucket: string; at: Instant; unknown?: number },
): string {
  const secondsTo = (instant: Instant | undefined, sign = 1) =>
    instant === undefined ? undefined : sign * Math.round((instant - at) / 1000);
  const each = (measure: (row: Measured) => number | undefined): Sample[] =>
    rows.flatMap((row) => {
      const value = measure(row);
      return value === undefined ? [] : [{ labels: { bucket, host: row.host }, value }];
    });
  const families: Record<string, Family> = {
    rollcall_backup_ok: {
      help: '1 where a good backup is there, as it should be; 0 where something is wrong. None where nothing is owed.',
      samples: each((row) => (row.isOk === undefined ? undefined : Number(row.isOk))),
    },
    rollcall_backup_age_seconds: {
      help: 'Time since the last good backup began.',
      unit: 'seconds',
      samples: each(({ lastGoodAt }) => secondsTo(lastGoodAt, -1)),
    },
    rollcall_backup_bytes: {
      help: 'Size of the last good backup.',
      unit: 'bytes',
      samples: each(({ bytes }) => bytes),
    },
    rollcall_backup_volumes: {
      help: 'Volumes of the last good backup.',
      samples: each(({ volumes }) => volumes),
    },
    rollcall_backup_expires_seconds: {
      help: 'Time until lifecycle hides the last good backup, as far as that is known.',
      unit: 'seconds',
      samples: each(({ expiresAt }) => secondsTo(expiresAt)),
    },
    rollcall_restore_proven_age_seconds: {
      help: 'Time since a restore drill was last compared, and right.',
      unit: 'seconds',
      samples: each(({ provenAt }) => secondsTo(provenAt, -1)),
    },
    rollcall_problem: {
      help: '1 for each kind of finding, at its worst severity: critical, warning or info.',
      samples: rows.flatMap(({ host, problems }) => {
        const byKind = Map.groupBy(problems, ({ kind }) => kind);
        return [...byKind].map(([kind, all]) => ({
          ...{ labels: { bucket, host, kind, severity: worstSeverity(all) }, value: 1 },
        }));
      }),
    },
    rollcall_unknown_prefixes: {
      help: 'Prefixes in the bucket that are of no host in the config.',
      samples: unknown === undefined ? [] : [{ labels: { bucket }, value: unknown }],
    },
    rollcall_check_timestamp_seconds: {
      help: 'When this was checked.',
      unit: 'seconds',
      samples: [{ labels: { bucket }, value: Math.round(at / 1000) }],
    },
  };
  const lines = Object.entries(families).flatMap(([name, family]) => formatFamily(name, family));
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

function formatFamily(name: string, { help, unit, samples }: Family): string[] {
  if (samples.length === 0) return [];
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(({ labels, value }) => `${name}{${formatLabels(labels)}} ${value}`),
  ];
}

function formatLabels(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

/** Any text: a backslash, a quote and a line feed are escaped, and other control characters are not let through. */
function escapeLabel(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replace(/\p{Cc}/gu, '\ufffd');
}
