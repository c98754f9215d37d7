// Names in a target that are no backups of its host, and where else the sets lie that it does not read.

import type { Host } from '../config/config.ts';
import { type Collection, setIdOfSet } from '../duplicity/backup-set.ts';
import { type FilePrefix, findFileName, setIdOf, startedAtOf } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Finding, type SetsElsewhere, showNames } from './finding.ts';

const SHOWN = 3;

/** Names that are none of this host's backups, and what duplicity wrote of them in another place or form. */
export function judgeForeign(host: Host, collection: Collection): Finding[] {
  const { foreign } = collection;
  if (foreign.length === 0) return [];
  const separator = foreign.flatMap((name) => SEPARATED.exec(name)?.[1] ?? [])[0];
  return [
    {
      kind: 'foreign',
      severity: 'info',
      ...showNames(foreign),
      ...findElsewhere(host, collection),
      ...(separator === undefined ? {} : { timeSeparator: separator }),
    },
  ];
}

/** A time as `--time-separator` writes it; with colons, as `--old-filenames` does, it is read. */
const SEPARATED =
  /duplicity-(?:full|inc|full-signatures|new-signatures)\.\d{4}-\d\d-\d\dT\d\d([^\d:])\d\d\1\d\d/;

type Role = keyof FilePrefix;
type Places = Record<Role, Set<string>>;

// A config takes no place with these in it.
const UNFIT = /\p{Cc}|\/\/|^\/|%[0-9a-f]{2}/iu;

/** The sets behind other prefixes, by place: the place of the newest first. */
function findElsewhere(
  { filePrefix }: Host,
  { foreign, sets }: Collection,
): { readonly elsewhere?: readonly SetsElsewhere[]; readonly placesElsewhere?: number } {
  const found = new Map<string, { startedAt: Instant; places: Places }>();
  const noteFile = (id: string, startedAt: Instant, role: Role, prefix: string) => {
    const none = { archive: new Set(''), manifest: new Set(''), signature: new Set('') };
    const set = found.get(id) ?? { startedAt, places: none };
    found.set(id, set);
    set.places[role].add(prefix);
  };
  for (const text of foreign) {
    // A name that the listing cut stands for a volume.
    const file = findFileName(text.endsWith('.vol') ? `${text}1.difftar` : text);
    if (file?.reading.kind !== 'written' || file.reading.name.partial) continue;
    const { name } = file.reading;
    const role = name.manifest ? 'manifest' : name.volume === undefined ? 'signature' : 'archive';
    noteFile(setIdOf(name), startedAtOf(name), role, file.prefix);
  }
  if (found.size === 0) return {};
  for (const set of sets) {
    const id = setIdOfSet(set);
    if (!found.has(id)) continue;
    const hasVolumes = set.volumes === undefined || set.volumes.count > 0;
    if (hasVolumes) noteFile(id, set.startedAt, 'archive', filePrefix.archive);
    if (set.manifest !== undefined) noteFile(id, set.startedAt, 'manifest', filePrefix.manifest);
    if (set.hasSignatures) noteFile(id, set.startedAt, 'signature', filePrefix.signature);
  }
  const keyOf = ({ archive, manifest, signature }: FilePrefix) =>
    JSON.stringify([archive, manifest, signature]);
  const elsewhere = new Map<string, SetsElsewhere>();
  for (const { startedAt, places } of found.values()) {
    for (const archive of places.archive) {
      const [manifest = archive] = nearest(places.manifest, archive);
      const [signature = manifest] = nearest(places.signature, archive, manifest);
      const prefix = { archive, manifest, signature };
      const key = keyOf(prefix);
      const isUnfit = [archive, manifest, signature].some((one) => UNFIT.test(one));
      if (isUnfit || key === keyOf(filePrefix)) continue;
      const known = elsewhere.get(key) ?? { prefix, sets: 0, newestAt: startedAt };
      const newestAt = Math.max(known.newestAt, startedAt);
      elsewhere.set(key, { prefix, sets: known.sets + 1, newestAt });
    }
  }
  if (elsewhere.size === 0) return {};
  const newestFirst = [...elsewhere.values()].sort(
    (a, b) => b.newestAt - a.newestAt || (a.prefix.archive < b.prefix.archive ? -1 : 1),
  );
  return { elsewhere: newestFirst.slice(0, SHOWN), placesElsewhere: elsewhere.size };
}

/** Those of `places` that are wanted, in that order, and then the others. */
function nearest(places: ReadonlySet<string>, ...wanted: readonly string[]): string[] {
  return [...wanted.filter((one) => places.has(one)), ...places];
}
