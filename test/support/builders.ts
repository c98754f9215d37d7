// Hosts, objects and collections for tests: whole by default, one override away from any damage.

import type { Config, Host } from '../../shared/config/config.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { type FileName, formatFileName, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';

export const at = (iso: string): number => Date.parse(iso);

export const aHost = (override: Partial<Host> = {}): Host => ({
  name: 'web',
  target: { bucket: 'backups', prefix: `${override.name ?? 'web'}/` },
  filePrefix: NO_PREFIX,
  timezone: 'UTC',
  window: { opens: '00:00', due: '08:15', hardDue: '12:15' },
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
  window: { opens: '00:00', due: '08:15', hardDue: '12:15' },
  keepDays: 6,
  keepLastGood: false,
  alerts: {
    mail: ['ops@example.net'],
    sms: [],
    https: [],
    ops: ['ops@example.net'],
    weeklyTest: false,
  },
  hosts,
  ...override,
});

const MiB = 1024 * 1024;

/** A complete, encrypted full of `volumes` volumes, begun and done when told. */
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
