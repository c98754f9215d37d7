// What runs remember of finished fulls: read once a run and only when a host is judged, added to by one page at its
// end.

import * as v from 'valibot';
import { doOverlap, type Host, type Shard, shardIndexOf } from '../config/config.ts';
import { count, maybe, readJson, type Schema } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Fingerprint, mergeFingerprints, placeOf } from '../rules/fingerprints.ts';
import { RecordConflictError, RecordError, type RecordStore } from './state.ts';

/** The memory of one run. */
export type SetMemory = {
  /** The fingerprints of a host's fulls, newest first; none when the state bucket is out of reach. */
  readonly recall: (host: Host) => Promise<readonly Fingerprint[]>;
  readonly learn: (fingerprints: readonly Fingerprint[]) => void;
  /** Keeps what was learned. Answers what was wrong with the memory; it is never a reason not to check. */
  readonly close: () => Promise<string | undefined>;
};

const DAY = 86_400_000;
const DAYS_READ = 40;
const PAGES_READ = 4000;
const PAGES_AT_ONCE = 8;
/** Thirty to compare a size with, and the one that is compared. */
const FINGERPRINTS_KEPT = 31;

/**
 * Starts the memory of these hosts, of a config that is cut into so many shards, for the run of an instant: a run that
 * is made again finds its own pages, and leaves them as they are.
 */
export function startRemembering(
  records: RecordStore,
  until: Instant,
  hosts: readonly Host[],
  shards = 1,
): SetMemory {
  const learned: Fingerprint[] = [];
  let reading: Promise<Read> | undefined;
  return {
    recall: async (host) => {
      reading ??= readFingerprints(records, until, hosts.map(placeOf), shards);
      return (await reading).seals.get(placeOf(host)) ?? [];
    },
    learn: (fingerprints) => learned.push(...fingerprints),
    close: async () => {
      const { warning } = (await reading) ?? {};
      if (learned.length === 0 || warning?.unreadable) return warning?.text;
      const byShard = Map.groupBy(learned, ({ place }) => shardIndexOf(place, shards));
      const kept = [...byShard].map(([index, fingerprints]) =>
        keepFingerprints(records, fingerprintPage(until, { index, of: shards }), fingerprints),
      );
      return (await Promise.all(kept)).find((lost) => lost !== undefined) ?? warning?.text;
    },
  };
}

type Read = {
  readonly seals: ReadonlyMap<string, readonly Fingerprint[]>;
  readonly warning?: { readonly text: string; readonly unreadable: boolean };
};

/**
 * A few pages at a time, as those of 10,000 hosts are big; the oldest first, as the first fingerprint of a full counts.
 */
async function readFingerprints(
  records: RecordStore,
  until: Instant,
  asked: readonly string[],
  of: number,
): Promise<Read> {
  const places = new Map<string, Fingerprint[]>(asked.map((place) => [place, []]));
  const indices = [...new Set(asked.map((place) => shardIndexOf(place, of)))];
  const isAsked = (page: string) => {
    const read = readFingerprintPage(page);
    if (read === undefined || read.at <= until - DAYS_READ * DAY) return false;
    return indices.some((index) => doOverlap(read, { index, of }));
  };
  let spoiled = 0;
  try {
    const pages = (await records.list(FINGERPRINTS))
      .filter(isAsked)
      .slice(-PAGES_READ * indices.length);
    for (let from = 0; from < pages.length; from += PAGES_AT_ONCE) {
      const batch = pages.slice(from, from + PAGES_AT_ONCE);
      for (const { text } of await Promise.all(batch.map(records.read))) {
        const fingerprints = parseFingerprints(text ?? '');
        if (fingerprints === undefined) spoiled += 1;
        for (const fingerprint of fingerprints ?? []) addFingerprint(places, fingerprint);
      }
    }
    if (spoiled === 0) return { seals: places };
    const text = `${spoiled} of ${pages.length} pages of records in the state bucket are not what a run wrote`;
    return { seals: places, warning: { text, unreadable: false } };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    const text = `no memory of earlier backups: ${error.message}`;
    return { seals: new Map(), warning: { text, unreadable: true } };
  }
}

