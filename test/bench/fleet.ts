// A fleet of hosts with their buckets: what each holds, and what every monitor ought to say of it.

import type { Host } from '../../shared/config/config.ts';
import { formatFileName, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { FindingKind } from '../../shared/rules/finding.ts';
import { type Fingerprint, placeOf } from '../../shared/rules/fingerprints.ts';

/** How many hosts, with how many fulls of how many volumes each. */
export type Fleet = { readonly hosts: number; readonly days: number; readonly volumes: number };

/** The bucket that the bench fills. */
export const BUCKET = 'bench';

/** The instant at which all are judged: the windows have closed two hours and more ago. */
export const NOW = Date.parse('2026-11-23T12:30:00Z');

const DAY = 86_400_000;
const VOLUME = 209_715_200;
const LAST_VOLUME = 12_000_000;
const SIGNATURES = 4_000_000;
const MANIFEST = 2_400;
const TODAY = Date.parse('2026-11-23T02:00:00Z');

/** One in ten is bad, in four ways that come in turn; of a single host the bad one is missing a volume. */
const WAYS: readonly FindingKind[] = ['missing', 'incomplete', 'incomplete', 'incremental'];

/** How the host with this number is bad; `undefined` for a good one. */
export function faultOf(number: number): { kind: FindingKind; way: number } | undefined {
  if (number % 10 !== 5) return undefined;
  const way = Math.floor(number / 10) % WAYS.length;
  return { kind: WAYS[way] ?? 'missing', way };
}

/** `host-00007`: the name and the prefix of a host. */
export function nameOf(number: number): string {
  return `host-${String(number).padStart(5, '0')}`;
}

/** The config of the fleet. */
export function configOf({ hosts }: Fleet): Host[] {
  return Array.from({ length: hosts }, (_, number) => ({
    name: nameOf(number),
    target: { bucket: BUCKET, prefix: `${nameOf(number)}/` },
    filePrefix: NO_PREFIX,
    timezone: 'Europe/Amsterdam',
    window: { opens: '00:00', due: '08:15', graceMinutes: 240 },
    recipients: [],
    size: { minBytes: 0, shrink: 0.5, grow: 2 },
    keepDays: 6,
    keepLastGood: false,
  }));
}

/** When a host began the full of so many days ago. */
function begunAt(number: number, back: number): number {
  return TODAY - back * DAY + (number % 60) * 1000;
}

/** Yesterday's full of a host as the state bucket has it on any day but the first. */
export function fingerprintOfYesterday(host: Host, { volumes }: Fleet): Fingerprint {
  const startedAt = begunAt(Number(host.name.slice(-5)), 1);
  const bytes = (volumes - 1) * VOLUME + LAST_VOLUME + SIGNATURES + MANIFEST;
  return {
    ...{ place: placeOf(host), startedAt, sealedAt: startedAt, firstWriteAt: startedAt + 60_000 },
    ...{ files: volumes + 1, bytes, hash: undefined, opened: undefined },
  };
}

/** Every object of a host: its key, bytes, and when it was written. */
export function* objectsOf(
  number: number,
  { days, volumes }: Fleet,
): Generator<{ key: string; bytes: number; at: number }> {
  const fault = faultOf(number);
  for (let back = days - 1; back >= 0; back -= 1) {
    if (back === 0 && fault?.way === 0) continue;
    const begun = begunAt(number, back);
    const name = {
      ...({ type: 'full', manifest: false, volume: undefined, time: begun } as const),
      ...{ start: undefined, end: undefined },
      ...{ encrypted: true, compressed: false, partial: false },
    };
    const object = (of: Parameters<typeof formatFileName>[0], bytes: number, minutes: number) => ({
      key: `${nameOf(number)}/${formatFileName(of)}`,
      bytes,
      at: begun + minutes * 60_000,
    });
    for (let volume = 1; volume <= volumes; volume += 1) {
      if (back === 0 && fault?.way === 1 && volume === Math.ceil(volumes / 2)) continue;
      yield object({ ...name, volume }, volume === volumes ? LAST_VOLUME : VOLUME, 1);
    }
    yield object({ ...name, type: 'full-sig' }, SIGNATURES, 12);
    if (back > 0 || fault?.way !== 2) yield object({ ...name, manifest: true }, MANIFEST, 13);
  }
  if (fault?.way === 3) {
    const inc = {
      ...({ type: 'inc', manifest: true, volume: undefined, time: undefined } as const),
    };
    const times = { start: TODAY + (number % 60) * 1000, end: TODAY + 3_600_000 };
    const flags = { encrypted: true, compressed: false, partial: false };
    const at = TODAY + 3_660_000;
    yield {
      key: `${nameOf(number)}/${formatFileName({ ...inc, ...times, ...flags })}`,
      bytes: 600,
      at,
    };
  }
}
