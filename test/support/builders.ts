import { formatFileName } from './format-file-name.ts';
// Hosts, objects and collections for tests: whole by default, one override away from any damage.

import type { Config, Host } from '../../shared/config/config.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { type FileName, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { reportHost } from '../../shared/messages/host-report.ts';
import type { Digest } from '../../shared/messages/report.ts';
import type { Fingerprint } from '../../shared/rules/fingerprints.ts';
import type { Judgement } from '../../shared/rules/judge.ts';
import type { HostRecord } from '../../shared/rules/record.ts';

export const at = (iso: string): number => Date.parse(iso);

export const aHost = (override: Partial<Host> = {}): Host => ({
  name: 'web',
  target: { bucket: 'backups', prefix: `${override.name ?? 'web'}/` },
  filePrefix: NO_PREFIX,
  timezone: 'UTC',
  window: { opens: '00:00', due: '08:15', graceMinutes: 240 },
  recipients: [],
  size: { minBytes: 0, shrink: 0.5, grow: 2 },
  keepDays: 6,
  keepLastGood: false,
  ...override,
});

export const aConfig = (hosts: readonly Host[], override: Partial<Config> = {}): Config => ({
  bucket: 'backups',
  existing: false,
  region: 'eu-west-1',
  timezone: 'UTC',
  window: { opens: '00:00', due: '08:15', graceMinutes: 240 },
  keepDays: 6,
  keepLastGood: false,
  alerts: {
    mail: ['ops@example.net'],
    sms: [],
    webhooks: [],
    ops: ['ops@example.net'],
    weeklyTest: false,
  },
  hosts,
  ...override,
});

const MiB = 1024 * 1024;

/** A complete, encrypted full of `volumes` volumes, begun and done at the given times. */
export function aFull({
  begun,
  done = begun,
  volumes = 3,
  signatures = true,
  encrypted = true,
  volumeBytes = 200 * MiB,
}: {
  begun: string;
  done?: string;
  volumes?: number;
  signatures?: boolean;
  encrypted?: boolean;
  volumeBytes?: number;
}): StoredObject[] {
  const base: FileName = {
    type: 'full',
    manifest: false,
    volume: undefined,
    time: at(begun),
    start: undefined,
    end: undefined,
    encrypted,
    compressed: false,
    partial: false,
  };
  const files: [FileName, number][] = Array.from({ length: volumes }, (_, index) => [
    { ...base, volume: index + 1 },
    index + 1 === volumes ? Math.ceil(volumeBytes / 10) : volumeBytes,
  ]);
  if (signatures) files.push([{ ...base, type: 'full-sig' }, MiB]);
  files.push([{ ...base, manifest: true }, 900]);
  return files.map(([name, bytes]) => anObject(formatFileName(name), { bytes, written: done }));
}

/** An incremental of one volume. */
export function anIncremental(basedOn: string, begun: string): StoredObject[] {
  const base: FileName = {
    type: 'inc',
    manifest: false,
    volume: undefined,
    time: undefined,
    start: at(basedOn),
    end: at(begun),
    encrypted: true,
    compressed: false,
    partial: false,
  };
  const names = [
    { ...base, volume: 1 },
    { ...base, type: 'new-sig' as const },
    { ...base, manifest: true },
  ];
  return names.map((name) => anObject(formatFileName(name), { bytes: 1000, written: begun }));
}

export function anObject(
  name: string,
  { bytes = 1, written = '2026-11-23T03:00:00Z' }: { bytes?: number; written?: string } = {},
): StoredObject {
  return { name, bytes, modifiedAt: at(written), firstModifiedAt: at(written) };
}

export const collected = (...objects: readonly StoredObject[]) =>
  collectSets({ objects, volumeStems: [] }, NO_PREFIX);

/** A day's digest of these hosts, as they were judged. */
export const aDigest = (
  checkedAt: number,
  judgements: readonly Judgement[],
  {
    report,
    timezone = 'UTC',
    ...override
  }: Partial<Omit<Digest, 'report'>> & {
    readonly report?: Partial<Digest['report']>;
  } = {},
): Digest => ({
  report: {
    ...{ checkedAt, bucket: 'acme-backups', unknownHosts: [], foreignObjects: 0 },
    hosts: judgements.map((judgement) => reportHost(judgement, timezone)),
    ...report,
  },
  ...{ hostsInConfig: judgements.length, timezone, test: false },
  ...override,
});

/** What is remembered of a host that has these fulls; newest first. */
export const aRecord = (fulls: readonly Fingerprint[]): HostRecord => ({
  place: fulls[0]?.place ?? 'backups/web/',
  ...{ listedAt: 0, judgedAt: 0, unfinished: [], fulls, keeps: [] },
  ...{ changes: [], changeCount: 0, watch: [] },
});

/** What is remembered of the full of yesterday at 08:15. */
export const aFingerprint = (override: Partial<Fingerprint> = {}): Fingerprint => ({
  place: 'backups/web/',
  startedAt: at('2026-11-22T08:15:00Z'),
  sealedAt: at('2026-11-23T08:15:00Z'),
  firstWriteAt: at('2026-11-22T08:15:00Z'),
  files: 7,
  bytes: 1000,
  hash: 'first_________________',
  opened: undefined,
  ...override,
});
