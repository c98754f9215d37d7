// What events show of a host that its versions do not show: removed files that are not there again, and uploads that
// nobody can compare.

import { type Host, PRUNES_KEEP } from '../config/config.ts';
import type { Collection } from '../duplicity/backup-set.ts';
import {
  type FileName,
  type FilePrefix,
  parseFileName,
  startedAtOf,
} from '../duplicity/file-name.ts';
import { type Instant, spanOf } from '../duplicity/time.ts';
import { isHidden, newestUpload, type SetHistory } from '../duplicity/versions.ts';
import { MISSING_SHOWN, type Volumes } from '../duplicity/volumes.ts';
import { oldestKept } from './answer.ts';
import { type Assessed, type Assessment, type SetsEvidence, SKEW } from './assessment.ts';
import { chainOf } from './contents.ts';
import { type Change, type EventChanges, type Finding, showNames } from './finding.ts';
import { byRulesAlone, type KeepRules, mayHaveTaken } from './lifecycle.ts';
import { hasOverwrites, isPastFinish, judgeTampering, type KeepsOf, SLACK } from './tampering.ts';
import type { Window } from './window.ts';

/**
 * A removal counts until its file is there again as its set was written, or until lifecycle may have hidden it. What a
 * delete marker hides, the versions tell. Where they tell nothing, an upload after its set was finished counts as well:
 * whether it has the same bytes nobody knows. `read` must hold the sets that the changes name.
 */
function judgeChanges(
  changes: readonly Change[],
  read: Collection,
  { sets }: Assessed,
  host: Host,
  keepsOf: KeepsOf,
  now: Instant,
  isPruned: (startedAt: Instant) => boolean,
): EventChanges {
  const files = filesOf(changes, host);
  const hidden = new Set(
    read.histories.flatMap((set) => set.files.filter(isHidden).map(({ name }) => name)),
  );
  const removals = files.filter(({ change, file, name }) => {
    if (change.what !== 'removed' || hidden.has(file)) return false;
    const startedAt = startedAtOf(name);
    // With `keepLastGood` its age alone excuses nothing: it counts for as long as what was written then would be there.
    const from = host.keepLastGood ? Math.max(startedAt, change.at) : startedAt;
    if (mayHaveTaken(keepsOf(startedAt), from, now) || isPruned(startedAt)) return false;
    const set = setOf(sets, name);
    const history = read.histories.find((one) => isOfSet(one, name));
    return set === undefined || !isRestored(set, history, name, host.filePrefix);
  });
  const late =
    read.inconclusive === undefined
      ? []
      : files.filter(({ change, name }) => {
          const finishedAt = setOf(sets, name)?.set.manifest?.writtenAt;
          const isLate = finishedAt !== undefined && isPastFinish(finishedAt, change.at);
          return change.what === 'created' && isLate && !name.manifest;
        });
  return {
    removals: removals.map(({ change: { what: _, ...removal } }) => removal),
    sets: [...Map.groupBy(late, ({ name }) => startedAtOf(name))].map(([startedAt, own]) => ({
      ...{ type: own.some(({ name }) => name.end !== undefined) ? 'inc' : 'full', startedAt },
      ...spanOf(own.map(({ change }) => change.at)),
      overwritten: showNames(own.map(({ file }) => file)),
      ...{ hidden: showNames([]), lost: own.length },
    })),
  };
}

function filesOf(changes: readonly Change[], { target, filePrefix }: Host) {
  return changes.flatMap((change) => {
    const file = change.key.slice(target.prefix.length);
    const name = parseFileName(file, filePrefix);
    return name === undefined || name.partial ? [] : [{ change, file, name }];
  });
}

/** What shows that somebody changed a finished set. */
type Traces = Pick<SetsEvidence, 'broken' | 'copies'> & {
  readonly changes: readonly Change[];
  readonly keeps: readonly KeepRules[];
};

/**
 * Tampering by all that is known of it, without what the host may do itself. Where `prunes` would excuse all of it, and
 * the host could delete, that is named.
 */
