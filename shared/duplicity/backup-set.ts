// The backup sets in a target: which files each session of duplicity left, and whether it finished.
import {
  type FileName,
  type FilePrefix,
  findTwice,
  noteReader,
  type Poison,
  type Readers,
  readFileName,
  setIdOf,
  startedAtOf,
} from './file-name.ts';
import type { Instant } from './time.ts';
import {
  collectHistories,
  hasParityOfEach,
  historiesIn,
  type Inconclusive,
  isUnversioned,
  type Listing,
  type Parity,
  type SetHistory,
  type StoredObject,
  uncover,
} from './versions.ts';
import {
  findOutOfOrder,
  fingerprintText,
  type Member,
  type Rewrite,
  type SetText,
  sumUp,
  type VolumeFile,
  type Volumes,
} from './volumes.ts';

/** The manifest of one set; of several (poison) the smallest, and the latest written. */
type Manifest = {
  readonly bytes: number;
  /** LastModified of its first version: S3's clock. */
  readonly writtenAt: Instant;
  readonly copies: number;
  /** Uploaded in parts, and so dated when that was begun: `writtenAt` may be days before it was there. */
  readonly inParts: boolean;
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
  /** Signatures of no bytes are none. */
  readonly hasSignatures: boolean;
  /** The name of a file of signatures that has no bytes, at which duplicity stops. */
  readonly emptySignatures?: string;
  /** All that was read of it: volumes, manifest and signatures. */
  readonly bytes: number;
  /** Every file of it says so by its name. */
  readonly encrypted: boolean;
  /** The oldest and the newest write to any of its files, by S3's clock; infinite where none was read. */
  readonly firstWriteAt: Instant;
  readonly lastWriteAt: Instant;
  /** The first version of the first of its files, by S3's clock. */
  readonly arrivedAt: Instant;
  /** The longest time between one of its files and the next. */
  readonly longestGapMs: number;
  /** What one session of duplicity does not do; see `findOutOfOrder`. */
  readonly outOfOrder: readonly Rewrite[];
  /** Of each of its files that was read and is not in STANDARD. */
  readonly storageClasses: readonly string[];
  /** The first of its file names, as evidence. */
  readonly sample: string;
  /** Its manifest, first and last volume, if encrypted: who can open them can open all. */
  readonly openers: readonly Opener[];
};

/** A file that stands for its whole set; the only volume of a set is its last. */
export type Opener = {
  readonly name: string;
  readonly bytes: number;
  readonly of: 'manifest' | 'first' | 'last';
  readonly storageClass?: string;
};

/** A full of which delete markers hide some file: removing them brings it back. */
export type HiddenFull = {
  /** As it would be without the markers. */
  readonly set: BackupSet;
  /** When the first of its files was hidden. */
  readonly hiddenAt: Instant;
};

/** All that a target holds, put in order; the order of the listing makes no difference. */
export type Collection = {
  /** Oldest first by `startedAt`. */
  readonly sets: readonly BackupSet[];
  readonly poison: readonly Poison[];
  /** Files of duplicity's that are not encrypted by their names. */
  readonly unencrypted: readonly string[];
  /** Names that duplicity never writes, tolerated spellings among them. */
  readonly foreign: readonly string[];
  /** Parity files of `par2+`, where every file of every finished set has one; else they are poison. */
  readonly parity: readonly string[];
  /** The sets of which some file has a history, oldest first. */
  readonly histories: readonly SetHistory[];
  /** Oldest first by `startedAt`. */
  readonly hiddenFulls: readonly HiddenFull[];
  readonly inconclusive: Inconclusive | undefined;
  /** What each set is by its files, where the volumes and versions of all of them are known; oldest first. */
  readonly texts: readonly SetText[];
};

