// Two clocks: the machine's, by which radosgw ages objects, and the fleet's, for which some seconds are a day.

import type { Instant } from '../../shared/duplicity/time.ts';
import type { Version } from '../../shared/duplicity/versions.ts';
import { foldVersions, type VersionRow } from '../../shared/monitor/list-sets.ts';
import type { KeyedObject, ListObjects } from '../../shared/monitor/object-store.ts';

const DAY = 86_400_000;

/** The fleet's clock; its first day begins now. */
export function startFastDays(daySeconds: number) {
  const startedAt = Date.now();
  const firstDay = Date.UTC(2026, 0, 1);
  const speed = DAY / (daySeconds * 1000);
  /** Of an instant by the machine's clock. */
  const fast = (real: number): Instant => firstDay + Math.round((real - startedAt) * speed);
  const firstSeen = new Map<string, number>();
  const firstAnswered = (versionId: string, at: number) => {
    const first = firstSeen.get(versionId) ?? at;
    firstSeen.set(versionId, first);
    return first;
  };
  return {
    now: () => fast(Date.now()),
    /** Real milliseconds until a share of a day: 0.2 of the third is 2.2. */
    until: (days: number) => Math.max(0, startedAt + days * daySeconds * 1000 - Date.now()),
    /**
     * Listings with the fleet's times, and two things as AWS does them: a marker is stamped with midnight, where radosgw tells
     * when it made it; and a tag makes no object younger, so the time that was told first stands.
     */
    list:
      (list: ListObjects): ListObjects =>
      async (query) => {
        const { objects, hidden, ...rest } = await list(query);
        const translate = ({ at, ...version }: Version): Version =>
          version.what === 'marker'
            ? { ...version, at: Math.floor(fast(at) / DAY) * DAY }
            : { ...version, at: fast(firstAnswered(version.versionId, at)) };
        const rowsOf = (key: string, history: readonly Version[]): VersionRow[] =>
          history.map((version, index) => ({
            key,
            latest: index === 0,
            version: translate(version),
          }));
        const rows = [
          ...objects.flatMap((object) => rowsOf(object.key, historyOf(object))),
          ...hidden.flatMap(({ key, history }) => rowsOf(key, history)),
        ];
        return { ...foldVersions(rows), ...rest };
      },
  };
}

/** An object of one version is told without a history. */
function historyOf({ bytes, modifiedAt, versionId = 'null', etag, history }: KeyedObject) {
  const only: Version = { what: 'upload', versionId, at: modifiedAt, bytes, etag };
  return history ?? [only];
}