/** Newest first; of a host no more fulls than a size is compared with, and only of the newest who can open it. */
function addFingerprint(
  places: ReadonlyMap<string, Fingerprint[]>,
  fingerprint: Fingerprint,
): void {
  const fulls = places.get(fingerprint.place);
  if (fulls === undefined) return;
  const found = fulls.findIndex(({ startedAt }) => startedAt <= fingerprint.startedAt);
  const index = found < 0 ? fulls.length : found;
  const known = fulls[index]?.startedAt === fingerprint.startedAt ? fulls[index] : undefined;
  fulls.splice(index, known === undefined ? 0 : 1, mergeFingerprints(known, fingerprint));
  const behind = Math.max(index, 1);
  const older = fulls[behind];
  if (older?.opened !== undefined) fulls[behind] = { ...older, opened: undefined };
  if (fulls.length > FINGERPRINTS_KEPT) fulls.pop();
}

async function keepFingerprints(
  records: RecordStore,
  page: string,
  fingerprints: readonly Fingerprint[],
): Promise<string | undefined> {
  try {
    await records.write(page, formatFingerprints(fingerprints), undefined);
    return undefined;
  } catch (error) {
    // Another run of this tick has seen the same.
    if (error instanceof RecordConflictError) return undefined;
    if (!(error instanceof RecordError)) throw error;
    return `what was seen of new backups is not remembered: ${error.message}`;
  }
}

/** All pages of fingerprints begin so. */
export const FINGERPRINTS = 'seals/';

/** What is remembered of a file's own bytes. */
export const openedFile = v.object({
  name: v.string(),
  reads: v.picklist(['openpgp', 'short', 'gzip', 'tar', 'text', 'empty', 'other']),
  ...{ recipients: v.array(v.pipe(v.string(), v.regex(/^[0-9A-F]{16}$/))), symmetric: count },
  ending: v.exactOptional(v.picklist(['whole', 'truncated', 'cannot tell'])),
});
const fingerprint: Schema<Fingerprint> = v.object({
  ...{ place: v.string(), startedAt: count, sealedAt: count, firstWriteAt: count },
  ...{ files: count, bytes: count, hash: maybe(v.pipe(v.string(), v.regex(/^[\w-]{22}$/))) },
  opened: maybe(v.array(openedFile)),
});
const page = v.object({ version: v.literal(1), seals: v.array(fingerprint) });

/**
 * `seals/2026/11/23T081500Z.json`, by the run's own instant; of a config that is cut, `23T081500Z.3of32.json`, so that
 * a worker that judges a shard reads and writes no more than that.
 */
export function fingerprintPage(at: Instant, { index, of }: Shard = { index: 0, of: 1 }): string {
  const [date = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T');
  const shard = of === 1 ? '' : `.${index}of${of}`;
  return `${FINGERPRINTS}${date.replaceAll('-', '/')}T${time.replaceAll(':', '')}Z${shard}.json`;
}

/** The inverse; `undefined` for any other name. */
export function readFingerprintPage(page: string): (Shard & { readonly at: Instant }) | undefined {
  const match =
    /^seals\/(\d{4})\/(\d\d)\/(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:\.(\d+)of(\d+))?\.json$/.exec(page);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, index = '0', of = '1'] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(at) ? undefined : { at, index: Number(index), of: Number(of) };
}

/** Version 1; instants are milliseconds since 1970. */
export function formatFingerprints(fingerprints: readonly Fingerprint[]): string {
  return `${JSON.stringify({ version: 1, seals: fingerprints })}\n`;
}

/** The inverse; `undefined` for anything that `formatSeals` does not write. Never throws. */
export function parseFingerprints(text: string): readonly Fingerprint[] | undefined {
  return readJson(page, text)?.seals;
}
