// Which hosts back up to a bucket: by the names of duplicity's files in it, behind whatever prefix they lie.
import { type Host, writeValue } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { type FilePrefix, findFileName, setIdOf } from '../../shared/duplicity/file-name.ts';
import { asOf, uncover } from '../../shared/duplicity/versions.ts';
import type { HiddenKey, KeyedObject } from '../../shared/monitor/object-store.ts';
import { FOREVER, guessRhythm, type Rhythm, type Setting, type When } from './guess-rhythm.ts';

/** What was seen of a bucket at `now`; times are read on the clock of `timezone`. */
export type Seen = When & {
  readonly bucket: string;
  readonly objects: readonly KeyedObject[];
  readonly hidden: readonly HiddenKey[];
  readonly timezone: string;
};

/** A host with its target, file prefix, and all that was guessed. */
export type FoundHost = Rhythm & { readonly host: Host };

/** `others`: what looks like backups and is no host, and why. */
export type Found = {
  readonly hosts: readonly FoundHost[];
  readonly others: readonly { readonly what: string; readonly why: string }[];
  /** So many more prefixes hold sets. */
  readonly left: number;
};

/** As many hosts are proposed at once. */
export const MOST_HOSTS = 1000;

/** All that is not guessed, as the parser has it. */
const [DEFAULTS] = parseConfig('bucket: any\nexisting: true\nhosts:\n  any: {}\n', '').hosts;

/** Finds hosts by the sets in a bucket. Those with finished sets go first where there are too many. */
export function findHosts(seen: Seen): Found {
  const { archives, others } = findArchives(gatherPlaces(seen));
  const first = archives.toSorted((a, b) => b.finished - a.finished).slice(0, MOST_HOSTS);
  const named = nameArchives(first, seen.bucket);
  const hosts = named.map(([name, archive]) => guessHost(name, archive, seen));
  return {
    hosts: hosts.sort((a, b) => (a.host.name < b.host.name ? -1 : 1)),
    others: others.map(({ prefix }) => ({
      what: `s3://${seen.bucket}/${prefix}`,
      why: 'manifests or signatures without a volume: no host is seen',
    })),
    left: archives.length - first.length,
  };
}

type Role = 'archive' | 'manifest' | 'signature';
const ROLES = ['archive', 'manifest', 'signature'] as const;

/** All files of duplicity's behind one prefix: a target's, and perhaps a file prefix. */
type Place = {
  readonly prefix: string;
  /** The sets that have files of this kind here. */
  readonly sets: Readonly<Record<Role, Set<string>>>;
  readonly objects: KeyedObject[];
  readonly hidden: HiddenKey[];
};

function gatherPlaces({ objects, hidden, now }: Seen): Place[] {
  const places = new Map<string, Place>();
  const placeOf = (key: string): Place | undefined => {
    const { prefix = '', reading } = findFileName(key) ?? {};
    if (reading?.kind !== 'written' || reading.name.partial) return undefined;
    const { name } = reading;
    const place: Place = places.get(prefix) ?? {
      prefix,
      sets: { archive: new Set(), manifest: new Set(), signature: new Set() },
      ...{ objects: [], hidden: [] },
    };
    places.set(prefix, place);
    const role = name.manifest ? 'manifest' : name.volume === undefined ? 'signature' : 'archive';
    place.sets[role].add(setIdOf(name));
    return place;
  };
  for (const one of objects) if (one.firstModifiedAt <= now) placeOf(one.key)?.objects.push(one);
  for (const one of hidden) placeOf(one.key)?.hidden.push(one);
  return [...places.values()];
}

/** What one duplicity writes to: a target, and what stands in front of its files. */
type Archive = {
  readonly prefix: string;
  readonly filePrefix: FilePrefix;
  readonly places: readonly Place[];
  readonly finished: number;
};

/** Volumes, with the manifests and signatures that lie behind another file prefix, if they do. */
function findArchives(places: readonly Place[]): { archives: Archive[]; others: Place[] } {
  const lone = new Map<string, Place[]>();
  for (const place of places.filter(({ sets }) => sets.archive.size === 0)) {
    for (const role of ROLES) {
      for (const key of keysOf(place, role)) lone.set(key, [...(lone.get(key) ?? []), place]);
    }
  }
  const taken = new Set<Place>();
  const findNear = (place: Place, role: Role): Place | undefined => {
    if (place.sets[role].size > 0) return place;
    const near = keysOf({ ...place, sets: { ...place.sets, [role]: place.sets.archive } }, role);
    const found = near.flatMap((key) => lone.get(key) ?? []).find((one) => !taken.has(one));
    if (found !== undefined && found.sets.manifest.size === 0) taken.add(found);
    return found;
  };
  const archives = places
    .filter(({ sets }) => sets.archive.size > 0)
    .map((place): Archive => {
      const manifest = findNear(place, 'manifest');
      const own = manifest?.sets.signature.size ? manifest : undefined;
      const signature = findNear(place, 'signature') ?? own;
      for (const one of [manifest, signature]) if (one !== undefined) taken.add(one);
      const all = [place, manifest ?? place, signature ?? place];
      const prefix = commonFolder(all.map((one) => one.prefix));
      const [archive = '', ofManifest = '', ofSignature = ''] = all.map((one) =>
        one.prefix.slice(prefix.length),
      );
      return {
        ...{ prefix, filePrefix: { archive, manifest: ofManifest, signature: ofSignature } },
        places: [...new Set(all)],
        finished: (manifest ?? place).sets.manifest.size,
      };
    });
  return {
    archives,
    others: places.filter((one) => one.sets.archive.size === 0 && !taken.has(one)),
  };
}

