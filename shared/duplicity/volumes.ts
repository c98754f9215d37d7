// The volumes of one set: which are there, how big, and since when; and one text over all its files, to be hashed.
import type { Instant } from './time.ts';
import { otherBytesAt, type StoredObject } from './versions.ts';

/** The volumes of one set, summed up; numbers start at 1. */
export type Volumes = {
  readonly count: number;
  readonly bytes: number;
  /** Numbers absent from 1 to the highest; at most 1,000 of them. */
  readonly missing: readonly number[];
  readonly empty: readonly number[];
  /** Numbers there under more than one name: duplicity crashes on them. */
  readonly doubled: readonly number[];
  /** Not the last, not empty, and under half of the median of the others: duplicity cuts volumes to one size. */
  readonly odd: readonly number[];
  /** The median of all but the last; from two volumes on. */
  readonly usualBytes: number | undefined;
  readonly lastBytes: number;
  readonly firstAt: Instant | undefined;
  readonly lastAt: Instant | undefined;
};

/** One object that holds a volume. */
export type VolumeFile = { readonly bytes: number; readonly at: Instant };

/** So many that lack are named; there may be more. */
export const MISSING_SHOWN = 1000;

/** Sums up the files of each volume number; duplicity crashes on a number with two. */
export function sumUp(volumes: Map<number, VolumeFile[]>): Volumes {
  const numbers = [...volumes.keys()].sort((a, b) => a - b);
  const members = [...volumes.values()].flat();
  const numbersWhere = (test: (members: VolumeFile[]) => boolean) =>
    numbers.filter((number) => test(volumes.get(number) ?? []));
  const bytesOf = (number: number) => Math.max(...(volumes.get(number) ?? []).map((m) => m.bytes));
  const sizes = numbers.map(bytesOf);
  const others = sizes.slice(0, -1);
  const medianOfOthers = mediansOfOthers(sizes);
  const isOdd = (bytes: number | undefined) =>
    bytes !== undefined && bytes > 0 && bytes * 2 < medianOfOthers(bytes);
  const times = members.map((member) => member.at);
  return {
    count: numbers.length,
    bytes: members.reduce((sum, member) => sum + member.bytes, 0),
    missing: gapsIn(numbers),
    empty: numbersWhere((all) => all.some((member) => member.bytes === 0)),
    doubled: numbersWhere((all) => all.length > 1),
    odd: numbers.filter((_, index) => isOdd(others[index])),
    usualBytes: others.length === 0 ? undefined : median(others),
    lastBytes: sizes.at(-1) ?? 0,
    firstAt: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
    lastAt: times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b)),
  };
}

/** A forged `vol999999999` must not become a list of a thousand million numbers. */
function gapsIn(sorted: readonly number[]): number[] {
  const gaps: number[] = [];
  let expected = 1;
  for (const number of sorted) {
    for (; expected < number && gaps.length < MISSING_SHOWN; expected += 1) gaps.push(expected);
    expected = number + 1;
  }
  return gaps;
}

/** Answers with the median of the values without one of that size; a set may have 100,000 of them. */
function mediansOfOthers(values: readonly number[]): (value: number) => number {
  const sorted = [...values].sort((a, b) => a - b);
  const places = new Map(sorted.map((value, place) => [value, place]));
  const middle = (sorted.length - 1) / 2;
  return (value) => {
    const place = places.get(value) ?? sorted.length;
    const besides = (index: number) => sorted[index < place ? index : index + 1] ?? Number.NaN;
    const upper = besides(Math.floor(middle));
    return Number.isInteger(middle) ? (besides(middle - 1) + upper) / 2 : upper;
  };
}

/** The middle value; of an even count the mean of the two. `NaN` for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** What one set is, file by file; `text` is long, and made to be hashed. */
export type SetText = {
  readonly startedAt: Instant;
  readonly files: number;
  readonly text: string;
};

/**
 * The same for the same files, whatever their order; another one when a file is added, lost, or has another ETag or
 * size. Made of the members of one set as a listing with versions shows them; a file of which no version is known
 * has no fingerprint. The same bytes again, under another version id, are a client's retry: the id counts only where
 * there is no ETag. JSON, so that no name can be mistaken for the parts of another line.
 */
export function fingerprintText(members: readonly StoredObject[]): string | undefined {
  const lines = members.map(({ name, versionId, etag, bytes }) =>
    versionId === undefined ? undefined : JSON.stringify([name, etag ?? versionId, bytes]),
  );
  const known = lines.filter((line) => line !== undefined);
  return known.length < members.length || known.length === 0 ? undefined : known.sort().join('\n');
}

/** `volume` is `undefined` for a manifest. */
export type Member = { readonly object: StoredObject; readonly volume: number | undefined };

/** A file that got other bytes. */
export type Rewrite = { readonly name: string; readonly at: Instant };

/**
 * A resumed run writes its last volume again, and the manifest once; with `--concurrency` each volume from the one before
 * the first gap on, and never volume 1. So a manifest with two different contents is the work of two machines; and so is a
 * volume that got other bytes when a higher one was there, where volume 1 got other bytes, too.
 */
export function findOutOfOrder(members: readonly Member[]): Rewrite[] {
  if (members.every(({ object }) => object.history === undefined)) return [];
  const isBegunTwice = members.some(
    ({ volume, object }) => volume === 1 && otherBytesAt(object.history ?? []).length > 0,
  );
  const found: Rewrite[] = [];
  let higherSince = Number.POSITIVE_INFINITY;
  const downwards = members.toSorted((a, b) => (b.volume ?? 0) - (a.volume ?? 0));
  for (const { object, volume } of downwards) {
    const { name, history = [], firstModifiedAt } = object;
    const since = volume === undefined ? Number.NEGATIVE_INFINITY : higherSince;
    const isOfTwo = volume === undefined || isBegunTwice;
    for (const at of otherBytesAt(history)) if (isOfTwo && at > since) found.push({ name, at });
    higherSince = Math.min(higherSince, firstModifiedAt);
  }
  return found;
}
