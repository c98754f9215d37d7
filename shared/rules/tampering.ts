// What the versions of finished sets show: overwritten or hidden by somebody, or resumed by duplicity itself.

import type { Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import {
  type FileHistory,
  newestUpload,
  type SetHistory,
  type Upload,
} from '../duplicity/versions.ts';
import {
  type ChangedFull,
  type EventChanges,
  type Finding,
  type FindingOf,
  showNames,
  type TamperedSet,
} from './finding.ts';
import { isByLifecycle, type KeepRules } from './lifecycle.ts';
import type { Window } from './window.ts';

/** duplicity writes the manifest last; uploads that ran at the same time, and clocks, get this long. */
export const SLACK = 5 * 60_000;

/**
 * A finished set changes no more. A file of it that got other bytes over five minutes after the first version of its
 * manifest is overwritten; one under a delete marker that lifecycle did not make is hidden: both are `tampered`.
 * Other bytes before that are duplicity's own, of a killed run that it `resumed`: information on the
 * sets since the window opened. The same bytes again are a client's retry, and nothing. A full whose fingerprint is
 * `broken` is tampered too, where its versions show nothing.
 */
export function judgeTampering(
  { sets: all, histories, inconclusive }: Collection,
  keeps: readonly KeepRules[],
  window: Window,
  broken: readonly ChangedFull[] = [],
  byEvents: EventChanges = { removals: [], sets: [] },
): Finding[] {
  const sets = [...histories.flatMap((set) => tamperedSet(set, keeps)), ...byEvents.sets];
  const byVersions = new Set(sets.map(({ startedAt }) => startedAt));
  const changed = broken.filter(({ startedAt }) => !byVersions.has(startedAt));
  // What looks resumed in these is the work of two machines.
  const ofTwo = new Set(all.filter((one) => one.outOfOrder.length > 0).map((one) => one.startedAt));
  const recent = histories.filter(
    ({ startedAt, finishedAt = startedAt }) =>
      Math.max(startedAt, finishedAt) >= window.opensAt && !ofTwo.has(startedAt),
  );
  return [
    ...judgeSets({ sets, seals: changed, removals: byEvents.removals }, inconclusive),
    ...recent.flatMap((set): Finding[] => {
      const { startedAt, finishedAt } = set;
      const names = set.files.filter((file) => isResumed(file, set)).map(({ name }) => name);
      return finishedAt === undefined || names.length === 0
        ? []
        : [{ kind: 'resumed', severity: 'info', startedAt, finishedAt, ...showNames(names) }];
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

function tamperedSet(set: SetHistory, keeps: readonly KeepRules[]): TamperedSet[] {
  const { type, startedAt, finishedAt, files } = set;
  if (finishedAt === undefined) return [];
  const overwritten = files.filter((file) => overwrites(file, set).length > 0);
  const hidden = files.filter((file) => isHidden(file, set, keeps));
  if (overwritten.length + hidden.length === 0) return [];
  const times = [
    ...overwritten.flatMap((file) => overwrites(file, set).map(({ at }) => at)),
    ...hidden.flatMap(({ history }) => history[0]?.at ?? []),
  ];
  const lost = [...new Set([...overwritten, ...hidden])].filter(
    (file) => goodOf(file, set) === undefined,
  );
  return [
    {
      ...{ type, startedAt },
      firstAt: times.reduce((a, b) => Math.min(a, b)),
      lastAt: times.reduce((a, b) => Math.max(a, b)),
      overwritten: showNames(overwritten.map(({ name }) => name)),
      hidden: showNames(hidden.map(({ name }) => name)),
      lost: lost.length,
    },
  ];
}

function uploadsOf({ history }: FileHistory): Upload[] {
  return history.filter((version) => version.what === 'upload');
}

/** The upload that the file was when its set was finished; `undefined` where it is not there any more. */
function goodOf(file: FileHistory, { finishedAt = 0 }: SetHistory): Upload | undefined {
  return uploadsOf(file).find(({ at }) => at <= finishedAt + SLACK);
}

function overwrites(file: FileHistory, set: SetHistory): Upload[] {
  const { finishedAt } = set;
  if (finishedAt === undefined) return [];
  const good = goodOf(file, set) ?? uploadsOf(file).at(-1);
  return uploadsOf(file).filter(({ at, etag }) => at > finishedAt + SLACK && etag !== good?.etag);
}

function isHidden(file: FileHistory, set: SetHistory, keeps: readonly KeepRules[]): boolean {
  const [marker] = file.history;
  if (marker?.what !== 'marker') return false;
  // Of a key with nothing but a marker left, the name alone shows how old it was at least.
  const uploadedAt = newestUpload(file.history)?.at ?? set.startedAt;
  return !isByLifecycle(marker, uploadedAt, keeps);
}

function isResumed(file: FileHistory, { finishedAt = 0 }: SetHistory): boolean {
  const [good, ...earlier] = uploadsOf(file).filter(({ at }) => at <= finishedAt + SLACK);
  return earlier.some(({ etag }) => etag !== good?.etag);
}