export function judgeTampered(
  host: Host,
  read: Collection,
  assessed: Assessed,
  { changes, keeps, broken, copies }: Traces,
  window: Window,
  now: Instant,
): Finding[] {
  const keepsOf = findKeeps(host, read, keeps, now);
  const removed = Map.groupBy(
    filesOf(changes, host).filter(({ change }) => host.keepLastGood && change.what === 'removed'),
    ({ file }) => file,
  );
  const isBySomebody = (file: string, at: Instant) =>
    (removed.get(file) ?? []).some(({ change }) => Math.abs(change.at - at) <= SLACK);
  const lastGood = host.chain && assessed.good.at(-1);
  const chain = new Set(
    lastGood && chainOf(assessed.sets, lastGood).map(({ startedAt }) => startedAt),
  );
  const isInChain = (startedAt: Instant) => chain.has(startedAt);
  const judgeAs = (one: Host) => {
    const isPruned = findPruned(one, read, assessed, changes, keeps, now);
    const isNotPruned = ({ startedAt }: { readonly startedAt: Instant }) => !isPruned(startedAt);
    return judgeTampering(
      { ...read, histories: read.histories.filter(isNotPruned) },
      keepsOf,
      window,
      { broken: broken?.filter(isNotPruned), copies, isBySomebody, isInChain },
      judgeChanges(changes, read, assessed, one, keepsOf, now, isPruned),
    );
  };
  const found = judgeAs(host);
  const isTampered = ({ kind, severity }: Finding) =>
    kind === 'tampered' && severity === 'critical';
  if (!found.some(isTampered) || host.prunes !== undefined || host.isProtected) return found;
  const keep = [PRUNES_KEEP, 2, 1].find(
    (few) => !judgeAs({ ...host, prunes: { keep: few } }).some(isTampered),
  );
  if (keep === undefined) return found;
  const setting = keep === PRUNES_KEEP ? 'prunes: true' : `prunes: { keep: ${keep} }`;
  return found.map((one) =>
    one.kind === 'tampered' && isTampered(one) ? { ...one, setting } : one,
  );
}

/**
 * With `keepLastGood` a set stays, whatever its age, until two finished fulls are newer, there or hidden: only the bucket's
 * own rules excuse that it is hidden.
 */
function findKeeps(
  { keepLastGood }: Host,
  { sets, histories }: Collection,
  keeps: readonly KeepRules[],
  now: Instant,
): KeepsOf {
  if (!keepLastGood) return () => keeps;
  const there = sets.filter(({ type, manifest }) => type === 'full' && manifest !== undefined);
  const hidden = histories.filter(({ type, finishedAt }) => type === 'full' && finishedAt);
  const fulls = new Set([...there, ...hidden].map(({ startedAt }) => startedAt));
  // By a name of a time to come nobody knows when it was made: its age excuses it, as the janitor goes by uploads.
  const isPast = (at: Instant) => at <= now + SKEW;
  const [, newest = Number.NEGATIVE_INFINITY] = [...fulls].filter(isPast).sort((a, b) => b - a);
  const byRules = byRulesAlone(keeps);
  return (startedAt) => (startedAt >= newest && isPast(startedAt) ? byRules : keeps);
}

// duplicity removes file by file, and looks at each chain first.
const PRUNING_MS = 60 * 60_000;

/**
 * Tells of a set's time whether it is one that the host has removed itself, as hosts.yml says that it does: older than so
 * many good fulls that are there, and gone as a whole, or so for less than an hour. Never one that was overwritten before,
 * that another key removed, or of which a version was removed for good where versions are kept.
 */
