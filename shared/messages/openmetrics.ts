// A report as metrics in the OpenMetrics text format, which node_exporter's textfile collector reads, too.
import type { Instant } from '../duplicity/time.ts';
import type { Severity } from '../rules/finding.ts';
import { isInconclusiveReport } from './host-report.ts';
import type { Drills, Report } from './report.ts';

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };
type Family = {
  readonly help: string;
  readonly unit?: string;
  readonly samples: readonly Sample[];
};

/**
 * What is not known has no sample: a host without a good copy has no age, and one that owes nothing no `ok`. Ages are
 * those of the check; `rollcall_check_timestamp_seconds` says how old that is. Source: OpenMetrics 1.0, "Text format".
 */
export function composeOpenMetrics(report: Report, drills?: Drills): string {
  const { checkedAt, bucket, hosts, unknownHosts } = report;
  const secondsTo = (at: string | Instant | undefined, sign = 1) =>
    at === undefined ? undefined : sign * Math.round((new Date(at).getTime() - checkedAt) / 1000);
  const each = (measure: (host: Report['hosts'][number]) => number | undefined): Sample[] =>
    hosts.flatMap((host) => {
      const value = measure(host);
      return value === undefined ? [] : [{ labels: { bucket, host: host.host }, value }];
    });
  const families: Record<string, Family> = {
    rollcall_backup_ok: {
      help: '1 where a good backup is there, as it should be; 0 where something is wrong. None where nothing is owed.',
      samples: each(({ verdict, findings }) => {
        if (verdict === 'ok') return 1;
        return findings.some(({ severity }) => severity !== 'info') ? 0 : undefined;
      }),
    },
    rollcall_backup_age_seconds: {
      help: 'Time since the last good backup began.',
      unit: 'seconds',
      samples: each(({ lastGood }) => secondsTo(lastGood?.startedAt, -1)),
    },
    rollcall_backup_bytes: {
      help: 'Size of the last good backup.',
      unit: 'bytes',
      samples: each(({ lastGood }) => lastGood?.bytes),
    },
    rollcall_backup_volumes: {
      help: 'Volumes of the last good backup.',
      samples: each(({ lastGood }) => lastGood?.volumes ?? undefined),
    },
    rollcall_backup_expires_seconds: {
      help: 'Time until lifecycle hides the last good backup, as far as that is known.',
      unit: 'seconds',
      samples: each(({ expiresAt }) => secondsTo(expiresAt)),
    },
    rollcall_restore_proven_age_seconds: {
      help: 'Time since a restore drill was last compared, and right.',
      unit: 'seconds',
      samples: each(({ host }) => secondsTo(drills?.get(host)?.provenAt, -1)),
    },
    rollcall_problem: {
      help: '1 for each kind of finding, at its worst severity: critical, warning or info.',
      samples: hosts.flatMap(({ host, findings }) => {
        const worst = new Map<string, Severity>();
        for (const finding of findings.filter((one) => !isInconclusiveReport(one))) {
          const known = worst.get(finding.kind);
          if (known === undefined || RANK.indexOf(finding.severity) < RANK.indexOf(known))
            worst.set(finding.kind, finding.severity);
        }
        return [...worst].map(([kind, severity]) => ({
          ...{ labels: { bucket, host, kind, severity }, value: 1 },
        }));
      }),
    },
    rollcall_unknown_prefixes: {
      help: 'Prefixes in the bucket that are of no host in the config.',
      samples: [{ labels: { bucket }, value: unknownHosts.length }],
    },
    rollcall_check_timestamp_seconds: {
      help: 'When this was checked.',
      unit: 'seconds',
      samples: [{ labels: { bucket }, value: Math.round(checkedAt / 1000) }],
    },
  };
  const lines = Object.entries(families).flatMap(([name, family]) => formatFamily(name, family));
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

const RANK: readonly Severity[] = ['critical', 'warning', 'info'];

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
