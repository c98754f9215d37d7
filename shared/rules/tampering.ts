// What the versions of finished sets show: overwritten or hidden by somebody, copied in place, or resumed by duplicity itself.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import { readFileName } from '../duplicity/file-name.ts';
import { type Instant, spanOf } from '../duplicity/time.ts';
import {
  type FileHistory,
  isSameSet,
  newestUpload,
  type SetHistory,
  type Upload,
  uploadsOf,
} from '../duplicity/versions.ts';
import {
  type Change,
  type ChangedFull,
  type CopiedSet,
  type EventChanges,
  type Finding,
  type FindingOf,
  showNames,
  type TamperedSet,
} from './finding.ts';
import type { Fingerprint } from './fingerprints.ts';
import { isByLifecycle, type KeepRules } from './lifecycle.ts';
import type { Window } from './window.ts';

/** What is known of sets apart from their versions: `broken` by their fingerprints, and copied in place. */
type Known = {
  readonly broken?: readonly ChangedFull[] | undefined;
  readonly copies?: readonly Pick<SetHistory, 'type' | 'startedAt'>[] | undefined;
  /** Of a delete marker that lifecycle may have made: it was somebody, as an event says. */
  readonly isBySomebody?: (file: string, at: Instant) => boolean;
  /** Of a set's time: of a host with chains, the last good copy is that set, or builds on it. */
  readonly isInChain?: (startedAt: Instant) => boolean;
};

/** The rules that excuse that a set is hidden, by its time. */
export type KeepsOf = (startedAt: Instant) => readonly KeepRules[];

/** duplicity writes the manifest last; uploads that ran at the same time, and clocks, get this long. */
export const SLACK = 5 * 60_000;

/**
 * A finished set changes no more, unless it is among `copies`. Other bytes over five minutes after the first version of
 * its manifest are `tampered`, and so is a delete marker that lifecycle did not make. Other bytes before that are
 * duplicity's own, of a killed run that it `resumed`: a warning on what the newest chain builds on. The same bytes again
 * are a client's retry, and nothing. A set whose fingerprint is `broken` is tampered too, where its versions show nothing.
 */
export function judgeTampering(
  { sets: all, histories, inconclusive }: Collection,
  keepsOf: KeepsOf,
  window: Window,
  { broken = [], copies = [], isBySomebody = () => false, isInChain = () => false }: Known = {},
  byEvents: EventChanges = { removals: [], sets: [] },
): Finding[] {
  const isCopy = (set: SetHistory) => copies.some((one) => isSameSet(one, set));
  const sets = [
    ...histories.flatMap((set) =>
      tamperedSet(set, keepsOf(set.startedAt), isCopy(set), isBySomebody),
    ),
    ...byEvents.sets,
  ];
  const byVersions = new Set(sets.map(({ startedAt }) => startedAt));
  const changed = broken.filter(({ startedAt }) => !byVersions.has(startedAt));
  // What looks resumed in these is the work of two machines.
  const ofTwo = new Set(all.filter((one) => one.outOfOrder.length > 0).map((one) => one.startedAt));
  const recent = histories.filter(
    ({ startedAt, finishedAt = startedAt }) =>
      (Math.max(startedAt, finishedAt) >= window.opensAt || isInChain(startedAt)) &&
      !ofTwo.has(startedAt),
  );
  return [
    ...judgeSets({ sets, seals: changed, removals: byEvents.removals }, inconclusive),
    ...recent.flatMap((set): Finding[] => {
      const { startedAt, finishedAt } = set;
      const names = set.files.filter((file) => isResumed(file, set)).map(({ name }) => name);
      const severity = isInChain(startedAt) ? 'warning' : 'info';
      return finishedAt === undefined || names.length === 0
        ? []
        : [{ kind: 'resumed', severity, startedAt, finishedAt, ...showNames(names) }];
    }),
  ];
}

/** True when a file written `at` comes too late to be duplicity's own, as its set was finished before. */
export function isPastFinish(finishedAt: Instant, at: Instant): boolean {
  return at > finishedAt + SLACK;
}

/** A file of it was overwritten after it was finished. */
export function hasOverwrites(set: SetHistory): boolean {
  return set.files.some((file) => overwrites(file, set).length > 0);
}

