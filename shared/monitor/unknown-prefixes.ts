// What lies in the bucket and is of no host: found once a day, and told.
import type { Config } from '../config/config.ts';
import { readFileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { HostReport } from '../messages/host-report.ts';
import type { Report } from '../messages/report.ts';
import type { Unreadable } from '../rules/judge.ts';
import { type ListObjects, TargetUnreadableError } from './object-store.ts';

/** `prefixes` without their last slash, sorted; `foreignObjects` outside of every host's target. */
export type UnknownPrefixes = {
  readonly prefixes: readonly string[];
  readonly foreignObjects: number;
};

const PREFIXES_OPENED = 100;

/**
 * Finds the prefixes that hold objects and are of no host in the config. At most 100 unknown prefixes are looked
 * into; one that was not is named by its first folder.
 */
export async function findUnknownPrefixes(
  list: ListObjects,
  config: Config,
): Promise<UnknownPrefixes | Unreadable> {
  const { bucket } = config;
  const targets = config.hosts
    .filter(({ target }) => target.bucket === bucket)
    .map(({ target }) => target.prefix);
  if (targets.includes('')) return { prefixes: [], foreignObjects: 0 };
  const known = new Set(targets);
  const parents = new Set(targets.flatMap(foldersAbove));

  const found = new Set<string>();
  const unknown: string[] = [];
  let foreignObjects = 0;
  try {
    for (const folder of ['', ...parents]) {
      const { objects, prefixes } = await list({ bucket, prefix: folder, delimiter: '/' });
      foreignObjects += objects.length;
      for (const one of prefixes) if (!known.has(one) && !parents.has(one)) unknown.push(one);
    }
    // What lies inside of one is put behind the others while they are gone through.
    for (const [opened, folder] of unknown.entries()) {
      if (opened >= PREFIXES_OPENED) {
        found.add(folder);
        continue;
      }
      const inside = await list({ bucket, prefix: folder, delimiter: '/', onePage: true });
      foreignObjects += inside.objects.filter(({ key }) => isForeign(key, folder)).length;
      if (inside.objects.length > 0 || inside.prefixes.length === 0) found.add(folder);
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
