// The backup sets in a target: which files each session of duplicity left, and whether it finished.
import { type FileName, type FilePrefix, readFileName } from './file-name.ts';
import type { Instant } from './time.ts';

/** One object in a target, by its file name (the key minus the target's prefix). */
export type StoredObject = {
  readonly name: string;
  readonly bytes: number;
  /** LastModified of the version that a GET would answer. */
  readonly modifiedAt: Instant;
  /** LastModified of the oldest version still there; the same as `modifiedAt` where none was listed. */
  readonly firstModifiedAt: Instant;
};

/** What was read of a target: its objects, and the names cut at `.vol` whose volumes were not read. */
export type Listing = {
  readonly objects: readonly StoredObject[];
  readonly volumeStems: readonly string[];
};

/** The volumes of one set, summed up; numbers start at 1. */
export type Volumes = {
  readonly count: number;
  readonly bytes: number;
  /** Numbers absent from 1 to the highest; at most 1,000 of them. */
  readonly missing: readonly number[];
  readonly empty: readonly number[];
  /** Numbers there under more than one name: duplicity dies of them. */
  readonly doubled: readonly number[];
  /** The last volume's bytes over the median of the others; from three volumes on. */
  readonly lastShare: number | undefined;
  readonly firstAt: Instant | undefined;
  readonly lastAt: Instant | undefined;
};

/** The manifest of one set; of several (poison) the smallest, and the latest written. */
export type Manifest = {
  readonly bytes: number;
  /** LastModified of its first version: S3's clock. */
  readonly writtenAt: Instant;
  readonly copies: number;
};

/** What one session of duplicity wrote. */
export type BackupSet = {
  readonly type: 'full' | 'inc';
  /** When the session began, by the host's clock: the time in the name, of an `inc` its end time. */
  readonly startedAt: Instant;
  /** The time of the set that an `inc` builds on. */
  readonly basedOn: Instant | undefined;
  /** `undefined`: this listing did not read them, only the names in `unreadStems`. */
  readonly volumes: Volumes | undefined;
  /** The volumes' names cut at `.vol`, where the listing cut them there. */
  readonly unreadStems: readonly string[];
  readonly manifest: Manifest | undefined;
  readonly hasSignatures: boolean;
  /** All that was read of it: volumes, manifest and signatures. */
  readonly bytes: number;
  /** Every file of it says so by its name. */
  readonly encrypted: boolean;
  /** The newest write to any of its files, by S3's clock; -Infinity where none was read. */
  readonly lastWriteAt: Instant;
  /** The first of its file names, as evidence. */
  readonly sample: string;
  /** The file names of its manifest and first volume, if encrypted: who can open them can open all. */
  readonly openers: readonly string[];
};

/** Names that make duplicity itself die on this target. */
export type Poison = { readonly names: readonly string[]; readonly why: 'lethal' | 'twice' };

/** All that a target holds, put in order; the order of the listing makes no difference. */
export type Collection = {
  /** Oldest first by `startedAt`. */
  readonly sets: readonly BackupSet[];
  readonly poison: readonly Poison[];
  /** Files of duplicity's that are not encrypted by their names. */
  readonly unencrypted: readonly string[];
  /** Names that duplicity never writes, tolerated spellings among them. */
  readonly foreign: readonly string[];
};

const MISSING_SHOWN = 1000;

/**
 * Complete = one manifest that is not empty, and volumes exactly 1..highest, each once, none empty.
 * `undefined` where the volumes were not read. The number of the last volume is inside the encrypted
 * manifest: a lost tail cannot be seen here.
 */
export function isComplete(set: BackupSet): boolean | undefined {
  if (set.manifest?.copies !== 1) return false;
  return isWhole(set) && (set.volumes === undefined ? undefined : set.volumes.doubled.length === 0);
}

/** Nothing of it is missing, but some of it is there under two names. */
export function isOnlyDoubled(set: BackupSet): boolean {
  return isComplete(set) === false && isWhole(set);
}

function isWhole({ manifest, volumes }: BackupSet): boolean {
  if (manifest === undefined || manifest.bytes === 0) return false;
  if (volumes === undefined) return true;
  return volumes.count > 0 && volumes.missing.length + volumes.empty.length === 0;
}

/** When its manifest was written, by S3's clock: the moment at which the session was done. */
export function completedAt(set: BackupSet): Instant | undefined {
  return isComplete(set) === true ? set.manifest?.writtenAt : undefined;
}

/** The listing as it was at an instant, as far as it can tell: what was first written later is left out. */
export function asOf(listing: Listing, at: Instant): Listing {
  return { ...listing, objects: listing.objects.filter((object) => object.firstModifiedAt <= at) };
}