/** Sorts a listing into sets. Only spellings that duplicity writes become members of a set. */
export function collectSets(listing: Listing, prefix: FilePrefix): Collection {
  const drafts = new Map<string, Draft>();
  const readers: Readers = new Map();
  const poison: Poison[] = [];
  const unencrypted: string[] = [];
  const foreign: string[] = [];
  const parity: Parity[] = [];

  for (const object of listing.objects) {
    if (isFolder(object)) continue;
    const reading = readFileName(object.name, prefix);
    if (reading.kind === 'statistics') continue;
    if (reading.kind === 'lethal') poison.push({ names: [object.name], why: 'lethal' });
    else if (reading.kind === 'foreign') foreign.push(object.name);
    else if (reading.kind === 'parity') parity.push({ of: reading.of, file: object.name });
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
    const protecting = readFileName(`${stem}0+1.par2`, prefix);
    if (protecting.kind === 'parity') {
      parity.push({ of: protecting.of, file: stem });
      continue;
    }
    const reading = readFileName(`${stem}1.difftar`, prefix);
    if (reading.kind === 'written') draftOf(drafts, reading.name, stem).unreadStems.push(stem);
    else foreign.push(stem);
    // Two spellings of one time under which volumes lie are taken to begin with a volume 1 each, until they are read.
    if ('name' in reading) noteReader(readers, reading.name, stem);
  }
  poison.push(...findTwice(readers));
  const manifestAt = (id: string) => drafts.get(id)?.manifest?.writtenAt;
  const parityNames = parity.map(({ file }) => file).sort();
  const isOfEach = hasParityOfEach(listing, prefix, parity, manifestAt);
  // Without par2, duplicity takes each for its file once more, and crashes: for one of signatures, too.
  if (parity.length > 0 && !isOfEach) poison.push({ names: parityNames, why: 'parity' });
  const sets = [...drafts.values()].map(finishSet).sort(oldestFirst);
  return {
    sets,
    poison: poison.sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1)),
    unencrypted: unencrypted.sort(),
    foreign: foreign.sort(),
    parity: isOfEach ? parityNames : [],
    histories: collectHistories(historiesIn(listing), prefix, manifestAt),
    hiddenFulls: collectHidden(listing, prefix),
    inconclusive: listing.inconclusive ?? (isUnversioned(listing) ? 'not kept' : undefined),
    texts: textsOf([...drafts.values()].sort(oldestFirst)),
  };
}

/** The console makes a folder by an object of no bytes; the target's own has no name at all. */
function isFolder({ name, bytes }: StoredObject): boolean {
  return bytes === 0 && (name === '' || name.endsWith('/'));
}

/** The fulls of what the listing would be without its newest delete markers. */
function collectHidden(
  { objects, volumeStems, hidden = [] }: Listing,
  prefix: FilePrefix,
): HiddenFull[] {
  if (hidden.length === 0) return [];
  const uncovered = { objects: [...objects, ...hidden.flatMap(uncover)], volumeStems };
  const hiddenAt = new Map<Instant, Instant>();
  for (const { name, history } of hidden) {
    const reading = readFileName(name, prefix);
    const at = history[0]?.at;
    if (reading.kind !== 'written' || at === undefined) continue;
    const { time = 0 } = reading.name;
    hiddenAt.set(time, Math.min(hiddenAt.get(time) ?? at, at));
  }
  return collectSets(uncovered, prefix).sets.flatMap((set) => {
    const at = hiddenAt.get(set.startedAt);
    return set.type === 'full' && at !== undefined ? [{ set, hiddenAt: at }] : [];
  });
}

type Dated = Pick<BackupSet, 'startedAt' | 'basedOn'>;

function oldestFirst(a: Dated, b: Dated): number {
  return a.startedAt - b.startedAt || (a.basedOn ?? 0) - (b.basedOn ?? 0);
}

type Draft = {
  type: 'full' | 'inc';
  startedAt: Instant;
  basedOn: Instant | undefined;
  volumes: Map<number, VolumeFile[]>;
  manifest: Manifest | undefined;
  hasSignatures: boolean;
  emptySignatures?: string;
  bytes: number;
  encrypted: boolean;
  firstWriteAt: Instant;
  lastWriteAt: Instant;
  arrivedAt: Instant;
  writtenAt: Instant[];
  storageClasses: string[];
  sample: string;
  openers: Opener[];
  unreadStems: string[];
  /** The encrypted file with the highest number so far. */
  last: { number: number; opener: Opener } | undefined;
  /** Its volumes and manifests; signatures lie elsewhere in the order of keys, and are not always read with versions. */
  members: Member[];
};

function draftOf(drafts: Map<string, Draft>, name: FileName, sample: string): Draft {
  const id = setIdOf(name);
  const known = drafts.get(id);
  if (known !== undefined) return known;
  const draft: Draft = {
    type: name.end === undefined ? 'full' : 'inc',
    startedAt: startedAtOf(name),
    basedOn: name.start,
    volumes: new Map(),
    manifest: undefined,
    hasSignatures: false,
    bytes: 0,
    encrypted: true,
    firstWriteAt: Number.POSITIVE_INFINITY,
    lastWriteAt: Number.NEGATIVE_INFINITY,
    arrivedAt: Number.POSITIVE_INFINITY,
    writtenAt: [],
    storageClasses: [],
    sample,
    openers: [],
    unreadStems: [],
    last: undefined,
    members: [],
  };
  drafts.set(id, draft);
  return draft;
}

