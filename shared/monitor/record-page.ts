// A page of host records: its name, its text, and what a run's news make of a record.

import * as v from 'valibot';
import type { Shard } from '../config/config.ts';
import { count, isoDate, maybe, readJson, type Schema, texts } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';
import { changeParts } from '../messages/host-report.ts';
import type { Change } from '../rules/finding.ts';
import { type Fingerprint, mergeFingerprints } from '../rules/fingerprints.ts';
import type { Keep, KeepRules } from '../rules/lifecycle.ts';
import { MOST_CHANGES } from '../rules/problem.ts';
import type { HostRecord, RecordNews } from '../rules/record.ts';

/** All pages of records begin so. */
export const RECORDS = 'hosts/';

/** The records of a page, by place, and what was wrong with it when it was last written. */
export type RecordPage = {
  readonly hosts: ReadonlyMap<string, HostRecord>;
  readonly warning?: { readonly at: Instant; readonly says: string } | undefined;
};

/** `hosts/3of16.json`. */
export function recordPage({ index, of }: Shard): string {
  return `${RECORDS}${index}of${of}.json`;
}

/** The inverse; `undefined` for any other name. */
export function readRecordPage(page: string): Shard | undefined {
  const [, index, of] = /^hosts\/(\d{1,9})of(\d{1,9})\.json$/.exec(page) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  return shard.index < shard.of && recordPage(shard) === page ? shard : undefined;
}

const openedFile = v.object({
  name: v.string(),
  reads: v.picklist(['openpgp', 'short', 'gzip', 'tar', 'text', 'empty', 'other']),
  ...{ recipients: v.array(v.pipe(v.string(), v.regex(/^[0-9A-F]{16}$/))), symmetric: count },
  ending: v.exactOptional(v.picklist(['whole', 'truncated', 'cannot tell'])),
});
export const fingerprint: Schema<Fingerprint> = v.object({
  ...{ place: v.string(), startedAt: count, sealedAt: count, firstWriteAt: count },
  ...{ files: count, bytes: count },
  basedOn: v.exactOptional(count),
  hash: maybe(v.pipe(v.string(), v.regex(/^[\w-]{22}$/))),
  opened: maybe(v.array(openedFile)),
  copiedAt: maybe(count),
});
const keep: Schema<Keep> = v.object({
  by: v.picklist(['rules', 'roll']),
  hides: v.array(v.union([v.strictObject({ days: count }), v.strictObject({ date: count })])),
  noncurrentDays: maybe(count),
});
export const change: Schema<Change> = v.object({ ...changeParts, at: count });
const hostRecord: Schema<HostRecord> = v.object({
  ...{ place: v.string(), knownSince: maybe(count), listedAt: maybe(count) },
  excusedUntil: v.exactOptional(isoDate),
  days: v.exactOptional(v.array(count)),
  ...{ unfinished: texts, fulls: v.array(fingerprint) },
  keeps: v.array(v.object({ from: count, keep, keepDays: count })),
  ...{ changes: v.array(change), changeCount: count, watch: texts, judgedAt: maybe(count) },
  report: v.exactOptional(v.unknown()),
});
const storedPage = v.object({
  version: v.literal(2),
  hosts: v.array(hostRecord),
  warning: v.exactOptional(v.object({ at: count, says: v.string() })),
});

/** Version 2; instants are milliseconds since 1970. */
export function formatRecords({ hosts, warning }: RecordPage): string {
  return `${JSON.stringify({ version: 2, hosts: [...hosts.values()], warning })}\n`;
}

/** The inverse; `undefined` for anything that `formatRecords` does not write. Never throws. */
export function parseRecords(text: string): RecordPage | undefined {
  const page = readJson(storedPage, text);
  return page && { ...page, hosts: new Map(page.hosts.map((host) => [host.place, host])) };
}

/** More than four in a row would be compared with. */
const MOST_FULLS = 40;
/** Of a host with chains: three months of nights. */
export const MOST_INCREMENTALS = 100;
const MOST_RULES = 8;
const MOST_UNFINISHED = 100;

/** A record of a host of which nothing is known. */
const nothingOf = (place: string): HostRecord => ({
  ...{ place, knownSince: undefined, listedAt: undefined, unfinished: [], fulls: [], keeps: [] },
  ...{ changes: [], changeCount: 0, watch: [], judgedAt: undefined },
});

type Readings = { readonly base?: HostRecord | undefined; readonly known?: HostRecord | undefined };

/**
 * The record with what a run has seen put on top. `base` is what is there now, `known` what that run had read: where
 * another run has written in between, neither takes anything from the other.
 */
