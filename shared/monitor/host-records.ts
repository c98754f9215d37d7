// What runs remember of hosts: a page of records is read once a run, and written by it when something is new.

import pMap from 'p-map';
import { doOverlap, type Host, pagesOf, shardIndexOf } from '../config/config.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { placeOf } from '../rules/fingerprints.ts';
import type { HostMemory, HostRecord, RecordNews } from '../rules/record.ts';
import { openEarlierFulls } from './earlier-version.ts';
import {
  addNews,
  formatRecords,
  parseRecords,
  RECORDS,
  type RecordPage,
  readRecordPage,
  recordPage,
} from './record-page.ts';
import {
  REPORTS,
  RecordConflictError,
  RecordError,
  type RecordStore,
  rewritePage,
} from './state.ts';

export type HostRecords = HostMemory & {
  /** Works on the hosts of one page after the other; each page is written and dropped when its work is done. */
  readonly forEachPage: (
    hosts: readonly Host[],
    work: (hosts: readonly Host[]) => Promise<void>,
  ) => Promise<void>;
  /** All that was learned is written; asked when it is closed. */
  readonly isKept: () => boolean;
};

const AHEAD_MS = DAY;
const FORGOTTEN_MS = 400 * DAY;
// While one is written, the hosts of the next are judged.
const PAGES_AT_ONCE = 2;

type Page = RecordPage & {
  readonly tag: string | undefined;
  readonly isSpoiled: boolean;
  /** What lay elsewhere, and there on pages of another cut; `undefined` until it is looked for. */
  elsewhere?: Promise<Elsewhere | undefined>;
};
type Elsewhere = {
  readonly moved: ReadonlyMap<string, HostRecord>;
  readonly from: readonly string[];
};
const NOWHERE: Elsewhere = { moved: new Map(), from: [] };