export function findPruned(
  host: Host,
  { sets, histories, inconclusive }: Collection,
  { good }: Pick<Assessed, 'good'>,
  changes: readonly Change[],
  keeps: readonly KeepRules[],
  now: Instant,
): (startedAt: Instant) => boolean {
  const since = oldestKept(host, good);
  if (since === undefined) return () => false;
  const there = new Set(sets.map(({ startedAt }) => startedAt));
  const needed = neededBy(host, { sets, histories }, since);
  const isByOther = ({ principal }: Change) =>
    principal !== undefined &&
    host.userId !== undefined &&
    principal.replace(/^AWS:/, '') !== host.userId;
  // Where none are kept, S3 tells of each removal as of a version.
  const hasVersions = inconclusive === undefined || inconclusive === 'denied';
  const isForGood = ({ left }: Change) => left === 'version' && hasVersions;
  const forbidden = new Set(
    filesOf(changes, host).flatMap(({ change, name }) =>
      change.what === 'removed' && (isForGood(change) || isByOther(change))
        ? startedAtOf(name)
        : [],
    ),
  );
  // What is not even there as a version may have been removed later, by a rule of the bucket.
  const mayBeGone = inconclusive !== undefined || keeps.at(-1)?.keep.noncurrentDays !== undefined;
  return (startedAt) => {
    if (startedAt >= since || needed.has(startedAt) || forbidden.has(startedAt)) return false;
    const own = histories.filter((one) => one.startedAt === startedAt);
    if (own.some(hasOverwrites)) return false;
    const markedAt = own.flatMap(({ files }) =>
      files.flatMap(({ history }) => history[0]?.at ?? []),
    );
    const isUnderWay = markedAt.some((at) => now - at < PRUNING_MS);
    return there.has(startedAt) ? isUnderWay : own.length > 0 || mayBeGone;
  };
}

/** The times of what the sets since then build on, there or hidden. */
function neededBy(
  { filePrefix }: Host,
  { sets, histories }: Pick<Collection, 'sets' | 'histories'>,
  since: Instant,
): Set<Instant> {
  const hidden = histories.map(({ startedAt, files }) => {
    const start = parseFileName(files[0]?.name ?? '', filePrefix)?.start;
    return [startedAt, start] as const;
  });
  const baseOf = new Map([...hidden, ...sets.map((one) => [one.startedAt, one.basedOn] as const)]);
  const needed = new Set<Instant>();
  for (const { startedAt, basedOn } of sets) {
    let base = startedAt < since ? undefined : basedOn;
    while (base !== undefined && !needed.has(base)) {
      needed.add(base);
      base = baseOf.get(base);
    }
  }
  return needed;
}

function setOf(sets: readonly Assessment[], name: FileName): Assessment | undefined {
  return sets.find(({ set }) => isOfSet(set, name));
}

function isOfSet({ type, startedAt }: Pick<SetHistory, 'type' | 'startedAt'>, name: FileName) {
  return (type === 'inc') === (name.end !== undefined) && startedAt === startedAtOf(name);
}

/**
 * It is there, and its set as it was written: a good version that went from under another one is not back. Others of the
 * set may still be hidden, as delete markers are taken away one by one.
 */
function isRestored(
  { set }: Assessment,
  history: SetHistory | undefined,
  name: FileName,
  prefix: FilePrefix,
): boolean {
  const { volumes, manifest, hasSignatures } = set;
  if (name.type === 'full-sig' || name.type === 'new-sig') return hasSignatures;
  if (name.manifest ? manifest === undefined : !hasVolume(volumes, name.volume)) return false;
  const hiddenAt = (history?.files ?? []).flatMap((file) => {
    const isVolume = parseFileName(file.name, prefix)?.volume !== undefined;
    return isVolume && isHidden(file) ? (newestUpload(file.history)?.at ?? []) : [];
  });
  const writtenAt = [volumes?.firstAt, volumes?.lastAt, ...hiddenAt].filter(
    (at) => at !== undefined,
  );
  const doneAt = manifest?.writtenAt ?? history?.finishedAt;
  if (doneAt === undefined || writtenAt.length === 0) return false;
  const { firstAt, lastAt } = spanOf(writtenAt);
  // Between the last volume and the manifest go the signatures: smaller than the volumes, so no longer on their way.
  return lastAt <= doneAt + SLACK && doneAt <= lastAt + Math.max(SLACK, lastAt - firstAt);
}

function hasVolume(volumes: Volumes | undefined, number = 0): boolean {
  if (volumes === undefined || volumes.missing.length >= MISSING_SHOWN) return false;
  return number <= volumes.count + volumes.missing.length && !volumes.missing.includes(number);
}
