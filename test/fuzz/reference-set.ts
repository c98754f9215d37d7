// What a set is by the text of docs/how-it-judges.md: which files it has, what it lacks, and whether it restores.
import type { Host } from '../../shared/config/config.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import type { Fact, Part, Session } from './fact.ts';

export type BackupSet = { readonly session: Session; readonly members: readonly Fact[] };

export const MINUTE = 60_000;

/** All sets, oldest first; of one time the full, and then the one that builds on the older. */
export function setsAmong(facts: readonly Fact[]): BackupSet[] {
  const sets: { session: Session; members: Fact[] }[] = [];
  for (const fact of facts) {
    if (!('of' in fact.means) || fact.means.spelling !== 'written') continue;
    const { of } = fact.means;
    const known = sets.find(
      ({ session }) => session.at === of.at && session.basedOn === of.basedOn,
    );
    if (known === undefined) sets.push({ session: of, members: [fact] });
    else known.members.push(fact);
  }
  return sets.sort(
    ({ session: a }, { session: b }) => a.at - b.at || (a.basedOn ?? 0) - (b.basedOn ?? 0),
  );
}

export function isFull({ session }: BackupSet): boolean {
  return session.basedOn === undefined;
}

/** Nothing speaks against its own files: it is whole, once there, not from the future, and of volumes of one size. */
function isSound(set: BackupSet, there: readonly Fact[]): boolean {
  const isDoubled =
    set.members.some((member) => there.some((other) => sameSlot(member, other))) ||
    there.some((fact) => isOf(fact, set.session) && isSpareChain(fact, there));
  return isWholeAndOnce(set) && !isDoubled && !isAhead(set) && oddIn(set).length === 0;
}

/** The set that keeps another from being restored, and whether it is there at all. */
export type Lack = { readonly at: Instant; readonly isThere: boolean };

/**
 * For which other set duplicity passes over a set, or for itself: two sets of one time; an incremental whose place another
 * one took; what another chain covers; and the last one of the newest chain, if it alone has no signatures.
 */
function passedOverFor(set: BackupSet, sets: readonly BackupSet[]): Instant | undefined {
  const { at, basedOn } = set.session;
  const finished = sets.filter((one) => manifestsOf(one).length > 0);
  const chains: BackupSet[][] = [];
  for (const one of finished) {
    const base = one.session.basedOn;
    if (base === undefined) chains.push([one]);
    else {
      const fits = (last: BackupSet | undefined) =>
        last?.session.at === base || last?.session.basedOn === base;
      const chain = chains.find((members) => fits(members.at(-1)));
      if (chain !== undefined && chain.at(-1)?.session.at !== base) chain.pop();
      chain?.push(one);
    }
  }
  const own = chains.find((members) => members.includes(set));
  const endOf = (members: readonly BackupSet[]) => members.at(-1)?.session.at ?? 0;
  const newestChain = chains.toSorted((a, b) => endOf(a) - endOf(b)).at(-1) ?? [];
  const bare = newestChain.filter((one) => !hasSignatures(one));
  if (bare[0] === set && newestChain.at(-1) === set && newestChain.length > 2) return at;
  if (own !== undefined) {
    const covering = chains.findLast(
      (other) => other !== own && (other[0]?.session.at ?? 0) <= at && at <= endOf(other),
    );
    if (covering !== undefined) return endOf(covering);
  } else if (basedOn !== undefined && finished.includes(set)) {
    const instead = chains.flat().findLast((one) => one.session.basedOn === basedOn);
    if (instead !== undefined) return instead.session.at;
  }
  const isTwin = !isFull(set) && sets.filter((one) => one.session.at === at).length > 1;
  return isTwin ? at : undefined;
}

function hasSignatures(set: BackupSet): boolean {
  return partsOf(set, (part) => part === 'signatures').some(({ bytes }) => bytes > 0);
}

/** What a set builds on and lacks, or for which one it is passed over. */
export function lackOf(
  set: BackupSet,
  sets: readonly BackupSet[],
  there: readonly Fact[],
): Lack | undefined {
  const { at, basedOn } = set.session;
  const instead = passedOverFor(set, sets);
  if (instead !== undefined) return { at: instead, isThere: true };
  if (basedOn === undefined) return undefined;
  const base = sets.find((one) => one.session.at === basedOn && basedOn < at);
  const deeper = base && lackOf(base, sets, there);
  if (deeper !== undefined) return deeper;
  if (base === undefined) return { at: basedOn, isThere: false };
  return isSound(base, there) ? undefined : { at: basedOn, isThere: true };
}

/** The good ones among what the host owes: fulls, and with `chain` incrementals whose whole chain is good. */
export function goodAmong(host: Host, sets: readonly BackupSet[], there: readonly Fact[]) {
  return sets.filter(
    (set) =>
      (isFull(set) || host.chain !== undefined) &&
      isSound(set, there) &&
      (host.chain === undefined || lackOf(set, sets, there) === undefined),
  );
}

export function partsOf({ members }: BackupSet, wanted: (part: Part) => boolean): Fact[] {
  return members.filter(({ means }) => 'of' in means && wanted(means.part));
}

export function volumesOf(set: BackupSet): Fact[] {
  return partsOf(set, (part) => typeof part === 'number');
}

function numbersOf(set: BackupSet): number[] {
  return volumesOf(set)
    .map(({ means }) => means.part as number)
    .sort((a, b) => a - b);
}

export function manifestsOf(set: BackupSet): Fact[] {
  return partsOf(set, (part) => part === 'manifest');
}