function addMember(draft: Draft, name: FileName, object: StoredObject): void {
  draft.bytes += object.bytes;
  draft.encrypted &&= name.encrypted;
  draft.firstWriteAt = Math.min(draft.firstWriteAt, object.modifiedAt);
  draft.lastWriteAt = Math.max(draft.lastWriteAt, object.modifiedAt);
  draft.arrivedAt = Math.min(draft.arrivedAt, object.firstModifiedAt);
  draft.writtenAt.push(object.modifiedAt);
  if (object.storageClass !== undefined) draft.storageClasses.push(object.storageClass);
  if (object.name < draft.sample) draft.sample = object.name;
  const { volume } = name;
  if (volume !== undefined || name.manifest) draft.members.push({ object, volume });
  if (name.encrypted) noteOpener(draft, name, object);
  if (volume !== undefined) {
    const member = { bytes: object.bytes, at: object.modifiedAt };
    draft.volumes.set(volume, [...(draft.volumes.get(volume) ?? []), member]);
  } else if (name.manifest) {
    const known = draft.manifest;
    draft.manifest = {
      bytes: Math.min(known?.bytes ?? object.bytes, object.bytes),
      writtenAt: Math.max(known?.writtenAt ?? object.firstModifiedAt, object.firstModifiedAt),
      copies: (known?.copies ?? 0) + 1,
      // The ETag of parts is no MD5, but ends in their number.
      inParts: known?.inParts || /-\d+$/.test(object.etag ?? ''),
    };
  } else if (object.bytes > 0) draft.hasSignatures = true;
  else draft.emptySignatures = object.name;
}

/** Of two sets of one time, which duplicity does not write, the full or the first. */
function textsOf(drafts: readonly Draft[]): SetText[] {
  const seen = new Set<Instant>();
  return drafts.flatMap(({ startedAt, members, unreadStems }) => {
    const files = members.map(({ object }) => object);
    const text = unreadStems.length === 0 ? fingerprintText(files) : undefined;
    if (text === undefined || seen.has(startedAt)) return [];
    seen.add(startedAt);
    return [{ startedAt, files: members.length, text }];
  });
}

function noteOpener(draft: Draft, { manifest, volume }: FileName, object: StoredObject): void {
  const { name, bytes, storageClass } = object;
  const opener = { name, bytes, ...(storageClass && { storageClass }) };
  if (manifest) draft.openers.push({ ...opener, of: 'manifest' });
  if (volume === 1) draft.openers.push({ ...opener, of: 'first' });
  if (volume !== undefined && volume > (draft.last?.number ?? 0)) {
    draft.last = { number: volume, opener: { ...opener, of: 'last' } };
  }
}

function finishSet({ volumes, last, members, writtenAt, ...draft }: Draft): BackupSet {
  const openers = draft.openers.filter(({ name }) => name !== last?.opener.name);
  if (last !== undefined) openers.push(last.opener);
  openers.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...draft,
    openers,
    volumes: draft.unreadStems.length > 0 ? undefined : sumUp(volumes),
    longestGapMs: longestGap(writtenAt),
    outOfOrder: findOutOfOrder(members),
  };
}

function longestGap(instants: readonly Instant[]): number {
  const sorted = [...instants].sort((a, b) => a - b);
  return sorted.reduce((gap, at, index) => Math.max(gap, at - (sorted[index - 1] ?? at)), 0);
}

/**
 * Sorts file names by set, and answers with those of one, its manifest first: a set that lost its files in this order
 * never looks whole. Only spellings that duplicity writes are members; their parity goes where they go.
 */
export function membersOf(
  names: readonly string[],
  prefix: FilePrefix,
): (set: BackupSet) => readonly string[] {
  const bySet = new Map<string, { manifests: string[]; others: string[] }>();
  for (const file of names) {
    const reading = readFileName(file, prefix);
    const isFile = reading.kind === 'written' && !reading.name.partial;
    if (!isFile && reading.kind !== 'parity') continue;
    const id = setIdOf(reading.name);
    const members = bySet.get(id) ?? { manifests: [], others: [] };
    bySet.set(id, members);
    (isFile && reading.name.manifest ? members.manifests : members.others).push(file);
  }
  return (set) => {
    const { manifests = [], others = [] } = bySet.get(setIdOfSet(set)) ?? {};
    return [...manifests.sort(), ...others.sort()];
  };
}

/** The same as that of the names of its files. */
export function setIdOfSet({ type, startedAt, basedOn }: BackupSet): string {
  return setIdOf({
    time: type === 'full' ? startedAt : undefined,
    start: basedOn,
    end: type === 'inc' ? startedAt : undefined,
  });
}