export function addNews(
  place: string,
  { base = nothingOf(place), known = nothingOf(place) }: Readings,
  news: RecordNews,
): HostRecord {
  const isListed = (news.listedAt ?? -1) >= (base.listedAt ?? 0);
  const isJudged = (news.judgedAt ?? -1) >= (base.judgedAt ?? 0);
  const unfinished = isListed && news.unfinished;
  const fresh = newChanges(news.changes ?? [], known.changes);
  const added = newChanges(fresh, base.changes);
  const more = (news.changeCount ?? 0) - known.changeCount - fresh.length;
  return {
    ...base,
    ...(news.knownSince !== undefined && { knownSince: news.knownSince }),
    ...(news.excusedUntil !== undefined && { excusedUntil: news.excusedUntil }),
    ...(news.days !== undefined && { days: news.days }),
    ...(isListed && { listedAt: news.listedAt }),
    ...(unfinished && { unfinished: unfinished.slice(0, MOST_UNFINISHED) }),
    ...(news.fulls?.length && { fulls: addFulls(base.fulls, news.fulls) }),
    keeps: addRules(base.keeps, news.keeps ?? []),
    ...(added.length > 0 && {
      changes: newestChanges([...base.changes, ...added], news.keysKept ?? []),
    }),
    changeCount: base.changeCount + added.length + Math.max(0, more),
    watch: news.watch === undefined ? base.watch : addNames(base.watch, known.watch, news.watch),
    ...(isJudged && { judgedAt: news.judgedAt }),
    ...(isJudged && news.report !== undefined && { report: news.report }),
  };
}

/** Newest first; of two fingerprints of one set the older one counts. */
function addFulls(known: readonly Fingerprint[], more: readonly Fingerprint[]): Fingerprint[] {
  const idOf = ({ startedAt, basedOn }: Fingerprint) => `${basedOn} ${startedAt}`;
  const fulls = new Map(known.map((full) => [idOf(full), full]));
  for (const next of more) {
    const full = fulls.get(idOf(next));
    const isEarlier = full !== undefined && next.sealedAt < full.sealedAt;
    fulls.set(
      idOf(next),
      isEarlier ? mergeFingerprints(next, full) : mergeFingerprints(full, next),
    );
  }
  const newestFirst = [...fulls.values()].sort((a, b) => b.startedAt - a.startedAt);
  const left = { full: MOST_FULLS, inc: MOST_INCREMENTALS };
  return newestFirst.filter(({ basedOn }) => left[basedOn === undefined ? 'full' : 'inc']-- > 0);
}

/** Oldest first, each once; what was read takes the place of what the config alone had said. */
function addRules(known: readonly KeepRules[], more: readonly KeepRules[]): KeepRules[] {
  const textOf = ({ keep, keepDays }: KeepRules) =>
    JSON.stringify([keep.by, keep.hides, keep.noncurrentDays, keepDays]);
  const byId = new Map([...known, ...more].map((one) => [`${one.from} ${textOf(one)}`, one]));
  const datesOf = ({ from, keepDays }: KeepRules) => `${from} ${keepDays}`;
  const read = [...byId.values()].filter(({ keep }) => keep.by === 'rules');
  const areRead = new Set(read.map(datesOf));
  const all = [...byId.values()]
    .filter((one) => one.keep.by === 'rules' || !areRead.has(datesOf(one)))
    .sort((a, b) => a.from - b.from);
  return all
    .filter((one, at) => at === 0 || textOf(one) !== textOf(all[at - 1] as KeepRules))
    .slice(-MOST_RULES);
}

const idOf = ({ what, left, key, at }: Change) => JSON.stringify([what, left, key, at]);

/** Each once, and none of the others. */
export function newChanges(changes: readonly Change[], others: readonly Change[]): Change[] {
  const known = new Set(others.map(idOf));
  const byId = new Map(changes.map((one) => [idOf(one), one]));
  return [...byId].flatMap(([id, one]) => (known.has(id) ? [] : one));
}

/** Newest first: the newest twenty, and of each key that is kept the first that was created and the first removed. */
function newestChanges(changes: readonly Change[], keysKept: readonly string[]): Change[] {
  const kept = new Set(keysKept);
  const first = new Map<string, Change>();
  const sorted = [...changes].sort((a, b) => b.at - a.at);
  for (const one of sorted) if (kept.has(one.key)) first.set(`${one.what} ${one.key}`, one);
  const firsts = new Set(first.values());
  return sorted.filter((one, at) => at < MOST_CHANGES || firsts.has(one));
}

/** What is there now, with what this run added to what it knew and without what it took away. */
function addNames(
  base: readonly string[],
  known: readonly string[],
  ours: readonly string[],
): string[] {
  const [had, have] = [new Set(known), new Set(ours)];
  const left = base.filter((name) => have.has(name) || !had.has(name));
  return [...new Set([...left, ...ours.filter((name) => !had.has(name))])];
}