/** Sorts a listing into sets. Only spellings that duplicity writes become members of a set. */
export function collectSets(listing: Listing, prefix: FilePrefix): Collection {
  const drafts = new Map<string, Draft>();
  const readers = new Map<string, string[]>();
  const poison: Poison[] = [];
  const unencrypted: string[] = [];
  const foreign: string[] = [];

  for (const object of listing.objects) {
    const reading = readFileName(object.name, prefix);
    if (reading.kind === 'statistics') continue;
    if (reading.kind === 'lethal') poison.push({ names: [object.name], why: 'lethal' });
    else if (reading.kind === 'foreign') foreign.push(object.name);
    else {
      noteReader(readers, reading.name, object.name);
      if (reading.kind === 'tolerated') foreign.push(object.name);
      else {
        if (!reading.name.encrypted) unencrypted.push(object.name);
        if (!reading.name.partial)
          addMember(draftOf(drafts, reading.name, object.name), reading.name, object);
      }
    }
  }
  for (const stem of listing.volumeStems) {
    const reading = readFileName(`${stem}1.difftar`, prefix);
    if (reading.kind === 'written') draftOf(drafts, reading.name, stem).unreadStems.push(stem);
    else foreign.push(stem);
    // Two spellings of one time under which volumes lie: both begin with a volume 1.
    if ('name' in reading) noteReader(readers, reading.name, stem);
  }
  for (const names of readers.values()) {
    if (names.length > 1) poison.push({ names: names.sort(), why: 'twice' });
  }
  return {
    sets: [...drafts.values()].map(finishSet).sort(oldestFirst),
    poison: poison.sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1)),
    unencrypted: unencrypted.sort(),
    foreign: foreign.sort(),
  };
}

function oldestFirst(a: BackupSet, b: BackupSet): number {
  return a.startedAt - b.startedAt || (a.basedOn ?? 0) - (b.basedOn ?? 0);
}

type Member = { bytes: number; at: Instant };

type Draft = {
  type: 'full' | 'inc';
  startedAt: Instant;
  basedOn: Instant | undefined;
  volumes: Map<number, Member[]>;
  manifest: Manifest | undefined;
  hasSignatures: boolean;
  bytes: number;
  encrypted: boolean;
  lastWriteAt: Instant;
  sample: string;
  openers: string[];
  unreadStems: string[];
};

function draftOf(drafts: Map<string, Draft>, name: FileName, sample: string): Draft {
  const id = setId(name);
  const known = drafts.get(id);
  if (known !== undefined) return known;
  const draft: Draft = {
    type: name.end === undefined ? 'full' : 'inc',
    startedAt: name.end ?? name.time ?? 0,
    basedOn: name.start,
    volumes: new Map(),
    manifest: undefined,
    hasSignatures: false,
    bytes: 0,
    encrypted: true,
    lastWriteAt: Number.NEGATIVE_INFINITY,
    sample,
    openers: [],
    unreadStems: [],
  };
  drafts.set(id, draft);
  return draft;
}

function addMember(draft: Draft, name: FileName, object: StoredObject): void {
  draft.bytes += object.bytes;
  draft.encrypted &&= name.encrypted;
  draft.lastWriteAt = Math.max(draft.lastWriteAt, object.modifiedAt);
  if (object.name < draft.sample) draft.sample = object.name;
  if (name.encrypted && (name.manifest || name.volume === 1)) draft.openers.push(object.name);
  if (name.volume !== undefined) {
    const member = { bytes: object.bytes, at: object.modifiedAt };
    draft.volumes.set(name.volume, [...(draft.volumes.get(name.volume) ?? []), member]);
  } else if (name.manifest) {
    const known = draft.manifest;
    draft.manifest = {
      bytes: Math.min(known?.bytes ?? object.bytes, object.bytes),
      writtenAt: Math.max(known?.writtenAt ?? object.firstModifiedAt, object.firstModifiedAt),
      copies: (known?.copies ?? 0) + 1,
    };
  } else draft.hasSignatures = true;
}

function finishSet({ volumes, ...draft }: Draft): BackupSet {
  draft.openers.sort();
  return { ...draft, volumes: draft.unreadStems.length > 0 ? undefined : sumUp(volumes) };
}

function sumUp(volumes: Map<number, Member[]>): Volumes {
  const numbers = [...volumes.keys()].sort((a, b) => a - b);
  const members = [...volumes.values()].flat();
  const numbersWhere = (test: (members: Member[]) => boolean) =>
    numbers.filter((number) => test(volumes.get(number) ?? []));
  const bytesOf = (number: number) => Math.max(...(volumes.get(number) ?? []).map((m) => m.bytes));
  const others = numbers.slice(0, -1).map(bytesOf);
  const last = numbers.at(-1);
  const times = members.map((member) => member.at);
  return {
    count: numbers.length,
    bytes: members.reduce((sum, member) => sum + member.bytes, 0),
    missing: gapsIn(numbers),
    empty: numbersWhere((all) => all.some((member) => member.bytes === 0)),
    doubled: numbersWhere((all) => all.length > 1),
    lastShare:
      last === undefined || others.length < 2 ? undefined : bytesOf(last) / (median(others) || 1),
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

/** The middle value; of an even count the mean of the two. `NaN` for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** duplicity allows one manifest a set and one file a volume, whatever their suffixes, and dies of two. */
function noteReader(readers: Map<string, string[]>, name: FileName, as: string): void {
  const signatures = name.type === 'full-sig' || name.type === 'new-sig';
  const id = setId(name);
  if (signatures || id.includes('NaN')) return;
  const slot = `${id} ${name.volume ?? 'manifest'}`;
  const names = readers.get(slot);
  if (names === undefined) readers.set(slot, [as]);
  else names.push(as);
}

function setId(name: FileName): string {
  return name.end === undefined ? `full ${name.time}` : `inc ${name.start} ${name.end}`;
}