const SEVERITY_OF = { denied: 'warning', 'not offered': 'info', 'not kept': 'info' } as const;

function judgeSets(
  found: Pick<FindingOf<'tampered'>, 'sets' | 'seals' | 'removals'>,
  untold: Collection['inconclusive'],
): Finding[] {
  if (found.sets.length + found.seals.length + found.removals.length > 0) {
    return [{ kind: 'tampered', severity: 'critical', ...found, untold: undefined }];
  }
  return untold === undefined
    ? []
    : [{ kind: 'tampered', severity: SEVERITY_OF[untold], ...found, untold }];
}

function tamperedSet(
  set: SetHistory,
  keeps: readonly KeepRules[],
  isCopy: boolean,
  isBySomebody: NonNullable<Known['isBySomebody']>,
): TamperedSet[] {
  const { type, startedAt, finishedAt, files } = set;
  if (finishedAt === undefined) return [];
  const overwritten = isCopy ? [] : files.filter((file) => overwrites(file, set).length > 0);
  const hidden = files.filter((file) => isHidden(file, set, keeps, isBySomebody));
  if (overwritten.length + hidden.length === 0) return [];
  const times = [
    ...overwritten.flatMap((file) => overwrites(file, set).map(({ at }) => at)),
    ...hidden.flatMap(({ history }) => history[0]?.at ?? []),
  ];
  const lost = [...new Set([...overwritten, ...hidden])].filter(
    (file) => splitUploads(file, set).own.length === 0,
  );
  return [
    {
      ...{ type, startedAt },
      ...spanOf(times),
      overwritten: showNames(overwritten.map(({ name }) => name)),
      hidden: showNames(hidden.map(({ name }) => name)),
      lost: lost.length,
    },
  ];
}

/** The uploads until its set was finished, of which the newest is the good one, and those after that; newest first. */
function splitUploads({ history }: FileHistory, { finishedAt = 0 }: SetHistory) {
  const uploads = uploadsOf(history);
  return {
    own: uploads.filter(({ at }) => !isPastFinish(finishedAt, at)),
    later: uploads.filter(({ at }) => isPastFinish(finishedAt, at)),
  };
}

function overwrites(file: FileHistory, set: SetHistory): Upload[] {
  if (set.finishedAt === undefined) return [];
  const { own, later } = splitUploads(file, set);
  const good = own[0] ?? later.at(-1);
  return later.filter(({ etag }) => etag !== good?.etag);
}

function isHidden(
  file: FileHistory,
  set: SetHistory,
  keeps: readonly KeepRules[],
  isBySomebody: NonNullable<Known['isBySomebody']>,
): boolean {
  const [marker] = file.history;
  if (marker?.what !== 'marker') return false;
  if (isBySomebody(file.name, marker.at)) return true;
  // Of a key with nothing but a marker left, the name alone shows how old it was at least.
  const uploadedAt = newestUpload(file.history)?.at ?? set.startedAt;
  return !isByLifecycle(marker, uploadedAt, keeps);
}

function isResumed(file: FileHistory, set: SetHistory): boolean {
  const [good, ...earlier] = splitUploads(file, set).own;
  return earlier.some(({ etag }) => etag !== good?.etag);
}

/** A set that was copied, before anybody looked at its bytes again. */
export type Copy = Omit<CopiedSet, 'isRead'>;

/** Who wrote what, as far as events tell: `isTrusted` of an author who is known, and has no host's key. */
export type Authors = {
  readonly changes: readonly Change[];
  readonly isTrusted: (change: Change) => boolean;
};

/**
 * The sets of which every volume was uploaded again, as big as it was, in another storage class, with the version of
 * before still there, by somebody who is known and has no host's key, as is on record once it was seen. Of a saved listing
 * (`unknowable`) the form is enough. Other bytes may have it too: what counts is what is read of them, see `isReadAgain`.
 */