/** Starts the memory of one run, for a config of so many hosts. */
export function openHostRecords(records: RecordStore, hosts: number, now: Instant): HostRecords {
  const of = pagesOf(hosts);
  const indexOf = (place: string) => shardIndexOf(place, of);
  const open = new Map<number, Promise<Page | undefined>>();
  const learned = new Map<number, Map<string, RecordNews>>();
  const warnings = new Set<string>();
  const earlierFulls = openEarlierFulls(records, now);
  let names: Promise<string[]> | undefined;
  let isKept = true;

  async function unlessOut<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      warnings.add(`no memory of earlier backups: ${error.message}`);
      isKept = false;
      return undefined;
    }
  }

  async function read(name: string): Promise<Page> {
    const { text, tag } = await records.read(name);
    const page = text === undefined ? { hosts: new Map<string, HostRecord>() } : parseRecords(text);
    if (page === undefined) {
      warnings.add(`the records of hosts in ${name} are not what a run wrote, and start again`);
    }
    const all = [...(page?.hosts ?? [])];
    const hosts = new Map(all.filter(([, host]) => seenAt(host) <= now + AHEAD_MS));
    const ahead = all.length - hosts.size;
    if (ahead > 0) {
      warnings.add(`${ahead} records of hosts in ${name} are from the future, and start again`);
    }
    return { ...page, tag, hosts, isSpoiled: page === undefined || ahead > 0 };
  }

  /**
   * A host without a record lay on a page of before the config grew or shrank, or is new. Where nothing is found for a
   * whole page, the reports tell whether there ever was one.
   */
  async function search(index: number, { tag, hosts }: Page): Promise<Elsewhere> {
    const shard = { index, of };
    const moved = new Map<string, HostRecord>();
    const take = (place: string, host: HostRecord) => {
      if (indexOf(place) === index && !hosts.has(place)) moved.set(place, host);
    };
    names ??= records.list(RECORDS);
    const from = (await names).filter((name) => {
      const cut = readRecordPage(name);
      return cut !== undefined && cut.of !== of && doOverlap(cut, shard);
    });
    for (const name of from) {
      for (const [place, host] of (await read(name)).hosts) take(place, host);
    }
    if (tag !== undefined || from.length > 0) return { moved, from };
    const { fulls, spoiled } = await earlierFulls(shard);
    for (const [place, own] of Map.groupBy(fulls, (full) => full.place)) {
      take(place, addNews(place, {}, { fulls: own }));
    }
    if (spoiled > 0) {
      warnings.add(`${spoiled} pages of fingerprints in the state bucket are not what a run wrote`);
    }
    if (fulls.length === 0 && (await records.list(REPORTS)).length > 0) {
      warnings.add(`the records of hosts in ${recordPage(shard)} are lost, and start again`);
    }
    return { moved, from };
  }

  /** What is remembered, with these hosts; `undefined` where the state bucket is out of reach: it is not written then. */
  async function openPage(index: number, places: Iterable<string>) {
    const opening = open.get(index) ?? unlessOut(() => read(recordPage({ index, of })));
    open.set(index, opening);
    const page = await opening;
    if (page === undefined) return undefined;
    const isThere = [...places].every((place) => page.hosts.has(place));
    if (!isThere) page.elsewhere ??= unlessOut(() => search(index, page));
    const elsewhere = isThere ? NOWHERE : await page.elsewhere;
    return elsewhere && { page, ...elsewhere };
  }

  /** Makes a change to what is there, as often as another run comes in between; it answers whether that is written. */
  async function rewrite(
    name: string,
    first: Page | undefined,
    change: (hosts: Map<string, HostRecord>) => boolean,
  ): Promise<boolean> {
    try {
      const format = ({ hosts, isSpoiled, warning }: Page) => {
        const next = new Map(hosts);
        if (!change(next) && !isSpoiled) return undefined;
        const own = warnings.size > 0 ? { at: now, says: [...warnings].join('; ') } : warning;
        return formatRecords({ hosts: next, warning: own });
      };
      await rewritePage(records, name, () => read(name), format, first);
      return true;
    } catch (error) {
      if (!(error instanceof RecordError || error instanceof RecordConflictError)) throw error;
      warnings.add(`what was seen of new backups is not remembered: ${error.message}`);
      isKept = false;
      return false;
    }
  }

  async function finish(index: number): Promise<void> {
    const news = learned.get(index) ?? new Map<string, RecordNews>();
    const read = news.size > 0 || open.has(index) ? await openPage(index, news.keys()) : undefined;
    open.delete(index);
    learned.delete(index);
    if (read === undefined) return;
    const { page, moved, from } = read;
    const isWritten = await rewrite(recordPage({ index, of }), page, (there) => {
      for (const [place, host] of there) {
        if (seenAt(host) <= now - FORGOTTEN_MS) there.delete(place);
      }
      for (const [place, host] of moved) if (!there.has(place)) there.set(place, host);
      let isNew = false;
      for (const [place, more] of news) {
        const known = page.hosts.get(place) ?? moved.get(place);
        const base = there.get(place);
        const record = addNews(place, { base: base ?? known, known }, more);
        // Each is long: it is compared only where nothing shorter differs.
        isNew ||=
          record.judgedAt !== base?.judgedAt || JSON.stringify(record) !== JSON.stringify(base);
        there.set(place, record);
      }
      return isNew;
    });
    if (!isWritten || news.size === 0) return;
    // Else the config that shrinks again would find them there as they were before it grew.
    for (const name of from) {
      await rewrite(name, undefined, (there) => {
        const gone = [...there.keys()].filter((place) => indexOf(place) === index);
        return gone.filter((place) => there.delete(place)).length > 0;
      });
    }
  }

  function learn(host: Host, news: RecordNews): void {
    const place = placeOf(host);
    const page = learned.get(indexOf(place)) ?? new Map<string, RecordNews>();
    learned.set(indexOf(place), page.set(place, joinNews(page.get(place), news)));
  }

  async function find(host: Host) {
    const place = placeOf(host);
    const found = await openPage(indexOf(place), [place]);
    return found && { record: found.page.hosts.get(place) ?? found.moved.get(place) };
  }

  return {
    recall: async (host) => (await find(host))?.record,
    knownSince: async (host) => {
      const found = await find(host);
      if (found === undefined || found.record !== undefined || warnings.size > 0) {
        return found?.record?.knownSince;
      }
      learn(host, { knownSince: now });
      return now;
    },
    learn,
    forEachPage: async (hosts, work) => {
      const pages = Map.groupBy(hosts, (host) => indexOf(placeOf(host)));
      await pMap(
        pages,
        async ([index, own]) => {
          await work(own);
          await finish(index);
        },
        { concurrency: PAGES_AT_ONCE },
      );
    },
    close: async () => {
      const pages = new Set([...open.keys(), ...learned.keys()]);
      await pMap(pages, finish, { concurrency: PAGES_AT_ONCE });
      return warnings.size > 0 ? [...warnings].join('; ') : undefined;
    },
    isKept: () => isKept,
  };
}

/** When a run last had to do with it. */
function seenAt({ listedAt = 0, judgedAt = 0, fulls, keeps, changes }: HostRecord): Instant {
  const noted = [fulls[0]?.sealedAt, keeps.at(-1)?.from, changes[0]?.at];
  return Math.max(listedAt, judgedAt, ...noted.map((at = 0) => at));
}

/** What one run has seen of a host in two steps. */
function joinNews(before: RecordNews | undefined, news: RecordNews): RecordNews {
  if (before === undefined) return news;
  return {
    ...before,
    ...news,
    fulls: [...(before.fulls ?? []), ...(news.fulls ?? [])],
    changes: [...(before.changes ?? []), ...(news.changes ?? [])],
  };
}
