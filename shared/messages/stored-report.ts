// A report as it comes back from the ledger: hostile text until it has been read here.

import { ZONE } from '../config/config-values.ts';
import type { Instant } from '../duplicity/time.ts';
import { FINDING_KINDS, type FindingKind, type Severity } from '../rules/finding.ts';

/** The part of a report, version 1, that is shown again. Its texts are not escaped. */
export type StoredReport = {
  readonly checkedAt: Instant;
  readonly bucket: string;
  /** Of the times in its messages; `undefined` in a report of before they had one zone. */
  readonly timezone: string | undefined;
  readonly hosts: readonly StoredHost[];
  readonly unknownHosts: readonly string[];
  readonly unsearched: string | undefined;
};

export type StoredHost = {
  readonly host: string;
  readonly verdict: 'ok' | FindingKind;
  readonly findings: readonly StoredFinding[];
  readonly lastGood:
    | { readonly startedAt: Instant; readonly volumes: number; readonly bytes: number }
    | undefined;
};

export type StoredFinding = {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly message: string;
};

/** `undefined` for anything that `reportToJson` does not write. Never throws. */
export function parseReport(text: string): StoredReport | undefined {
  try {
    return readReport(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotAReport) return undefined;
    throw error;
  }
}

const FROM = Date.UTC(2000, 0);
const UNTIL = Date.UTC(2100, 0);

class NotAReport extends Error {
  override readonly name = 'NotAReport';
}

function readReport(value: unknown): StoredReport {
  const { version, checkedAt, bucket, timezone, hosts, unknownHosts, unsearched } = record(value);
  if (version !== 1) throw new NotAReport();
  return {
    checkedAt: instant(checkedAt),
    bucket: string(bucket),
    timezone: timezone === undefined ? undefined : zone(timezone),
    hosts: list(hosts).map(parseHost),
    unknownHosts: list(unknownHosts).map(string),
    unsearched: unsearched === undefined ? undefined : string(unsearched),
  };
}

function parseHost(value: unknown): StoredHost {
  const { host, verdict, findings, lastGood } = record(value);
  return {
    host: string(host),
    verdict: oneOf(['ok', ...FINDING_KINDS], verdict),
    findings: list(findings).map(readFinding),
    lastGood: lastGood === null ? undefined : readSet(lastGood),
  };
}

function readFinding(value: unknown): StoredFinding {
  const { kind, severity, message } = record(value);
  return {
    kind: oneOf(FINDING_KINDS, kind),
    severity: oneOf(['critical', 'warning', 'info'], severity),
    message: string(message),
  };
}

function readSet(value: unknown): NonNullable<StoredHost['lastGood']> {
  const { startedAt, volumes, bytes } = record(value);
  return { startedAt: instant(startedAt), volumes: number(volumes ?? 0), bytes: number(bytes) };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new NotAReport();
  return value as Record<string, unknown>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new NotAReport();
  return value;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new NotAReport();
  return value;
}

function zone(value: unknown): string {
  const name = ZONE.parse(string(value));
  if (name === undefined) throw new NotAReport();
  return name;
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new NotAReport();
  return value;
}

function instant(value: unknown): Instant {
  const at = Date.parse(string(value));
  // Years that any calendar can show, and duplicity's own clock too.
  if (!(at >= FROM && at < UNTIL)) throw new NotAReport();
  return at;
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word {
  const word = words.find((one) => one === value);
  if (word === undefined) throw new NotAReport();
  return word;
}
