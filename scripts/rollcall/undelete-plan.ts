// Which delete markers hide one set, and what is left once they are gone.
import type { ListAnswer } from '../../shared/check/object-store.ts';
import { type BackupSet, collectSets } from '../../shared/duplicity/backup-set.ts';
import { readFileName } from '../../shared/duplicity/file-name.ts';
import { newestUpload } from '../../shared/duplicity/history.ts';
import { uncover } from '../../shared/duplicity/listing-versions.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import type { Host } from '../../shared/roster/roster.ts';

/** One file that comes back: the markers above its newest upload, newest first. */
export type HiddenFile = {
  readonly key: string;
  readonly name: string;
  readonly hiddenAt: Instant;
  readonly markers: readonly string[];
};

export type UndeletePlan = {
  readonly files: readonly HiddenFile[];
  /** Names of which nothing but markers is left. */
  readonly lost: readonly string[];
  /** The set as it will be; `undefined`: there is no such set, not even hidden. */
  readonly set: BackupSet | undefined;
  /** The times of the sets that have hidden files, oldest first. */
  readonly hiddenSets: readonly Instant[];
};

/** Plans for the set with this time in its names, full or incremental; `answer` is the host's whole target. */
export function planUndelete(answer: ListAnswer, host: Host, time: Instant): UndeletePlan {
  const timeOf = (key: string) => {
    const reading = readFileName(key.slice(host.target.prefix.length), host.filePrefix);
    return reading.kind === 'written' ? (reading.name.end ?? reading.name.time) : undefined;
  };
  const nameOf = (key: string) => key.slice(host.target.prefix.length);
  const hidden = answer.hidden.filter(({ key }) => timeOf(key) === time);
  const objects = [
    ...answer.objects.map(({ key, ...object }) => ({ ...object, name: nameOf(key) })),
    ...hidden.flatMap(({ key, history }) => uncover({ name: nameOf(key), history })),
  ];
  const { sets } = collectSets({ objects, volumeStems: [] }, host.filePrefix);
  return {
    files: hidden
      .filter(({ history }) => newestUpload(history) !== undefined)
      .map(({ key, history }) => ({
        ...{ key, name: nameOf(key), hiddenAt: history[0]?.at ?? 0 },
        markers: history
          .slice(
            0,
            history.findIndex(({ what }) => what === 'upload'),
          )
          .map(({ versionId }) => versionId),
      })),
    lost: hidden
      .filter(({ history }) => newestUpload(history) === undefined)
      .map(({ key }) => nameOf(key)),
    set: sets.find(({ startedAt }) => startedAt === time),
    hiddenSets: [...new Set(answer.hidden.flatMap(({ key }) => timeOf(key) ?? []))].sort(
      (a, b) => a - b,
    ),
  };
}