/** When its manifest was first written: S3's clock. */
export function writtenAt(set: BackupSet): Instant {
  return Math.max(...manifestsOf(set).map((fact) => fact.firstModifiedAt));
}

/** One manifest that is not empty, and volumes exactly 1 to the highest, each once, none empty. */
export function isWholeAndOnce(set: BackupSet): boolean {
  const numbers = numbersOf(set);
  return (
    manifestsOf(set).length === 1 &&
    numbers.length > 0 &&
    numbers.every((number, place) => number === place + 1) &&
    [...manifestsOf(set), ...volumesOf(set)].every(({ bytes }) => bytes > 0)
  );
}

/** Something of it lacks; a set that is only there twice over lacks nothing. */
export function isBad(set: BackupSet): boolean {
  const numbers = [...new Set(numbersOf(set))];
  return !(
    manifestsOf(set).length > 0 &&
    numbers.length > 0 &&
    numbers.every((number, place) => number === place + 1) &&
    [...manifestsOf(set), ...volumesOf(set)].every(({ bytes }) => bytes > 0)
  );
}

/** What is evidence of an incomplete set: the gaps, the empty volumes, the manifest. */
export function gapsOf(set: BackupSet): string {
  const numbers = numbersOf(set);
  const highest = Math.max(0, ...numbers);
  const missing = Array.from({ length: highest }, (_, place) => place + 1).filter(
    (number) => !numbers.includes(number),
  );
  const empty = new Set(
    volumesOf(set)
      .filter(({ bytes }) => bytes === 0)
      .map(({ means }) => means.part as number),
  );
  const manifests = manifestsOf(set);
  const manifest =
    manifests.length === 0 ? 'absent' : manifests.some((m) => m.bytes === 0) ? 'empty' : 'there';
  return `[${missing}] [${[...empty].sort((a, b) => a - b)}] ${manifest}`;
}

export function newest<S extends BackupSet>(sets: readonly S[]): S | undefined {
  return [...sets].sort((a, b) => a.session.at - b.session.at).at(-1);
}

function isOf({ means }: Fact, { at, basedOn }: Session): boolean {
  return 'of' in means && means.of.at === at && means.of.basedOn === basedOn;
}

/** Signatures of a full of which there are more: a chain each, and two of these end at one time. */
export function isSpareChain({ means }: Fact, there: readonly Fact[]): boolean {
  if (!('of' in means) || means.part !== 'signatures' || means.of.basedOn !== undefined)
    return false;
  const { at } = means.of;
  const sessions = there.flatMap((one) =>
    'of' in one.means && one.means.part === 'signatures' ? one.means.of : [],
  );
  const ends = sessions.filter((one) => one.basedOn === undefined && one.at === at).map(() => at);
  const links = sessions.filter((one) => one.basedOn !== undefined);
  for (const { at: end, basedOn } of links.sort((a, b) => (a.basedOn ?? 0) - (b.basedOn ?? 0))) {
    const nth = ends.indexOf(basedOn ?? Number.NaN);
    if (nth >= 0) ends.splice(nth, 1, end);
  }
  return ends.some((end, nth) => ends.indexOf(end) !== nth);
}

/** A second spelling of a volume or manifest kills duplicity. */
export function sameSlot(a: Fact, b: Fact): boolean {
  if (a === b || !('of' in a.means) || !('of' in b.means)) return false;
  return (
    a.means.part === b.means.part &&
    a.means.part !== 'signatures' &&
    a.means.of.at === b.means.of.at &&
    a.means.of.basedOn === b.means.of.basedOn
  );
}

export function bytesOf({ members }: BackupSet): number {
  return members.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  while (sorted.length > 2) {
    sorted.pop();
    sorted.shift();
  }
  return sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
}

/** The bytes of each volume, by its number. */
export function sizesOf(set: BackupSet): number[] {
  const numbers = [...new Set(numbersOf(set))];
  return numbers.map((number) =>
    Math.max(...volumesOf(set).flatMap(({ means, bytes }) => (means.part === number ? bytes : []))),
  );
}

/** A file of it was there over five minutes before the time in its name. */
export function isAhead({ session, members }: BackupSet): boolean {
  return members.some((fact) => session.at - fact.firstModifiedAt > 5 * MINUTE);
}

/** The volumes under half of the middle of the others; never the last, and none that is empty. */
export function oddIn(set: BackupSet): number[] {
  const sizes = sizesOf(set);
  const numbers = [...new Set(numbersOf(set))];
  return numbers.filter((_, place) => {
    const others = sizes.filter((_size, other) => other !== place);
    const size = sizes[place] ?? 0;
    return place < sizes.length - 1 && size > 0 && size < middleOf(others) / 2;
  });
}

/** A volume is there, and a file came within an hour; where its manifest did not come last, three times the longest gap of this set or of the last good one are enough. */
export function isArriving(set: BackupSet, lastGood: BackupSet | undefined, now: Instant): boolean {
  const gapOf = ({ members }: BackupSet) => {
    const times = members.map(({ modifiedAt }) => modifiedAt).sort((a, b) => a - b);
    return Math.max(0, ...times.slice(1).map((at, place) => at - (times[place] ?? at)));
  };
  const longest = Math.max(gapOf(set), lastGood === undefined ? 0 : gapOf(lastGood));
  const latest = Math.max(...set.members.map(({ modifiedAt }) => modifiedAt));
  const isLast = manifestsOf(set).length > 0 && writtenAt(set) >= latest;
  const gap = isLast ? 0 : longest;
  return (
    volumesOf(set).length > 0 &&
    !isWholeAndOnce(set) &&
    latest >= now - Math.max(60 * MINUTE, 3 * gap)
  );
}
