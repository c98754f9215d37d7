// Histories for tests: what was uploaded, overwritten, hidden and removed, one change after the other.

import { type Collection, collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import {
  asOf,
  type StoredObject,
  type Upload,
  type Version,
} from '../../shared/duplicity/versions.ts';
import { foldVersions, type VersionRow } from '../../shared/monitor/list-sets.ts';
import { at } from './builders.ts';

/** A bucket that keeps versions; `prefix` stands before every name. */
export function aHistory(objects: readonly StoredObject[], prefix = '') {
  const keys = new Map<string, Version[]>();
  let made = 0;
  const add = (name: string, version: { what: 'marker' } | UploadGiven, iso: string) => {
    made += 1;
    const more = { versionId: `v${made}`, at: at(iso) };
    const next: Version =
      version.what === 'marker' ? { ...version, ...more } : { ...version, ...more };
    keys.set(name, [next, ...(keys.get(name) ?? [])]);
  };
  for (const { name, bytes, modifiedAt } of objects) {
    const iso = new Date(modifiedAt).toISOString();
    add(name, { what: 'upload', bytes, etag: `of ${name} ${bytes}` }, iso);
  }
  const history = {
    /** Uploads over what is there; with other bytes unless the ETag is given. */
    put(name: string, iso: string, { bytes = 7, etag = `other ${iso}` } = {}) {
      add(name, { what: 'upload', bytes, etag }, iso);
      return history;
    },
    /** Copies it over itself into another class; in parts, so that it has another ETag. */
    copy(
      { name, bytes }: StoredObject,
      iso: string,
      { storageClass = 'STANDARD_IA', etag = `copy ${iso}` } = {},
    ) {
      add(name, { what: 'upload', bytes, etag, storageClass }, iso);
      return history;
    },
    /** The same bytes again, as a client does that heard no answer. */
    retry(name: string, iso: string) {
      const [newest] = keys.get(name) ?? [];
      if (newest?.what === 'upload') add(name, newest, iso);
      return history;
    },
    hide(names: string | readonly string[], iso: string) {
      for (const name of [names].flat()) add(name, { what: 'marker' }, iso);
      return history;
    },
    /** Removes the oldest version for good. */
    forget(name: string) {
      keys.set(name, (keys.get(name) ?? []).slice(0, -1));
      return history;
    },
    rows: (): VersionRow[] =>
      [...keys].flatMap(([name, versions]) =>
        versions.map((version, index) => ({
          key: `${prefix}${name}`,
          latest: index === 0,
          version,
        })),
      ),
    collected: (now = Number.POSITIVE_INFINITY): Collection => {
      const { objects: there, hidden } = foldVersions(history.rows());
      const listing = {
        objects: there.map(({ key, ...object }) => ({ ...object, name: key })),
        volumeStems: [],
        hidden: hidden.map(({ key, ...rest }) => ({ ...rest, name: key })),
      };
      return collectSets(asOf(listing, now), NO_PREFIX);
    },
  };
  return history;
}

type UploadGiven = Omit<Upload, 'versionId' | 'at'>;
