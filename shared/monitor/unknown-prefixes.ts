// What lies in the bucket and is of no host: found once a day, and reported.
import { type Config, isIgnored, ownersIn } from '../config/config.ts';
import { readFileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { HostReport } from '../messages/host-report.ts';
import type { Report } from '../messages/report.ts';
import type { Unreadable } from '../rules/judge.ts';
import { type KeyedObject, type ListObjects, TargetUnreadableError } from './object-store.ts';

/** `prefixes` without their last slash, sorted; `foreignObjects` outside of every host's target. */
export type UnknownPrefixes = {
  readonly prefixes: readonly string[];
  readonly foreignObjects: number;
};

const PREFIXES_OPENED = 100;

/**
 * Finds the prefixes that hold objects and are of no host in the config. At most 100 unknown prefixes are looked
 * into; one that was not is named by its first folder. What `ignore` lists counts only where duplicity would read it, and a
 * folder of the console is nothing.
 */
export async function findUnknownPrefixes(
  list: ListObjects,
  { bucket, hosts, ignore }: Pick<Config, 'bucket' | 'hosts' | 'ignore'>,
): Promise<UnknownPrefixes | Unreadable> {
  const ownerOf = ownersIn(hosts);
  const isUnowned = (folder: string) => ownerOf(bucket, folder) === undefined;
  if (!isUnowned('')) return { prefixes: [], foreignObjects: 0 };
  const targets = hosts.flatMap(({ target }) => (target.bucket === bucket ? target.prefix : []));
  const parents = new Set(targets.flatMap(foldersAbove).filter(isUnowned));
  const isUnknown = ({ key }: KeyedObject) => !key.endsWith('/') && !isIgnored(ignore, key);

  const found = new Set<string>();
  const unknown: string[] = [];
  let foreignObjects = 0;
  try {
    for (const folder of ['', ...parents]) {
      const { objects, prefixes } = await list({ bucket, prefix: folder, delimiter: '/' });
      foreignObjects += objects.filter(isUnknown).length;
      for (const one of prefixes) if (isUnowned(one) && !parents.has(one)) unknown.push(one);
    }
    // What lies inside of one is put behind the others while they are gone through.
    for (const [opened, folder] of unknown.entries()) {
      const isKnown = isIgnored(ignore, folder);
      if (opened >= PREFIXES_OPENED) {
        if (!isKnown) found.add(folder);
        continue;
      }
      const inside = await list({ bucket, prefix: folder, delimiter: '/', onePage: true });
      // Among more logs than one page holds, only what begins as duplicity's names do is looked for.
      const names = { bucket, prefix: `${folder}duplicity-`, onePage: true };
      const backups = isKnown && inside.cut ? (await list(names)).objects : [];
      const objects = [...inside.objects, ...backups].filter(isUnknown);
      foreignObjects += objects.filter(({ key }) => isForeign(key, folder)).length;
      const isEmpty = inside.objects.length + inside.prefixes.length === 0;
      if (objects.length > 0 || (isEmpty && !isKnown)) found.add(folder);
      for (const one of inside.prefixes) unknown.push(one);
    }
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return { unreadable: error.message, hint: error.hint };
  }
  return { prefixes: [...found].map((one) => one.replace(/\/$/, '')).sort(), foreignObjects };
}

/** `eu/prod/web/` lies in `eu/` and `eu/prod/`. */
function foldersAbove(prefix: string): string[] {
  const parts = prefix.split('/').slice(0, -2);
  return parts.map((_, depth) => `${parts.slice(0, depth + 1).join('/')}/`);
}

function isForeign(key: string, folder: string): boolean {
  const { kind } = readFileName(key.slice(folder.length));
  return kind === 'foreign' || kind === 'tolerated';
}

/** The report of a run: what was found of the hosts, and outside of them. */
export function reportOf(
  bucket: string,
  hosts: readonly HostReport[],
  unknownPrefixes: UnknownPrefixes | Unreadable,
  checkedAt: Instant,
): Report {
  const inTargets = hosts
    .flatMap(({ findings }) => findings)
    .reduce((sum, { kind, count = 0 }) => sum + (kind === 'foreign' ? count : 0), 0);
  const found = { checkedAt, bucket, hosts };
  return 'unreadable' in unknownPrefixes
    ? {
        ...{ ...found, unknownHosts: [], foreignObjects: inTargets },
        unsearched: `${unknownPrefixes.unreadable}; ${unknownPrefixes.hint}`,
      }
    : {
        ...{ ...found, unknownHosts: unknownPrefixes.prefixes },
        foreignObjects: inTargets + unknownPrefixes.foreignObjects,
      };
}