const SETS_COMPARED = 5;

/** Where files of the newest sets are looked for: in the same folder, or in one next to it. */
function keysOf({ prefix, sets }: Place, role: Role): string[] {
  const folder = commonFolder([prefix]);
  const ids = [...sets[role]].sort().slice(-SETS_COMPARED);
  return [folder, commonFolder([folder.slice(0, -1)])].flatMap((near) =>
    ids.map((id) => `${role} ${id} ${near}`),
  );
}

function commonFolder(prefixes: readonly string[]): string {
  const [first = '', ...others] = prefixes;
  let end = first.lastIndexOf('/') + 1;
  while (end > 0 && !others.every((one) => one.startsWith(first.slice(0, end)))) {
    end = first.lastIndexOf('/', end - 2) + 1;
  }
  return first.slice(0, end);
}

/** Each is named after its prefix as far as a host may be called so; those that may first, and no two alike for IAM. */
function nameArchives(archives: readonly Archive[], bucket: string): [string, Archive][] {
  const perFolder = Map.groupBy(archives, ({ prefix }) => prefix);
  const nameOf = ({ prefix, filePrefix }: Archive) => {
    const isAlone = perFolder.get(prefix)?.length === 1;
    const own = cleanName(filePrefix.archive || filePrefix.manifest);
    const folder = cleanName(prefix);
    return (isAlone && folder ? folder : [folder, own].filter(Boolean).join('-')) || bucket;
  };
  const used = new Map<string, number>();
  const named: [string, Archive][] = [];
  const take = (name: string, archive: Archive) => {
    used.set(name.toLowerCase(), used.get(name.toLowerCase()) ?? 1);
    named.push([name, archive]);
  };
  const later: [string, Archive][] = [];
  for (const archive of archives) {
    const name = nameOf(archive);
    const isFree = archive.prefix === `${name}/` && !used.has(name.toLowerCase());
    if (isFree) take(name, archive);
    else later.push([name, archive]);
  }
  for (const [name, archive] of later) {
    let free = name;
    for (let number = used.get(name.toLowerCase()); used.has(free.toLowerCase()); ) {
      number = (number ?? 1) + 1;
      free = `${name.slice(0, 57)}-${number}`;
      used.set(name.toLowerCase(), number);
    }
    take(free, archive);
  }
  return named;
}

function cleanName(text: string): string {
  const parts = text
    .split('/')
    .map((part) => part.replace(/[^\w+=,.@-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, ''));
  return parts
    .filter(Boolean)
    .join('/')
    .slice(0, 64)
    .replace(/[/-]+$/, '');
}

function guessHost(name: string, { prefix, filePrefix, places }: Archive, seen: Seen): FoundHost {
  if (DEFAULTS === undefined) throw new Error('a config of one host has a host');
  const { bucket, timezone, now } = seen;
  const own = { name, filePrefix, timezone, target: { bucket, prefix } };
  const base: Host = { ...DEFAULTS, ...own, keepDays: FOREVER.keepDays };
  const objects = places.flatMap((place) =>
    place.objects.map(({ key, ...rest }) => ({ ...rest, name: key.slice(prefix.length) })),
  );
  const hidden = places.flatMap((place) =>
    place.hidden.map(({ key, history }) => ({ name: key.slice(prefix.length), history })),
  );
  const listing = asOf({ objects, hidden, volumeStems: [] }, now);
  const uncovered = [...listing.objects, ...(listing.hidden ?? []).flatMap(uncover)];
  const rhythm = guessRhythm(base, seen, {
    there: collectSets(listing, filePrefix),
    ever: collectSets({ objects: uncovered, volumeStems: [] }, filePrefix),
  });
  return { ...rhythm, settings: [...targetOf(base), ...rhythm.settings] };
}

/** As far as the name does not say it. */
function targetOf({ name, target: { bucket, prefix }, filePrefix }: Host): Setting[] {
  const settings: Setting[] = [];
  const set = (line: string) => settings.push({ line, seen: '' });
  if (prefix !== `${name}/`) set(`target: ${writeValue(`s3://${bucket}/${prefix}`)}`);
  const { archive, manifest, signature } = filePrefix;
  if (archive === manifest && archive === signature) {
    if (archive !== '') set(`filePrefix: ${writeValue(archive)}`);
  } else {
    const parts = ROLES.filter((role) => filePrefix[role] !== '');
    set(
      `filePrefix: { ${parts.map((role) => `${role}: ${writeValue(filePrefix[role])}`).join(', ')} }`,
    );
  }
  return settings;
}