export function findCopies(
  host: Pick<Host, 'target' | 'filePrefix'>,
  { sets, histories }: Pick<Collection, 'sets' | 'histories'>,
  fingerprints: readonly Fingerprint[] = [],
  authors: Authors | 'unknowable' = { changes: [], isTrusted: () => false },
): Copy[] {
  const byVersions = histories.flatMap((history): Copy[] => {
    const set = sets.find((one) => isSameSet(one, history));
    const later = laterOf(history);
    const copy = copyOf(history, later, host);
    if (set === undefined || copy === undefined) return [];
    const known = fingerprints.find((one) => isOfCopy(one, copy));
    if (copy.lastAt <= (known?.copiedAt ?? 0)) return [copy];
    const isTrusted = authors === 'unknowable' || isByTrusted(history, authors, host);
    return isTrusted && hasForm(set, later, host) ? [copy] : [];
  });
  return [...byVersions, ...copiedBefore(sets, histories, fingerprints)];
}

/** It is the fingerprint of this set. */
export function isOfCopy(
  { startedAt, basedOn }: Fingerprint,
  { type, ...copy }: Pick<Copy, 'type' | 'startedAt'>,
): boolean {
  return startedAt === copy.startedAt && (basedOn === undefined) === (type === 'full');
}

/** The earlier versions are gone by now, and the record alone tells that it is a copy. */
function copiedBefore(
  sets: readonly BackupSet[],
  histories: readonly SetHistory[],
  fingerprints: readonly Fingerprint[],
): Copy[] {
  return fingerprints.flatMap((known): Copy[] => {
    const { startedAt, copiedAt, files } = known;
    const set = sets.find((one) => isOfCopy(known, one));
    const isShown = histories.some((one) => isOfCopy(known, one));
    // Where its volumes are not listed, what was read of them stands.
    if (copiedAt === undefined || set?.volumes === undefined || isShown) return [];
    const [storageClass] = set.storageClasses;
    const times = { firstAt: copiedAt, lastAt: copiedAt };
    return [{ type: set.type, startedAt, ...times, files, storageClass }];
  });
}

/** The uploads after a set was finished, of each of its files. */
type Later = {
  readonly name: string;
  readonly before: Upload | undefined;
  readonly after: Upload[];
};

function laterOf(set: SetHistory): Later[] {
  if (set.finishedAt === undefined) return [];
  return set.files.flatMap((file) => {
    const { own, later } = splitUploads(file, set);
    return later.length === 0 ? [] : [{ name: file.name, before: own[0], after: later }];
  });
}

function copyOf(
  { type, startedAt }: SetHistory,
  later: readonly Later[],
  { filePrefix }: Pick<Host, 'filePrefix'>,
): Copy | undefined {
  const volume = later.find(({ name }) => volumeOf(name, filePrefix) !== undefined);
  if (volume === undefined) return undefined;
  const times = later.flatMap(({ after }) => after.map(({ at }) => at));
  return {
    ...{ type, startedAt, files: later.length, ...spanOf(times) },
    storageClass: volume.after[0]?.storageClass,
  };
}

function volumeOf(name: string, prefix: Host['filePrefix']): number | undefined {
  const reading = readFileName(name, prefix);
  return reading.kind === 'written' ? reading.name.volume : undefined;
}

/** All volumes are in another class, and no upload changed anything else of a file that a listing shows. */
function hasForm(
  { volumes }: BackupSet,
  later: readonly Later[],
  { filePrefix }: Pick<Host, 'filePrefix'>,
): boolean {
  const isSameFile = ({ before, after }: Later) =>
    after.every((upload, index) => {
      // Newest first; the last one before them is what the set was finished with.
      const older = after[index + 1] ?? before;
      const isRetry = upload.etag !== undefined && upload.etag === older?.etag;
      const isMoved = upload.storageClass !== older?.storageClass;
      return older !== undefined && upload.bytes === older.bytes && (isRetry || isMoved);
    });
  const moved = later.filter(
    ({ name, before, after: [newest] }) =>
      volumeOf(name, filePrefix) !== undefined && newest?.storageClass !== before?.storageClass,
  );
  return moved.length === volumes?.count && later.every(isSameFile);
}

/** Each change of the set since it was finished is by somebody trusted, and there is one. */
function isByTrusted(
  { files, finishedAt = 0 }: SetHistory,
  { changes, isTrusted }: Authors,
  { target }: Pick<Host, 'target'>,
): boolean {
  const names = new Set(files.map(({ name }) => `${target.prefix}${name}`));
  const own = changes.filter(({ key, at }) => names.has(key) && isPastFinish(finishedAt, at));
  return own.length > 0 && own.every((one) => one.what === 'created' && isTrusted(one));
}
