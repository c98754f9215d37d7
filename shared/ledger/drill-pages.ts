// Receipts of restore drills in the ledger, read by their names alone.
import { parseWrittenTime } from '../duplicity/time.ts';
import type { Drills } from '../report/run.ts';

/** All receipts begin so. */
export const DRILLS = 'drills/';

/**
 * The last drills of each host, from `drills/HOST/20261123T081500Z.json` for a restore that was compared and right, and
 * `...Z.failed.json`, `.mismatch.json` or `.uncompared.json` for another; as scripts/restore writes them. Other names, and
 * receipts from the future, tell nothing.
 */
export function readDrillNames(pages: readonly string[], now: number): Drills {
  const drills = new Map<string, { provenAt?: number; failedAt?: number }>();
  for (const page of pages) {
    const [, host, time, result] = NAME.exec(page) ?? [];
    const at = parseWrittenTime(time ?? '');
    if (host === undefined || at === undefined || at > now || result === 'uncompared') continue;
    const known = drills.get(host) ?? {};
    const which = result === undefined ? 'provenAt' : 'failedAt';
    drills.set(host, { ...known, [which]: Math.max(known[which] ?? at, at) });
  }
  return drills;
}

const NAME = /^drills\/([^/]+)\/(\d{8}T\d{6}Z)(?:\.(failed|mismatch|uncompared))?\.json$/;
