// A fleet of hosts with their buckets: what each holds, by which config, and what every monitor ought to say of it.
import type { FindingKind } from '../../shared/rules/finding.ts';
import { formatFileName } from '../support/format-file-name.ts';

/** How many hosts, with how many fulls of how many volumes each; `bad` = one host in so many, 10 unless told. */
export type Fleet = {
  readonly hosts: number;
  readonly days: number;
  readonly volumes: number;
  readonly bad?: number;
  /** In how many groups their windows close, five minutes apart, at most 50; one unless told. */
  readonly dueTimes?: number;
};

/** The bucket that the bench fills, and the one of the state. */
export const BUCKET = 'bench';
export const STATE_BUCKET = 'bench-ledger';

const DAY = 86_400_000;
const STEP = 300_000;

/** 08:15 in Amsterdam: the windows close, and the digest is due. The same instant of the day before made the records. */
export const NOW = Date.parse('2026-11-23T07:15:00Z');
export const EVE = NOW - DAY;
export const REPORT = 'reports/2026/11/23.json';

const VOLUME = 209_715_200;
const LAST_VOLUME = 12_000_000;
const SIGNATURES = 4_000_000;
const MANIFEST = 2_400;
const TODAY = Date.parse('2026-11-23T02:00:00Z');

/** In turns. Of what peers can see, and of what they cannot: a set that was overwritten after it was finished. */
const WAYS = [
  { kind: 'missing', way: 'no set' },
  { kind: 'incomplete', way: 'a volume' },
  { kind: 'incomplete', way: 'the manifest' },
  { kind: 'incremental', way: 'an increment' },
  { kind: 'tampered', way: 'overwritten' },
] as const satisfies readonly { kind: FindingKind; way: string }[];

/** How the host with this number is bad; `undefined` for a good one. One that is alone is good. */
export function faultOf(number: number, { hosts, bad = 10 }: Fleet) {
  if (hosts === 1 || number % bad !== Math.floor(bad / 2)) return undefined;
  return WAYS[Math.floor(number / bad) % WAYS.length];
}

/** One good host and one of each way to be bad, where the fleet has as many. */
export function sampleOf(fleet: Fleet): number[] {
  const bad = Array.from({ length: fleet.hosts }, (_, number) => number).filter((number) =>
    faultOf(number, fleet),
  );
  return [0, ...bad.slice(0, WAYS.length)];
}

/** `host-00007`: the name and the prefix of a host. */
export function nameOf(number: number): string {
  return `host-${String(number).padStart(5, '0')}`;
}

/** hosts.yml of the fleet. */
export function configTextOf({ hosts, dueTimes = 1 }: Fleet): string {
  const dueOf = (number: number) => {
    const at = new Date(NOW + 3_600_000 - (number % dueTimes) * STEP);
    return at.toISOString().slice(11, 16);
  };
  const names = Array.from({ length: hosts }, (_, number) =>
    dueTimes === 1
      ? `  ${nameOf(number)}: {}`
      : `  ${nameOf(number)}: { window: { due: "${dueOf(number)}" } }`,
  );
  return `bucket: ${BUCKET}
region: eu-west-1
timezone: Europe/Amsterdam
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts:
${names.join('\n')}
`;
}

/** Every object of a host: its key, bytes, and when it was written; so many days later than the fleet's. */
export function* objectsOf(
  number: number,
  fleet: Fleet,
  dayOfLife = 0,
): Generator<{ key: string; bytes: number; at: number }> {
  const { days, volumes } = fleet;
  const way = faultOf(number, fleet)?.way;
  const startOf = (back: number) => TODAY + (dayOfLife - back) * DAY + (number % 60) * 1000;
  const flags = { encrypted: true, compressed: false, partial: false };
  for (let back = days - 1; back >= 0; back -= 1) {
    const isToday = back === 0;
    if (isToday && way === 'no set') continue;
    const time = startOf(back);
    const name = { type: 'full', manifest: false, volume: undefined, time, ...flags } as const;
    const span = { start: undefined, end: undefined };
    const object = (of: object, bytes: number, minutes: number) => ({
      key: `${nameOf(number)}/${formatFileName({ ...name, ...span, ...of })}`,
      bytes,
      at: time + minutes * 60_000,
    });
    for (let volume = 1; volume <= volumes; volume += 1) {
      if (isToday && way === 'a volume' && volume === Math.ceil(volumes / 2)) continue;
      yield object({ volume }, volume === volumes ? LAST_VOLUME : VOLUME, 1);
    }
    yield object({ type: 'full-sig' }, SIGNATURES, 12);
    if (!isToday || way !== 'the manifest') yield object({ manifest: true }, MANIFEST, 13);
    if (isToday && way === 'overwritten') yield object({ volume: 1 }, VOLUME, 120);
  }
  if (way === 'an increment') {
    const times = { start: startOf(0), end: TODAY + 3_600_000 };
    const name = { type: 'inc', manifest: true, volume: undefined, time: undefined } as const;
    const key = `${nameOf(number)}/${formatFileName({ ...name, ...times, ...flags })}`;
    yield { key, bytes: 600, at: TODAY + 3_660_000 };
  }
}
